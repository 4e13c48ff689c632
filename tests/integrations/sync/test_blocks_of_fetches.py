"""Under a threshold blocks begin when a question has been retrieved as a whole, and every answer is in one or waits."""

import pytest

from integrations.models import Fetch
from integrations.sync import audit, requests
from kpis.models import Block, Stream
from tests.integrations.sync.conftest import work
from tests.kpis.blocks import set_threshold

pytestmark = pytest.mark.django_db


def again(survey):
    survey.feed.refresh_from_db()
    requests.ask_for_fetch(survey.feed, Fetch.Trigger.MANUAL)
    return work(survey)


def counted(question) -> int:
    blocks = Block.objects.filter(stream__question=question, replaced_at=None)
    rooms = [room for stream in Stream.objects.filter(question=question) for room in stream.waiting.values()]
    held = [bins for room in rooms for bins in room.values()] + [block.counts for block in blocks]
    return sum(n for bins in held for n in bins.values())


def test_a_question_that_is_mapped_later_has_blocks_once_all_of_it_is_here(sandbox, survey, add_item):
    set_threshold(5)
    first = add_item(survey)
    work(survey)
    truth = sandbox.control.count_answers("post-journey", "QID2")
    kinds = ("counted", "unfinished")
    assert counted(first.question) == sum(
        n for day in truth.values() for kind in kinds for n in day.get(kind, {}).values()
    )
    later = add_item(survey, "QID1")
    again(survey)
    assert Stream.objects.filter(question=later.question).count() == 2
    sandbox.control.add_responses("post-journey", 7)
    again(survey)
    survey.refresh_from_db()
    assert set(survey.in_blocks) == {first.question_id, later.question_id}
    assert [finding.what for finding in audit.check(survey)] == []
