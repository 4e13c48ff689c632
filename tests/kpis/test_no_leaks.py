"""Under a threshold nothing that is published, on any page and day, however it is combined, tells of fewer answers.

Each answer is a number that nobody else gives, so that a published histogram tells whose answers are in it.
"""

from __future__ import annotations

import random
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Organisation
from feedback.models import FeedbackItem
from journeys.models import Phase
from kpis.counting.periods import Window
from kpis.counting.recount import blocks_that_differ
from kpis.metrics import consolidation, formulas
from kpis.models import Block, Consolidation
from kpis.pages.item_view import ROLLING, ItemView, find
from kpis.scoring.scores import read_journeys
from tests.factories import at, make_card, make_item, make_journey, make_lane
from tests.kpis.blocks import History, codes, day, set_threshold
from tests.kpis.leaks import leak

SOME = 6
LEAKY = 10


class Published:
    """Every histogram of which a figure was made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: list[dict[int, int]] = []
        true = formulas.measure_bins

        def measured(formula: Any, bins: Any, *args: Any, **how: Any) -> Any:
            self.rows.append({int(value): n for value, n in bins.items() if n})
            return true(formula, bins, *args, **how)

        for module in (formulas, consolidation):
            monkeypatch.setattr(module, "measure_bins", measured)


class RandomMap:
    """Journeys within journeys, with phases, cards over several stages, items with and without unfinished responses or with
    a first day, and a history of answers that come, come late, change, and go alone or in bulk."""

    def __init__(self, seed: int) -> None:
        self.dice = dice = random.Random(seed)
        self.threshold = dice.choice([2, 3, 5])
        self.histories = [History(questions=dice.randint(1, 2)) for _ in range(dice.randint(1, 2))]
        top = make_journey(stages=3)
        middle = make_journey(stages=2, parent=top)
        self.top = top
        journeys = [top, middle, make_journey(stages=2, parent=middle)]
        for journey in journeys:
            Consolidation.objects.create(journey=journey, weighting=dice.choice(Consolidation.Weighting.values))
            phase = Phase.objects.create(journey=journey, name="First", position=0)
            journey.stages.filter(position__lt=2).update(phase=phase)
        self.items: list[FeedbackItem] = []
        questions = [question for history in self.histories for question in history.questions]
        for _ in range(dice.randint(2, 5)):
            journey = dice.choice(journeys)
            stages = list(journey.stages.order_by("position"))
            at = dice.randrange(len(stages))
            lane = journey.lanes.first() or make_lane(journey)
            card = make_card(lane, stages[at], span=dice.randint(1, len(stages) - at))
            self.items.append(
                make_item(
                    dice.choice(questions),
                    card=card,
                    metric="mean",
                    scale_min=None,
                    scale_max=None,
                    include_unfinished=dice.random() < 0.3,
                    count_from=day(dice.randint(2, 6)) if dice.random() < 0.3 else None,
                )
            )
        self._alive: list[dict[int, tuple[int, str]]] = [{} for _ in self.histories]
        self._next = 1

    def live(self, round_: int) -> None:
        """What happens between two refreshes."""
        dice = self.dice
        for history, alive in zip(self.histories, self._alive, strict=True):
            new = []
            for _ in range(dice.choice([0, 1, 2, 3, 4, 8])):
                number, self._next = self._next, self._next + 1
                late = dice.random() < 0.2
                on = dice.randint(1, round_ * 2) if late else round_ * 2 + dice.randint(-1, 1)
                alive[number] = (max(on, 1), "unfinished" if dice.random() < 0.2 else "counted")
                new.append(number)
            self._store(history, alive, new)
            if alive and dice.random() < 0.5:
                edited = dice.sample(sorted(alive), min(len(alive), dice.choice([1, 1, 2, 4])))
                for number in edited:
                    history.version[number] = history.version.get(number, 0) + 1
                    if dice.random() < 0.2:  # an unfinished one is finished, or the other way round
                        on, kind = alive[number]
                        alive[number] = (on, "counted" if kind == "unfinished" else "unfinished")
                self._store(history, alive, edited)
            if alive and dice.random() < 0.4:
                gone = dice.sample(sorted(alive), min(len(alive), dice.choice([1, 1, 2, 10])))
                (history.erase if dice.random() < 0.3 else history.delete)(*gone)
                for number in gone:
                    del alive[number]
            history.refresh()

    def _store(self, history: History, alive: dict[int, tuple[int, str]], numbers: list[int]) -> None:
        rows = []
        for number in numbers:
            answers = {}
            for place, question in enumerate(history.questions):
                if self.dice.random() < 0.9:
                    answers[question] = 10 * history.code(number) + place
            on, kind = alive[number]
            rows.append((number, on, answers, kind))
        if rows:
            history.store(*rows)

    def publish(self, round_: int) -> None:
        """Look at figures of all levels, in some windows, and at trends."""
        dice = self.dice
        windows = [Window("all", None, None)]
        for _ in range(2):
            first = dice.randint(1, round_ * 2)
            windows.append(Window("custom", day(first), day(dice.randint(first, round_ * 2 + 1))))
        for window in windows:
            scores = read_journeys([self.top], window)
            scores.for_stages()
            scores.for_phases()
            scores.for_journeys()
        item = find(dice.choice(self.items).pk)
        if item:
            view = ItemView(item, Window("custom", day(1), day(round_ * 2 + 1)))
            for by in ("day", "week", ROLLING):
                view.trend(by)


@pytest.fixture
def published(monkeypatch, db) -> Published:
    monkeypatch.setattr(timezone, "now", lambda: at("2026-02-01 12:00"))
    return Published(monkeypatch)


def lived(
    seed: int, published: Published, *, blocks: bool = True, rounds: int = 5
) -> tuple[RandomMap, list[dict[int, int]]]:
    """Everything that was published in the life of a random map."""
    known = RandomMap(seed)
    set_threshold(known.threshold if blocks else None)
    rows: list[dict[int, int]] = []
    for round_ in range(1, rounds + 1):
        known.live(round_)
        published.rows = []
        known.publish(round_)
        found = [row for row in published.rows if row]
        if blocks:
            check_whole_blocks(found, known.threshold)
            assert [what for history in known.histories for what in blocks_that_differ(history.survey)] == []
        else:
            found = [row for row in found if sum(row.values()) >= known.threshold]
        rows += found
    return known, rows


def check_whole_blocks(rows: list[dict[int, int]], threshold: int) -> None:
    """Each figure is made of whole blocks, and each of these is large enough."""
    blocks = [set(codes(bins)) for bins in Block.objects.filter(replaced_at=None).values_list("counts", flat=True)]
    blocks = [block for block in blocks if len(block) >= threshold]
    for row in rows:
        assert set(row.values()) == {1}
        assert set().union(*(block for block in blocks if block <= row.keys())) == row.keys()


def seeds(first: int, number: int) -> list[Any]:
    return [pytest.param(seed, id=f"map {seed}") for seed in range(first, first + number)]


def check(seed: int, published: Published) -> None:
    known, rows = lived(seed, published)
    assert leak(rows, known.threshold) is None


@pytest.mark.parametrize("seed", seeds(0, SOME))
def test_no_figures_tell_of_few_answers(published, seed):
    check(seed, published)


@pytest.mark.soak
@pytest.mark.parametrize("seed", seeds(SOME, 50))
def test_no_figures_tell_of_few_answers_on_many_maps(published, seed):
    check(seed, published)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", seeds(1000, 500))
def test_no_figures_tell_of_few_answers_on_very_many_maps(published, seed):
    check(seed, published)


def test_a_threshold_on_each_figure_alone_would_leak(published):
    """Else the check checks nothing."""
    leaks = 0
    for seed in range(LEAKY):
        known, rows = lived(seed, published, blocks=False, rounds=3)
        leaks += leak(rows, known.threshold) is not None
    assert leaks >= LEAKY // 2
    assert Organisation.current().suppression_threshold is None


def test_the_check_knows_what_a_difference_tells():
    whole, part = dict.fromkeys(range(1, 7), 1), dict.fromkeys(range(1, 6), 1)
    assert leak([whole, part], 5) == [6]
    assert leak([part], 5) is None
    edited = {**part, 61: 1}
    assert leak([whole, edited], 5) == [6, 61]
