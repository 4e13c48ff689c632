"""From stored histograms to figures: which items count, which days, which answers, and in how many queries."""

from datetime import date

import pytest
import time_machine
from django.db.models import Q

from accounts.models import Organisation
from feedback import items
from kpis.counting.periods import Window
from kpis.models import Consolidation, DayHistogram
from kpis.scoring.figures import ALL_TIME
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
from tests.kpis.blocks import under_threshold

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]
TODAY = date(2026, 11, 22)


@pytest.fixture
def today():
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False):
        yield


def score_of(item, window=ALL_TIME):
    return read_items(items_with_facts(Q(pk=item.pk)), window, with_sparks=True).of_item(item)


def journey_figures(journey, **kwargs):
    return read_journeys([journey], **kwargs).for_journeys()[journey.pk]


@pytest.fixture
def item():
    """60 promoters, 25 passives, 15 detractors over two days."""
    item = make_item()
    make_days(item.question, {"2026-11-01": {"10": 30, "9": 10, "8": 25}, "2026-11-20": {"9": 20, "3": 15}})
    return item


def test_an_items_figure_is_its_formula_over_all_its_days(item):
    score = score_of(item)
    assert (score.state, score.figure.measure.value, score.figure.measure.n) == ("live", 45.0, 100)
    assert [round(end, 1) for end in score.figure.measure.ci95] == [29.3, 58.0]
    assert (score.part.oldest, score.part.newest) == (date(2026, 11, 1), date(2026, 11, 20))


def test_an_item_without_answers_has_no_data_and_never_zero():
    figure = score_of(make_item()).figure.as_json()
    assert (figure["value"], figure["n"], figure["ci95"], figure["state"]) == (None, 0, None, "waiting")


def test_only_days_of_the_window_count(item):
    assert score_of(item, Window("custom", date(2026, 11, 2), None)).figure.measure.n == 35
    assert score_of(item, Window("custom", None, date(2026, 11, 19))).figure.measure.n == 65
    assert score_of(item, Window("custom", date(2026, 11, 2), date(2026, 11, 19))).figure.measure.n == 0


def test_only_days_from_the_items_first_day_count(item):
    item.count_from = date(2026, 11, 20)
    item.save()
    assert score_of(item).figure.measure.n == 35
    assert score_of(item, Window("custom", None, date(2026, 11, 1))).figure.measure.n == 0


def test_unfinished_responses_count_only_where_the_item_says_so():
    item = make_item()
    make_days(item.question, {"2026-11-01": {"counted": {"9": 2}, "unfinished": {"0": 2}, "preview": {"0": 9}}})
    figure = score_of(item).figure
    assert (figure.measure.n, figure.measure.excluded) == (2, {"unfinished": 2, "preview": 9})
    item.include_unfinished = True
    item.save()
    figure = score_of(item).figure
    assert (figure.measure.value, figure.measure.n, figure.measure.excluded) == (0.0, 4, {"preview": 9})


def test_answers_that_are_not_analysed_are_left_out():
    choices = [{"value": str(v), "label": str(v), "analyze": True} for v in range(1, 6)]
    question = make_question(
        kind="choice", scale_min=1, scale_max=9, choices=[*choices, {"value": "9", "label": "x", "analyze": False}]
    )
    item = make_item(question, metric="mean")
    make_days(question, {"2026-11-01": {"4": 3, "9": 5, "": 1}})
    figure = score_of(item).figure
    assert (figure.measure.value, figure.measure.n) == (4.0, 3)
    assert figure.measure.excluded == {"unanswered": 1, "not_analysed": 5}


def test_oldest_and_newest_answer_are_usable_ones():
    item = make_item(include_unfinished=True)
    make_days(
        item.question,
        {
            "2026-11-01": {"": 2, "11": 1},
            "2026-11-03": {"unfinished": {"8": 1}},
            "2026-11-05": {"9": 1},
            "2026-11-09": {"11": 4},
            "2026-11-10": {"preview": {"9": 1}},
        },
    )
    assert (score_of(item).part.oldest, score_of(item).part.newest) == (date(2026, 11, 3), date(2026, 11, 5))
    item.include_unfinished = False
    item.save()
    assert (score_of(item).part.oldest, score_of(item).part.newest) == (date(2026, 11, 5), date(2026, 11, 5))


def test_items_before_and_after_a_change_of_their_question_are_added_day_by_day():
    survey = make_survey()
    new = make_question(survey)
    old = make_question(survey, field=new.field, successor=new)
    journey = make_journey()
    before = make_item(old, stage=journey.stages.first())
    after = make_item(new, stage=journey.stages.last(), count_from=date(2026, 10, 15))
    make_days(old, {"2026-10-01": {"10": 3}, "2026-10-15": {"10": 1}})
    make_days(new, {"2026-10-01": {"10": 3}, "2026-10-15": {"10": 5, "0": 5}})  # retrieved again with the new form
    (figure,) = journey_figures(journey)
    assert (figure.measure.n, round(figure.measure.value, 1)) == (13, 23.1)
    assert (score_of(before).figure.measure.n, score_of(after).figure.measure.n) == (4, 10)
    after.count_from = None
    after.save()
    assert journey_figures(journey)[0].measure.n == 13
    # The day decides for a map alone, whatever another map counts.
    make_item(new, stage=make_journey(parent=journey).stages.first(), count_from=date(2026, 10, 2))
    after.count_from = date(2026, 10, 15)
    after.save()
    assert journey_figures(journey)[0].measure.n == 13


def test_equal_stages_pool_what_a_stage_covers():
    journey = make_journey(stages=2)
    first, second = journey.stages.all()
    phase = journey.phases.create(name="All")
    journey.stages.update(phase=phase)
    spanning = make_item(card=make_card(make_lane(journey), first, span=2))
    make_days(spanning.question, {"2026-11-01": {"10": 30}})
    make_days(make_item(stage=second).question, {"2026-11-01": {"8": 10}})
    Consolidation.objects.create(journey=journey, weighting="equal_stages")
    scores = read_journeys([journey])
    assert [scores.for_stages()[stage.pk][0].measure.value for stage in (first, second)] == [100.0, 75.0]
    for (figure,) in (scores.for_journeys()[journey.pk], scores.for_phases()[phase.pk]):
        assert (figure.measure.value, figure.measure.n) == (87.5, 40)
        assert figure.measure.ci_method == "mover"


def test_items_that_are_not_used_are_named_with_the_reason(item):
    journey = item.card.lane.journey
    waiting = make_item(stage=item.card.stage)
    old = make_item(stage=item.card.stage)
    make_days(old.question, {"2026-01-01": {"9": 3}})
    by_hand = make_manual_item(item.card.stage, {"2026-11-05": 90})
    window = Window("custom", date(2026, 11, 1), date(2026, 11, 30))
    (figure,) = read_journeys([journey], window).for_journeys()[journey.pk]
    assert {each.item_id: each.reason for each in figure.left_out} == {
        waiting.pk: "no_data",
        old.pk: "no_data",
        by_hand.pk: "no_base",
    }
    (ever,) = journey_figures(journey)
    assert (ever.left_out[0].item_id, ever.left_out[0].reason) == (waiting.pk, "waiting")
    assert (figure.items_used, figure.items_total) == (1, 4)
    assert all(each.reason_text and each.title for each in figure.left_out)


def test_an_item_that_is_hidden_and_in_no_sum_is_named_so(item):
    small = make_item(stage=item.card.stage)
    make_days(small.question, {"2026-11-01": {"9": 2}})
    under_threshold(5)
    (figure,) = journey_figures(item.card.lane.journey)
    assert [(each.item_id, each.reason) for each in figure.left_out] == [(small.pk, "suppressed")]


def test_drafts_and_archived_items_never_count():
    journey = make_journey()
    counting, draft, archived = (
        make_item(stage=journey.stages.first(), chosen_state=chosen) for chosen in ("paused", "draft", "archived")
    )
    for each in (counting, draft, archived):
        make_days(each.question, {"2026-11-01": {"10": 5}})
    (figure,) = journey_figures(journey)
    assert (figure.measure.n, figure.items_used, figure.items_total, figure.state) == (5, 1, 1, "paused")
    assert score_of(draft).figure is None
    items.retrieve(draft)
    (figure,) = journey_figures(journey)
    assert (figure.measure.n, figure.items_used, figure.items_total) == (10, 2, 2)


def test_one_answer_counts_once_however_many_items_cite_it(item):
    journey = item.card.lane.journey
    make_item(item.question, stage=journey.stages.last())
    (figure,) = journey_figures(journey)
    assert (figure.measure.n, figure.items_used, figure.items_total) == (100, 2, 2)


def test_items_are_pooled_unless_the_map_says_otherwise():
    journey = make_journey()
    for stage, (promoters, passives, detractors) in zip(
        journey.stages.all(), [(34, 0, 6), (400, 240, 160)], strict=True
    ):
        question = make_item(stage=stage).question
        make_days(question, {"2026-11-01": {"9": promoters, "7": passives, "0": detractors}})
    empty = make_item(stage=journey.stages.first())
    (pooled,) = journey_figures(journey)
    assert round(pooled.measure.value, 1) == 31.9
    assert (pooled.weighting, pooled.items_used, pooled.items_total) == ("pooled", 2, 3)
    Consolidation.objects.create(journey=journey, weighting="equal_items")
    (equal,) = journey_figures(journey)
    assert (equal.measure.value, equal.weighting, equal.items_used) == (50.0, "equal_items", 2)
    assert score_of(empty).figure.measure.value is None


def test_different_formulas_are_different_kpis(item):
    stage = item.card.stage
    question = make_question(kind="choice", scale_min=1, scale_max=5)
    make_item(question, stage=stage, metric="csat", positive_values=["4", "5"])
    make_days(question, {"2026-11-01": {"5": 42, "1": 8}})
    figures = journey_figures(stage.journey)
    assert [(figure.formula.name, figure.measure.value) for figure in figures] == [
        ("nps_0_10", 45.0),
        ("csat_4_5_of_1_5", 84.0),
    ]


def test_a_parent_journey_is_the_sum_of_its_children_at_every_level():
    parent = make_journey()
    child = make_journey(parent=parent)
    grandchild = make_journey(parent=child)
    for n, journey in enumerate([parent, child, grandchild], start=1):
        make_days(make_item(stage=journey.stages.first()).question, {"2026-11-01": {"10": n, "0": 10 * n}})
    scores = read_journeys([parent, child, grandchild])
    n_of = {pk: figures[0].measure.n for pk, figures in scores.for_journeys().items()}
    assert n_of == {parent.pk: 66, child.pk: 55, grandchild.pk: 33}


def test_stages_and_phases_have_figures_of_their_own():
    journey = make_journey(stages=3)
    first, second, third = journey.stages.all()
    phase = journey.phases.create(name="Prepare")
    journey.stages.filter(pk__in=[first.pk, second.pk]).update(phase=phase)
    for stage, n in ((first, 1), (second, 2), (third, 4)):
        make_days(make_item(stage=stage).question, {"2026-11-01": {"9": n}})
    scores = read_journeys([journey])
    assert {pk: f[0].measure.n for pk, f in scores.for_stages().items()} == {first.pk: 1, second.pk: 2, third.pk: 4}
    assert {pk: f[0].measure.n for pk, f in scores.for_phases().items()} == {phase.pk: 3}


def test_a_card_speaks_for_each_stage_that_it_covers_and_once_for_the_map():
    journey = make_journey(stages=3)
    lane = make_lane(journey)
    card = make_card(lane, journey.stages.get(position=1), span=2)
    item = make_item(card=card)
    make_days(item.question, {"2026-11-01": {"9": 7}})
    scores = read_journeys([journey])
    by_position = {stage.position: scores.for_stages().get(stage.pk) for stage in journey.stages.all()}
    assert by_position[0] is None
    assert [by_position[n][0].measure.n for n in (1, 2)] == [7, 7]
    assert scores.for_journeys()[journey.pk][0].measure.n == 7


def test_a_figure_together_is_in_the_worst_state_of_what_it_uses(item):
    other = make_item(stage=item.card.stage)
    make_days(other.question, {"2026-11-01": {"9": 1}})
    assert journey_figures(item.card.stage.journey)[0].state == "live"
    other.survey.failure_code = "no_connection"
    other.survey.save()
    (figure,) = journey_figures(item.card.stage.journey)
    assert (figure.state, figure.measure.n) == ("error", 101)


def test_small_samples_are_hidden_for_items_stages_and_journeys(item):
    under_threshold(101)
    scores = read_journeys([item.card.lane.journey], with_sparks=True)
    figures = [
        scores.of_item(item).figure,
        scores.for_stages()[item.card.stage_id][0],
        scores.for_journeys()[item.card.lane.journey_id][0],
    ]
    for figure in figures:
        told = figure.as_json()
        assert (told["value"], told["ci95"], told["n"], told["state"]) == (None, None, 0, "suppressed")
        assert told["window"]["blocks"]["waiting"] == 100
        assert (told["excluded"], told["secondary"]) == ({}, {})
    assert set(scores.of_item(item).spark) == {None}


def test_the_sparkline_is_the_metric_by_week_with_gaps(item):
    spark = score_of(item).spark
    assert len(spark) == 12
    assert [round(value, 1) if value is not None else None for value in spark[-4:]] == [61.5, None, None, 14.3]
    assert set(spark[:-4]) == {None}


def test_manual_items_show_their_latest_value(item):
    stage = item.card.stage
    manual = make_manual_item(stage, {"2026-01-05": (10, 50), "2026-10-05": (20, 300), "2025-01-01": 90})
    score = score_of(manual)
    assert (score.state, score.figure.measure.value, score.figure.measure.n) == ("live", 20.0, 300)
    assert score.spark == [90.0, 10.0, 20.0]
    assert score_of(manual, Window("custom", None, date(2026, 2, 1))).figure.measure.value == 10.0
    (figure,) = journey_figures(stage.journey)
    assert (figure.measure.n, figure.measure.value) == (400, (45 * 100 + 20 * 300) / 400)


def test_a_manual_item_without_values_waits():
    score = score_of(make_manual_item())
    assert (score.state, score.figure.measure.value, score.figure.measure.n) == ("waiting", None, 0)


def test_data_are_as_of_the_slowest_survey(item):
    other = make_item(stage=item.card.stage)
    make_days(other.question, {"2026-11-01": {"9": 1}})
    for each, hour in ((item, 9), (other, 5)):
        each.survey.last_good_fetch_at = f"2026-11-22T{hour:02}:00:00Z"
        each.survey.save()
    assert journey_figures(item.card.stage.journey)[0].as_json()["as_of"] == "2026-11-22T05:00:00Z"


def test_a_sum_is_remembered_until_the_data_change(item, django_assert_num_queries):
    first = score_of(item)
    loaded = items_with_facts(Q(pk=item.pk))
    with django_assert_num_queries(2):  # the organisation, and the version of the data
        assert read_items(loaded, with_sparks=True).of_item(item).figure == first.figure
    day = DayHistogram.objects.order_by("pk").last()
    day.delete()
    make_days(item.question, {"2026-11-20": {"9": 20}})
    assert score_of(item).figure.measure.n == 85


@pytest.mark.parametrize("size", [1, 3])
def test_the_number_of_queries_does_not_grow(size, django_assert_num_queries):
    Organisation.current()
    journey = make_journey(stages=size)
    for stage in journey.stages.all():
        for survey in (make_survey(), make_survey()):
            make_days(make_item(make_question(survey), stage=stage).question, {"2026-11-01": {"9": 3}})
        make_manual_item(stage, {"2026-01-05": 10})
    # families, items, organisation, versions, sums, manual values, weightings, stages
    with django_assert_num_queries(8):
        scores = read_journeys([journey], with_sparks=True)
        assert (len(scores.for_stages()), len(scores.for_phases()), len(scores.for_journeys())) == (size, 0, 1)
