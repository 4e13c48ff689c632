"""Somebody edits a survey that feeds items: it is noticed before anything is counted, and the numbers stay."""

from __future__ import annotations

import pytest

from feedback import items
from feedback.drift import Change, differences, is_another_scale
from feedback.models import FeedbackItem, Question, Survey
from feedback.states import State, explain
from integrations.models import Fetch, SurveyFeed
from integrations.sync import requests
from kpis.counting.histograms import total
from kpis.metrics.formulas import measure_counts
from kpis.models import DayHistogram
from kpis.pages.item_view import ItemView, find
from kpis.scoring.scores import ALL_TIME, formula_of, mapping_of
from tests.factories import make_user
from tests.integrations.sync.conftest import mirrored, work

pytestmark = pytest.mark.django_db
KEY = "drifting"
FIELD = "QID4"  # punctuality: five points, whose recodes are not their ids


@pytest.fixture
def drifting(sandbox, connection) -> Survey:
    """A survey of this test's own, with responses."""
    sandbox.control.add_survey("Drifting", key=KEY, like="post-journey", active=True)
    sandbox.control.bulk_responses(KEY, 60)
    yield mirrored(connection, sandbox, KEY)
    sandbox.control.remove_survey(KEY)


@pytest.fixture
def item(drifting, add_item) -> FeedbackItem:
    """Counted once."""
    add_item(drifting)  # another question, so that there is always something to fetch
    made = add_item(drifting, FIELD)
    work(drifting)
    return made


def choices(sandbox, field: str = FIELD) -> list[dict]:
    found = sandbox.world.survey(KEY).question(field).choices
    return [{"id": c.id, "text": c.text, "recode": c.recode, "analyze": c.analyze} for c in found]


def fetch_after(sandbox, survey: Survey) -> Fetch:
    sandbox.control.add_responses(KEY, 3)
    requests.ask_for_fetch(SurveyFeed.objects.select_related("connection", "survey").get(survey=survey), "manual")
    return work(survey)


def view(item: FeedbackItem) -> ItemView:
    return ItemView(find(item.pk), ALL_TIME)


def numbers(item: FeedbackItem) -> tuple:
    seen = view(item)
    return (seen.figure.measure, [(bar.value, bar.n, bar.label) for bar in seen.answers])


def a_choice_goes(sandbox):
    sandbox.control.edit_question(KEY, FIELD, choices=choices(sandbox)[:-1])


def two_points_are_added(sandbox):
    sandbox.control.edit_question(
        KEY, FIELD, choices=[{"id": str(n), "text": f"{n} of 7", "recode": str(n)} for n in range(1, 8)]
    )


def recodes_are_swapped(sandbox):
    found = choices(sandbox)
    swapped = [each["recode"] for each in found][::-1]
    sandbox.control.edit_question(KEY, FIELD, recodes={c["id"]: r for c, r in zip(found, swapped, strict=True)})


def a_choice_is_renamed(sandbox):
    sandbox.control.edit_question(
        KEY,
        FIELD,
        choices=[{**each, "text": f"{each['text']}!"} if n == 0 else each for n, each in enumerate(choices(sandbox))],
    )


def a_choice_is_no_longer_analysed(sandbox):
    sandbox.control.edit_question(
        KEY, FIELD, choices=[{**each, "analyze": n != 2} for n, each in enumerate(choices(sandbox))]
    )


EDITS = [
    (a_choice_goes, {Change.REMOVED}, True),
    (two_points_are_added, {Change.SCALE, Change.ADDED, Change.RENAMED}, True),
    (recodes_are_swapped, {Change.RECODED}, True),
    (a_choice_is_renamed, {Change.RENAMED}, False),
    (a_choice_is_no_longer_analysed, {Change.ANALYSED}, False),
]


@pytest.mark.parametrize(("edit", "changes", "another_scale"), EDITS, ids=lambda value: getattr(value, "__name__", ""))
def test_an_edit_is_found_before_counting_and_the_numbers_stay(sandbox, drifting, item, edit, changes, another_scale):
    before = numbers(item)
    assert before[0].n > 0
    edit(sandbox)
    fetch = fetch_after(sandbox, drifting)
    assert (fetch.state, fetch.new) == (Fetch.State.DONE, 3)
    assert FIELD not in fetch.mapping
    seen = view(item)
    assert seen.state == State.NEEDS_ATTENTION
    assert "choices of the question have changed" in seen.explanation
    assert numbers(item) == before
    lines = differences(seen.item.question, seen.item.question.successor)
    assert changes <= {line.change for line in lines if line.is_change}
    assert is_another_scale(lines) == another_scale


def test_the_ledger_says_that_the_items_wait_for_a_person(sandbox, drifting, item, api_of, analyst):
    FeedbackItem.objects.filter(survey=drifting).exclude(pk=item.pk).delete()
    a_choice_goes(sandbox)
    fetch = fetch_after(sandbox, drifting)
    assert (fetch.state, fetch.error_code) == (Fetch.State.CANCELLED, "items_wait")
    assert "accept the change" in api_of(analyst).get(f"/api/v1/fetches/{fetch.pk}/").json()["error"]
    with pytest.raises(requests.CannotFetch) as refusal:
        requests.ask_for_fetch(fetch.feed, "manual")
    assert refusal.value.code == "items_wait"


def test_rewording_changes_nothing(sandbox, drifting, item):
    sandbox.control.edit_question(KEY, FIELD, text="In other words?")
    fetch = fetch_after(sandbox, drifting)
    assert FIELD in fetch.mapping
    assert view(item).state == State.LIVE
    assert Question.objects.get(survey=drifting, field=FIELD).wording == "In other words?"


def test_an_edit_that_is_undone_heals_by_itself(sandbox, drifting, item):
    before = choices(sandbox)
    a_choice_goes(sandbox)
    fetch_after(sandbox, drifting)
    assert view(item).state == State.NEEDS_ATTENTION
    sandbox.control.edit_question(KEY, FIELD, choices=before)
    fetch = fetch_after(sandbox, drifting)
    assert FIELD in fetch.mapping
    seen = view(item)
    assert (seen.state, seen.figure.measure.n + seen.figure.measure.excluded.get("unanswered", 0) > 0) == (
        State.LIVE,
        True,
    )
    assert Question.objects.filter(survey=drifting, field=FIELD, gone_at=None).get() == seen.item.question


def test_the_new_mapping_counts_all_answers_and_the_former_one_is_kept(sandbox, drifting, item):
    before, analyst = numbers(item)[0], make_user()
    two_points_are_added(sandbox)
    fetch_after(sandbox, drifting)
    item = find(item.pk)
    former, successor = item.question, item.question.successor
    items.change_item(
        item, item.version, user=analyst, question=successor, metric="csat", scale_min=1, scale_max=7,
        positive_values=["6", "7"],
    )  # fmt: skip
    fetch = Fetch.objects.filter(feed__survey=drifting).latest("pk")
    assert (fetch.trigger, fetch.full) == (Fetch.Trigger.MAPPING, True)
    work(drifting)
    seen = view(item)
    assert (seen.state, seen.item.question, seen.item.mapped_by) == (State.LIVE, successor, analyst)
    assert seen.figure.formula.scale_max == 7
    kept = item.former_mappings.get()
    assert (kept.number, kept.question, kept.scale_max, kept.ended_by) == (1, former, 5, analyst)
    days = DayHistogram.objects.filter(question=former).values_list("counts", flat=True)
    assert measure_counts(formula_of(kept), total(days), mapping=mapping_of(kept)) == before


def test_a_question_that_goes_keeps_its_numbers_and_comes_back_by_itself(sandbox, drifting, item):
    before = numbers(item)
    sandbox.control.remove_question(KEY, FIELD)
    fetch_after(sandbox, drifting)
    seen = view(item)
    assert (seen.state, numbers(item)) == (State.NEEDS_ATTENTION, before)
    assert "no longer in the survey" in seen.explanation
    sandbox.control.restore_question(KEY, FIELD)
    fetch_after(sandbox, drifting)
    assert view(item).state == State.LIVE


def test_a_closed_survey_needs_attention_until_it_is_open_again(sandbox, drifting, item):
    before = numbers(item)
    sandbox.control.close_survey(KEY)
    fetch_after(sandbox, drifting)
    seen = view(item)
    assert seen.state == State.NEEDS_ATTENTION
    assert "closed in Qualtrics" in explain(seen.score.state, seen.score.facts)
    assert seen.figure.measure.n >= before[0].n
    sandbox.control.launch_survey(KEY)
    fetch_after(sandbox, drifting)
    assert view(item).state == State.LIVE


def test_a_survey_no_longer_shared_keeps_its_numbers_and_heals_when_it_is_shared_again(sandbox, drifting, item):
    before = numbers(item)
    feed = SurveyFeed.objects.select_related("connection", "survey").get(survey=drifting)
    sandbox.control.unshare_survey(KEY)
    requests.ask_for_fetch(feed, "manual")
    assert work(drifting).error_code == "survey_gone"
    seen = view(item)
    assert (seen.state, numbers(item)) == (State.NEEDS_ATTENTION, before)
    assert "does not know this survey any more" in seen.explanation
    sandbox.control.share_survey(KEY)
    fetch_after(sandbox, drifting)
    assert view(item).state == State.LIVE
