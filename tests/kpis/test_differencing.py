"""No two figures that are shown differ by fewer answers than it takes for a value to be shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Organisation
from journeys.models import Phase
from kpis.metrics.differencing import Hidden, held_back
from kpis.scoring.scores import read_journeys
from tests.factories import make_card, make_days, make_item, make_journey, make_lane, make_question

K = 5


# --- the rule ---------------------------------------------------------------------------------------------------------


def hide(*counts: int, places: tuple = ()) -> list[Hidden]:
    return [Hidden(f"{places}{position}", f"{places}{position}", n, places) for position, n in enumerate(counts)]


def test_one_hidden_item_is_left_out_and_several_that_are_enough_are_not():
    assert len(held_back(hide(3), K)) == 1
    assert held_back(hide(3, 2), K) == set()


def test_the_same_answers_are_not_counted_twice():
    twice = [Hidden("a", "question", 3), Hidden("b", "question", 3)]
    assert held_back(twice, K) == {"a", "b"}


def test_what_a_smaller_sum_holds_does_not_cover_for_what_it_lacks():
    """Two stages: in one, 6 hidden answers are in its sum. In the other 3 are in none, so the journey leaves them out."""
    first, second = hide(3, 3, places=("first",)), hide(3, places=("second",))
    assert held_back(first + second, K) == {each.item_id for each in second}


items = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 9)), min_size=1, max_size=12
)  # (stage, answers); stages 0 and 1 are in phase 0, 2 and 3 in phase 1


@given(items)
def test_whatever_is_subtracted_leaves_nothing_or_enough(found):
    parts = [(Hidden(i, i, n, (stage, stage // 2)), n) for i, (stage, n) in enumerate(found)]

    def shown(members: list, levels: int) -> set[int]:
        """The items in this sum's figure; none if it is hidden itself."""
        hidden = [Hidden(h.item_id, h.question_key, n, h.places[:levels]) for h, n in members if n < K]
        held = held_back(hidden, K)
        kept = {h.item_id for h, _n in members} - held
        return kept if sum(found[i][1] for i in kept) >= K else set()

    journey = shown(parts, 2)
    singles = {h.item_id for h, n in parts if n >= K}
    stages = set().union(*(shown([p for p in parts if p[0].places[0] == s], 0) for s in range(4)))
    phases = set().union(*(shown([p for p in parts if p[0].places[1] == s], 1) for s in range(2)))
    for smaller in (singles, stages, phases):
        if journey:
            assert smaller <= journey
            difference = sum(found[i][1] for i in journey - smaller)
            assert difference == 0 or difference >= K
    for larger, smaller in ((phases, stages), (phases, singles), (stages, singles)):
        difference = sum(found[i][1] for i in larger - smaller)
        assert difference == 0 or difference >= K


# --- on a map ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def journey(db):
    Organisation.objects.update_or_create(pk=Organisation.current().pk, defaults={"suppression_threshold": K})
    journey = make_journey(stages=2)
    phase = Phase.objects.create(journey=journey, name="All", position=0)
    journey.stages.update(phase=phase)
    return journey


def add(journey, position: int, promoters: int) -> None:
    lane = journey.lanes.first() or make_lane(journey)
    card = make_card(lane, journey.stages.order_by("position")[position])
    question = make_question()
    make_days(question, {"2026-11-01": {"10": promoters}})
    make_item(question, card=card)


def answers(journey) -> dict[str, list]:
    scores = read_journeys([journey])
    stages = scores.for_stages()
    [[phase]] = scores.for_phases().values()
    [whole] = scores.for_journeys()[journey.pk]
    return {
        "stages": [
            (figure.measure.n, figure.state)
            for stage in journey.stages.order_by("position")
            for figure in stages.get(stage.pk, ())
        ],
        "phase": (phase.measure.n, phase.items_used, phase.items_total),
        "journey": (whole.measure.n, whole.items_used, whole.items_total),
    }


def test_a_hidden_item_is_in_no_sum_until_it_may_be_shown(journey):
    add(journey, 0, 40)
    add(journey, 0, 3)
    add(journey, 1, 20)
    assert answers(journey) == {
        "stages": [(40, "live"), (20, "live")],
        "phase": (60, 2, 3),
        "journey": (60, 2, 3),
    }


def test_hidden_items_that_are_enough_together_are_in_the_sum(journey):
    add(journey, 0, 40)
    add(journey, 0, 3)
    add(journey, 1, 4)
    assert answers(journey) == {
        "stages": [(40, "live"), (4, "suppressed")],
        "phase": (47, 3, 3),
        "journey": (47, 3, 3),
    }


def test_where_everything_is_hidden_the_sum_says_how_few(journey):
    add(journey, 0, 3)
    assert answers(journey)["journey"] == (3, 1, 1)
    [figure] = read_journeys([journey]).for_journeys()[journey.pk]
    assert (figure.state, figure.measure.value) == ("suppressed", None)


def test_without_a_threshold_every_answer_counts(journey):
    Organisation.objects.update(suppression_threshold=None)
    add(journey, 0, 40)
    add(journey, 0, 3)
    assert answers(journey)["journey"] == (43, 2, 2)
