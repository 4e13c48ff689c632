"""Blocks of answers under a threshold: closed by days, corrected together, never cut again."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Organisation
from feedback.models import EarlierAnswer, FeedbackItem
from kpis.counting import refresh
from kpis.counting.keeping import may_begin
from kpis.counting.periods import Window
from kpis.counting.recount import blocks_that_differ
from kpis.counting.refresh import refresh_changed_days, surveys_to_refresh
from kpis.counting.sums import Span, sums_of
from kpis.models import Block
from kpis.scoring.scores import items_with_facts, read_items, read_journeys
from tests.factories import (
    make_card,
    make_days,
    make_item,
    make_journey,
    make_lane,
    make_manual_item,
    make_question,
    make_survey,
)
from tests.kpis.blocks import History, codes, day, replay, set_threshold
from tests.kpis.vector_files import cases


def made(threshold: int, **fields) -> History:
    """A history with an item, under a threshold."""
    set_threshold(threshold)
    history = History(**fields)
    for question in history.questions:
        make_item(question, metric="mean", scale_min=None, scale_max=None)
    return history


def number(of: date) -> int:
    return (of - day(1)).days + 1


@pytest.mark.parametrize(("given", "expected"), cases("cells"))
def test_blocks_of_the_vectors(db, given, expected):
    history = made(given["threshold"])
    history.refresh()
    replay(history, given["refreshes"])
    found = [
        {
            "first": number(block.first),
            "last": number(block.last),
            "answers": [code // 100 for code in codes(block.counts)],
            "late": block.late,
            "corrected": block.made == Block.Made.CORRECTED,
        }
        for block in history.blocks()
    ]
    assert found == expected["cells"]
    assert history.waiting("open") == expected["waiting"]
    assert history.waiting("late") == expected["waiting_late"]
    rows = EarlierAnswer.objects.filter(survey=history.survey).order_by("pk")
    assert sorted(row.answer[0] // 100 for row in rows) == expected["waiting_corrections"]
    assert history.stream().waiting_corrections == len(expected["waiting_corrections"])
    for window in expected["windows"]:
        span = Span(history.question.pk, day(window["from"]), day(window["to"]))
        found = sums_of([span], given["threshold"])[span]
        assert sum(found.counts.get("counted", {}).values()) == window["n"]


def figure_of(item: FeedbackItem, *window: date | None):
    return read_items(items_with_facts(Q(pk=item.pk)), Window("custom", *(window or (None, None)))).of_item(item).figure


def test_two_windows_tell_nothing_of_the_day_between_them(db, api_of, viewer):
    """Threshold 5; day 1: 10, 10, 10, 9, 9; day 2: 0."""
    history = made(5)
    item = history.question.items.get()
    history.store(*((n + 1, 1, {history.question: value}) for n, value in enumerate([10, 10, 10, 9, 9])))
    history.store((6, 2, {history.question: 0}))
    history.refresh()
    api = api_of(viewer)
    told = [
        api.get(f"/api/v1/kpis/items/{item.pk}/answers/", {"to": day(n).isoformat()}).json()["answers"]
        for n in (1, 2, 9)
    ]
    assert told[0] == told[1] == told[2]
    assert {each["value"]: each["n"] for each in told[0]} == {"9": 2, "10": 3}
    only = api.get(f"/api/v1/kpis/items/{item.pk}/", {"from": day(2).isoformat()}).json()["figure"]
    assert (only["value"], only["n"], only["state"]) == (None, 0, "suppressed")
    assert only["window"]["blocks"] == {
        "from": None, "to": None, "waiting": 1, "waiting_late": 0, "waiting_corrections": 0,
    }  # fmt: skip


def test_a_card_over_two_stages_gives_no_other_item_away(db):
    """Threshold 5; A (4 answers) and C (2) on cards over stages 1 and 2, B (2) on stage 1."""
    set_threshold(5)
    journey = make_journey(stages=2)
    lane = make_lane(journey)
    first = journey.stages.first()
    for answers, span in ((4, 2), (2, 2), (2, 1)):
        question = make_question()
        make_days(question, {"2026-01-01": {"0": answers}})
        make_item(question, card=make_card(lane, first, span=span))
        refresh_changed_days(question.survey)
    scores = read_journeys([journey])
    figures = [figure for of_stage in scores.for_stages().values() for figure in of_stage]
    assert [(each.measure.value, each.measure.n, each.state) for each in figures] == [(None, 0, "suppressed")] * 2
    assert [each.reason for each in figures[0].left_out] == ["suppressed"] * 3


def test_journeys_of_three_levels_give_nothing_away(db):
    """G: 60 shown and h3 (three answers); M below it; C1 (40 and 3) and C2 (30 and 3) below that."""
    set_threshold(5)
    top = make_journey(stages=1)
    middle = make_journey(stages=1, parent=top)
    below = [make_journey(stages=1, parent=middle) for _ in range(2)]
    for journey, sizes in ((top, (60, 3)), (below[0], (40, 3)), (below[1], (30, 3))):
        for n in sizes:
            question = make_question()
            make_days(question, {"2026-01-01": {"10": n}})
            make_item(question, stage=journey.stages.first())
            refresh_changed_days(question.survey)
    found = read_journeys([top, middle, *below]).for_journeys()
    assert [found[journey.pk][0].measure.n for journey in (top, middle, *below)] == [130, 70, 40, 30]


def test_mixed_comments_alone_are_no_figure(db):
    """Two comments, both mixed, threshold 5."""
    set_threshold(5)
    question = make_question(kind="sentiment", scale_min=-2, scale_max=2)
    item = make_item(question, metric="sentiment")
    make_days(question, {"2026-01-01": {"mixed": 2}})
    refresh_changed_days(question.survey)
    told = figure_of(item).as_json()
    assert (told["value"], told["secondary"].get("mixed", 0), told["excluded"]) == (None, 0, {})


def test_with_unfinished_less_without_tells_of_no_single_answer(db):
    """21 - 20 answers: the one unfinished answer."""
    history = made(5)
    with_unfinished = make_item(
        history.question, metric="mean", scale_min=None, scale_max=None, include_unfinished=True
    )
    history.store(*((n, 1) for n in range(1, 21)))
    history.store((21, 1, {history.question: 7}, "unfinished"))
    history.refresh()
    without = history.question.items.exclude(pk=with_unfinished.pk).get()
    assert figure_of(without).measure.n == figure_of(with_unfinished).measure.n == 20
    assert figure_of(with_unfinished).in_blocks.waiting == {day(1): 1}
    assert figure_of(without).measure.excluded == {}
    history.store(*((n, 2, {history.question: 1}, "unfinished") for n in range(22, 26)))
    history.refresh()
    assert figure_of(with_unfinished).measure.n == 25
    assert figure_of(without).measure.excluded == {"unfinished": 5}


def test_an_item_with_a_first_day_uses_no_block_that_began_before(db):
    history = made(3)
    since = make_item(history.question, metric="mean", scale_min=None, scale_max=None, count_from=day(2))
    history.store((1, 1), (2, 2), (3, 3), (4, 4), (5, 4), (6, 4))
    history.refresh()
    assert figure_of(history.question.items.exclude(pk=since.pk).get()).measure.n == 6
    shown = figure_of(since)
    assert (shown.measure.n, shown.oldest, shown.newest) == (3, day(4), day(4))


def test_a_mapping_that_counts_fewer_of_a_block_does_not_use_it(db):
    history = made(3)
    history.store(*((n, 1, {history.question: n}) for n in (1, 2, 3, 8)))
    history.refresh()
    narrow = make_item(history.question, metric="mean", scale_min=0, scale_max=2)
    assert figure_of(history.question.items.exclude(pk=narrow.pk).get()).measure.n == 4
    shown = figure_of(narrow)
    assert (shown.measure.value, shown.state, shown.in_blocks.waiting) == (None, "suppressed", {day(1): 2})


def test_a_value_typed_by_hand_is_shown_and_used_if_enough_stand_behind_it(db):
    set_threshold(5)
    journey = make_journey()
    stage = journey.stages.first()
    shown = make_manual_item(stage, {"2026-01-05": (40, 5)})
    hidden = [make_manual_item(stage, {"2026-01-05": (80, 4)}), make_manual_item(stage, {"2026-01-05": 90})]
    scores = read_journeys([journey])
    assert scores.of_item(items_of(scores, shown)).figure.measure.value == 40
    assert {scores.of_item(items_of(scores, each)).figure.state for each in hidden} == {"suppressed"}
    [figure] = scores.for_journeys()[journey.pk]
    assert (figure.measure.value, figure.items_used) == (40, 1)
    assert {each.reason for each in figure.left_out} == {"suppressed"}


def items_of(scores, item):
    return next(each for each in scores.items if each.pk == item.pk)


def test_under_a_threshold_questions_of_one_survey_have_the_widest_effect(db):
    """Two questions, 20 answers each: as if 20 people had answered both alike."""
    set_threshold(5)
    journey = make_journey()
    survey = make_survey()
    for _ in range(2):
        question = make_question(survey)
        make_days(question, {"2026-01-01": {"10": 12, "0": 8}})
        make_item(question, stage=journey.stages.first())
    refresh_changed_days(survey)
    [figure] = read_journeys([journey]).for_journeys()[journey.pk]
    assert (figure.measure.n, figure.measure.people, figure.measure.n_effective) == (40, 20, 20)


def test_until_blocks_are_made_nothing_is_shown(db):
    history = made(5)
    set_threshold(None)
    history.store(*((n, 1) for n in range(1, 11)))
    history.refresh()
    item = history.question.items.get()
    assert figure_of(item).measure.n == 10
    set_threshold(5)
    shown = figure_of(item)
    assert (shown.measure.n, shown.value_text) == (0, "Hidden: blocks of answers are being prepared")
    assert list(surveys_to_refresh(9)) == [history.survey]
    history.refresh()
    assert figure_of(item).measure.n == 10
    assert list(surveys_to_refresh(9)) == []


def test_a_raised_threshold_joins_blocks_and_a_lowered_one_keeps_them(db):
    history = made(2)
    history.store((1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3), (7, 4), (8, 4), (9, 5), (10, 5))
    history.refresh()
    assert [block.n for block in history.blocks()] == [2] * 5
    set_threshold(4)
    item = history.question.items.get()
    assert figure_of(item).measure.n == 0  # not before they are joined
    history.refresh()
    assert [(number(b.first), number(b.last), b.n) for b in history.blocks()] == [(1, 2, 4), (3, 5, 6)]
    assert figure_of(item).measure.n == 10
    set_threshold(2)
    history.store((11, 6), (12, 6), (13, 1), (14, 1))
    history.refresh()
    found = [(number(b.first), number(b.last), b.n, b.late) for b in history.blocks()]
    assert found == [(1, 1, 2, True), (1, 2, 4, False), (3, 5, 6, False), (6, 6, 2, False)]


def test_switched_off_blocks_are_kept_for_when_it_is_set_again(db):
    history = made(3)
    history.store((1, 1), (2, 1), (3, 1))
    history.refresh()
    before = [block.pk for block in history.blocks()]
    set_threshold(None)
    history.edit((1, 1))
    history.store((4, 2), (5, 1))
    history.refresh()
    item = history.question.items.get()
    assert figure_of(item).measure.n == 5  # days again
    set_threshold(3)
    assert figure_of(item).measure.n == 3
    assert [block.pk for block in history.blocks()] == before
    assert (history.waiting("open"), history.stream().waiting_corrections) == ([4, 5], 1)


def test_an_erased_answer_stays_in_its_block_as_a_count_until_that_is_corrected(db):
    history = made(2)
    history.store((1, 1), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2))
    history.refresh()
    history.erase(1)
    history.refresh()
    assert [codes(block.counts) for block in history.blocks()] == [[100, 200, 300], [400, 500, 600]]
    assert list(EarlierAnswer.objects.values_list("response", "answer")) == [(None, [100])]
    history.delete(4)
    history.refresh()
    assert [codes(block.counts) for block in history.blocks()] == [[200, 300, 500, 600]]
    assert set(Block.objects.exclude(replaced_at=None).values_list("counts", flat=True)) == {None}
    assert not EarlierAnswer.objects.exists()


def test_an_edit_that_is_taken_back_corrects_nothing(db):
    history = made(3)
    history.store((1, 1, {history.question: 5}), (2, 1), (3, 1))
    history.refresh()
    history.store((1, 1, {history.question: 6}))
    history.refresh()
    assert history.stream().waiting_corrections == 1
    history.store((1, 1, {history.question: 5}))
    history.refresh()
    assert history.stream().waiting_corrections == 0
    assert [codes(block.counts) for block in history.blocks()] == [[5, 200, 300]]


def test_an_unfinished_response_that_is_finished_goes_from_one_stream_to_the_other(db):
    history = made(2)
    make_item(history.question, metric="mean", scale_min=None, scale_max=None, include_unfinished=True)
    both = {history.question: 8}
    history.store((1, 1, both, "unfinished"), (2, 1, both, "unfinished"), (3, 1, both, "unfinished"), (4, 1, both))
    history.refresh()
    history.store((1, 1, both, "counted"))
    history.refresh()
    assert [block.counts for block in history.blocks(finished=False)] == [{"8": 3}]
    assert history.stream(finished=False).waiting_corrections == 1
    assert [block.counts for block in history.blocks()] == [{"8": 2}]


def test_restating_makes_all_blocks_anew_and_says_so(db, client_of, admin, caplog):
    history = made(3)
    history.store(*((n, 1) for n in range(1, 5)), (5, 2))
    history.refresh()
    history.delete(1)
    history.refresh()
    assert [codes(block.counts) for block in history.blocks()] == [[100, 200, 300, 400]]
    item = history.question.items.get()
    page = client_of(admin).post(f"/kpis/surveys/{history.survey.pk}/restate/", {"item": item.pk}, follow=True)
    assert "Blocks made anew" in page.content.decode()
    assert f"made anew by user {admin.pk}" in caplog.text
    assert [codes(block.counts) for block in history.blocks()] == [[200, 300, 400]]
    assert history.waiting("open") == [5]
    history.store((6, 1), (7, 2), (8, 2))
    history.refresh()
    assert history.waiting("open") == []
    assert [codes(block.counts) for block in history.blocks()] == [[200, 300, 400], [500, 600, 700, 800]]
    history.delete(2)
    history.refresh()
    assert history.stream().waiting_corrections == 1
    assert blocks_that_differ(history.survey) == []


def test_a_question_that_is_mapped_later_begins_when_it_has_been_retrieved(db):
    history = made(2, questions=2)
    first, later = history.questions
    later.items.all().delete()
    history.store(*((n, n, {first: n}) for n in range(1, 5)))
    history.refresh()
    make_item(later, metric="mean", scale_min=None, scale_max=None)
    history.store(*((n, n, {first: n, later: n + 10}) for n in range(1, 3)))
    history.refresh()
    assert not Block.objects.filter(stream__question=later).exists()  # the retrieval goes on
    history.store(*((n, n, {first: n, later: n + 10}) for n in range(3, 5)))
    history.refresh(complete=[first.pk, later.pk])
    assert [codes(block.counts) for block in history.blocks(later)] == [[11, 12], [13, 14]]
    assert [codes(block.counts) for block in history.blocks(first)] == [[1, 2], [3, 4]]
    history.store((5, 4, {first: 5, later: 15}), (6, 4, {first: 6, later: 16}))
    history.refresh()
    assert [codes(block.counts) for block in history.blocks(later)] == [[11, 12], [13, 14], [15, 16]]


def test_another_time_zone_moves_what_waits_and_no_block(db):
    history = made(3)
    eve = [datetime(2026, 1, n, 23, tzinfo=UTC) for n in (1, 2, 3)]
    history.store(*((n, eve[0]) for n in (1, 2, 3)), (4, eve[1]), (5, eve[1]))
    history.refresh()
    before = [(block.pk, codes(block.counts)) for block in history.blocks()]
    Organisation.objects.update(time_zone="Asia/Tokyo")
    history.refresh()
    assert [(block.pk, codes(block.counts)) for block in history.blocks()] == before
    assert set(history.stream().waiting["open"]) == {day(3).isoformat()}
    history.store((6, eve[1]), (7, eve[0]))
    history.refresh()
    assert [codes(block.counts) for block in history.blocks()] == [[100, 200, 300], [400, 500, 600, 700]]
    assert history.waiting("open") == []


def test_a_crash_between_two_slices_loses_and_doubles_nothing(db, monkeypatch):
    history = made(3)
    history.refresh()
    monkeypatch.setattr(refresh, "_DAYS_AT_ONCE", 2)
    history.store(*((n, n) for n in range(1, 8)))
    calls = []

    def die() -> None:
        calls.append(1)
        if len(calls) == 2:
            raise RuntimeError

    with pytest.raises(RuntimeError):
        refresh_changed_days(history.survey, after_some=die)
    assert history.blocks() == []
    history.store((8, 2), (9, 9))
    history.refresh()
    found = [codes(block.counts) for block in history.blocks()]
    assert found == [[100, 200, 800], [300, 400, 500], [600, 700, 900]]
    assert history.waiting("open") == history.waiting("late") == []


def test_without_a_threshold_a_refresh_asks_nothing_of_blocks(db):
    history = History()
    history.store((1, 1), (2, 1))
    history.refresh()
    history.store((3, 1))
    with CaptureQueriesContext(connection) as asked:
        history.refresh()
    about = [
        each["sql"] for each in asked if any(t in each["sql"] for t in ("kpis_block", "kpis_stream", "earlieranswer"))
    ]
    assert about == []
    assert not any("arrived" in each["sql"] for each in asked)


def test_what_a_threshold_costs_is_told_before_it_is_set(db, client_of, api_of, admin):
    history = History()
    few = make_question(history.survey)
    make_item(history.question, metric="mean", scale_min=None, scale_max=None)
    make_item(few)
    make_days(history.question, {day(n).isoformat(): {"5": 2} for n in range(1, 8)})
    make_days(few, {day(1).isoformat(): {"9": 1}})
    site, part = client_of(admin), {"HX-Request": "true"}
    page = site.get("/kpis/threshold-cost/", {"suppression_threshold": "3"}, headers=part).content.decode()
    assert page.strip() == "With 3: 1 of 2 items hidden, 3 of 15 answers wait, blocks of 2 days."
    assert site.get("/kpis/threshold-cost/", {"suppression_threshold": "x"}, headers=part).content.strip() == b""
    assert "3 of 15 answers wait" in site.get("/kpis/threshold-cost/", {"suppression_threshold": "3"}).content.decode()
    told = api_of(admin).get("/api/v1/kpis/threshold-cost/", {"threshold": 3}).json()
    assert told["answers_waiting"] == 3 and told["items_hidden"] == 1
    assert api_of(admin).get("/api/v1/kpis/threshold-cost/", {"threshold": 1}).status_code == 400


def test_blocks_of_an_upgraded_database_begin_when_no_former_process_can_run(db, monkeypatch):
    monkeypatch.setattr(connection, "vendor", "other")  # any that several machines may open
    assert may_begin()  # the database is new
    now, applied = timezone.now(), MigrationRecorder.Migration.objects.filter(app="feedback")
    applied.filter(name="0001_tables").update(applied=now - timedelta(days=300))
    applied.filter(name="0009_blocks_of_answers").update(applied=now - timedelta(hours=23))
    assert not may_begin()
    applied.filter(name="0009_blocks_of_answers").update(applied=now - timedelta(hours=25))
    assert may_begin()


def test_a_command_begins_them_at_once(db, monkeypatch):
    monkeypatch.setattr(refresh, "may_begin", lambda: False)
    history = made(3)
    history.store((1, 1), (2, 1), (3, 1))
    history.refresh()
    assert figure_of(history.question.items.get()).value_text == "Hidden: blocks of answers are being prepared"
    assert not Block.objects.exists()
    call_command("settle_store")
    assert figure_of(history.question.items.get()).measure.n == 3
