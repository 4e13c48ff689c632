"""Stages and phases are rearranged in any order of moves: phases stay whole, and in the order of their stages."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from journeys.columns import Columns, grouped
from journeys.models import Phase, Stage
from journeys.ordering import moved


def columns_of(text: str) -> Columns:
    """`"A:ab -:c B:"`: phase A over stages a and b, then stage c without a phase, then phase B without stages."""
    phases, stages = [], []
    for group in text.split():
        name, _, letters = group.partition(":")
        phase = None if name == "-" else Phase(pk=ord(name), name=name)
        if phase:
            phases.append(phase)
        stages += [Stage(pk=ord(letter), name=letter, phase_id=phase and phase.pk) for letter in letters]
    return Columns(phases, stages)


def text_of(columns: Columns) -> str:
    return " ".join(
        f"{group.phase.name if group.phase else '-'}:{''.join(stage.name for stage in group.stages)}"
        for group in columns.groups()
    )


def stage(columns: Columns, name: str) -> Stage:
    return next(stage for stage in columns.stages if stage.name == name)


def phase(columns: Columns, name: str) -> Phase:
    return next(phase for phase in columns.phases if phase.name == name)


@pytest.mark.parametrize(("to", "expected"), [(0, "bac"), (1, "abc"), (2, "acb"), (99, "acb"), (-5, "bac")])
def test_an_index_beyond_an_end_means_that_end(to, expected):
    assert "".join(moved("abc", "b", to)) == expected


@pytest.mark.parametrize(
    ("before", "name", "to", "after"),
    [
        ("A:abc", "a", 1, "A:bac"),
        ("A:ab B:cd", "b", 2, "A:a B:cbd"),  # into the middle of another phase: joins it
        ("A:ab B:c", "b", 2, "A:a B:cb"),  # past all of another phase: joins that one
        ("A:a B:c", "a", 1, "B:c A:a"),  # the only stage takes its phase along
        ("A:a B:cd", "a", 1, "A: B:cad"),  # unless it lands inside another phase
        ("A:ab -:c", "b", 2, "A:a -:cb"),
        ("A:ab -:c", "c", 1, "A:acb"),
        ("A:ab -:c", "c", 0, "-:c A:ab"),
        ("A:ab B:cd", "c", 0, "A:cab B:d"),
        ("A:ab B:cd", "a", 3, "A:b B:cda"),
    ],
)
def test_a_stage_moves_and_its_phase_follows_from_where_it_lands(before, name, to, after):
    columns = columns_of(before)
    columns.move_stage(stage(columns, name), to)
    assert text_of(columns) == after


@pytest.mark.parametrize(
    ("before", "name", "to", "after"),
    [
        ("A:ab B:cd", "A", 1, "B:cd A:ab"),
        ("A:ab B:cd", "B", 0, "B:cd A:ab"),
        ("A:a -:x B:b C:c", "C", 1, "A:a -:x C:c B:b"),
        ("A:a -:x B:b C:c", "A", 1, "-:x B:b A:a C:c"),
        ("A:a B: C:c", "A", 1, "B: A:a C:c"),
        ("A:a B: C:c", "B", 0, "B: A:a C:c"),
        ("A:a B: C:c", "B", 2, "A:a C:c B:"),
    ],
)
def test_a_phase_moves_with_its_stages(before, name, to, after):
    columns = columns_of(before)
    columns.move_phase(phase(columns, name), to)
    assert text_of(columns) == after


@pytest.mark.parametrize(
    ("before", "name", "joins", "after"),
    [
        ("A:ab B:cd", "a", "B", "A:b B:acd"),
        ("A:ab B:cd", "d", "A", "A:abd B:c"),
        ("A:ab B:cd", "b", None, "A:a -:b B:cd"),
        ("A:abc", "b", None, "A:ac -:b"),
        ("A:a -:b C: D:d", "b", "C", "A:a C:b D:d"),
        ("A: -:ab D:d", "d", "A", "A:d D: -:ab"),
    ],
)
def test_a_stage_joins_a_phase_at_the_nearest_place(before, name, joins, after):
    columns = columns_of(before)
    columns.put_in_phase(stage(columns, name), phase(columns, joins) if joins else None)
    assert text_of(columns) == after


@pytest.mark.parametrize(
    ("before", "name", "first", "last", "after"),
    [
        ("-:abc A:", "A", "b", "c", "-:a A:bc"),
        ("A:abc", "A", "c", "b", "-:a A:bc"),
        ("A:abcd B:", "B", "b", "b", "A:a B:b -:cd"),  # a phase cut in two keeps its left part
        ("A:ab B:cd", "A", "b", "c", "-:a A:bc B:d"),
    ],
)
def test_a_phase_covers_a_range_of_stages(before, name, first, last, after):
    columns = columns_of(before)
    columns.cover(phase(columns, name), stage(columns, first), stage(columns, last))
    assert text_of(columns) == after


@pytest.mark.parametrize(
    ("before", "after_stage", "in_phase", "result"),
    [
        ("A:ab -:c", "a", None, "A:anb -:c"),
        ("A:ab -:c", None, None, "A:ab -:cn"),
        ("A:ab -:c", None, "A", "A:abn -:c"),
        ("A: B:b", None, "A", "A:n B:b"),
        ("A:a B: C:c", None, "B", "A:a B:n C:c"),
        ("A: -:b", None, "A", "A:n -:b"),
    ],
)
def test_a_new_stage_finds_its_place(before, after_stage, in_phase, result):
    columns = columns_of(before)
    new = Stage(pk=ord("n"), name="n", phase_id=ord(in_phase) if in_phase else None)
    columns.add_stage(new, after=stage(columns, after_stage) if after_stage else None)
    assert text_of(columns) == result


class AnyMoves(RuleBasedStateMachine):
    """Whatever is done, in whatever order, nothing is lost and phases stay whole."""

    @initialize(text=st.sampled_from(["-:", "A:ab B:cd", "A:a -:xy B: C:cde", "-:x A: B:", "A:abcdef"]))
    def start(self, text):
        self.columns = columns_of(text)
        self.made = len(self.columns.stages) + len(self.columns.phases)

    @property
    def has_stages(self):
        return bool(self.columns.stages)

    def any_stage(self, data):
        return data.draw(st.sampled_from(self.columns.stages), "stage")

    def any_phase(self, data):
        return data.draw(st.sampled_from(self.columns.phases), "phase")

    @rule(data=st.data())
    def add_stage(self, data):
        self.made += 1
        new = Stage(pk=1000 + self.made, name="n")
        if self.columns.phases and data.draw(st.booleans()):
            new.phase_id = self.any_phase(data).pk
        after = self.any_stage(data) if self.has_stages and data.draw(st.booleans()) else None
        self.columns.add_stage(new, after=after)
        assert new in self.columns.stages

    @precondition(lambda self: self.has_stages)
    @rule(data=st.data())
    def remove_stage(self, data):
        self.columns.remove_stage(self.any_stage(data))

    @precondition(lambda self: self.has_stages)
    @rule(data=st.data(), to=st.integers(0, 8))
    def move_stage(self, data, to):
        moving = self.any_stage(data)
        before = len(self.columns.stages)
        self.columns.move_stage(moving, to)
        assert self.columns.stages.index(moving) == min(to, before - 1)
        assert len(self.columns.stages) == before

    @precondition(lambda self: self.has_stages and self.columns.phases)
    @rule(data=st.data())
    def put_in_phase(self, data):
        moving = self.any_stage(data)
        joins = self.any_phase(data) if data.draw(st.booleans()) else None
        self.columns.put_in_phase(moving, joins)
        assert moving.phase_id == (joins.pk if joins else None)

    @precondition(lambda self: self.columns.phases)
    @rule(data=st.data(), to=st.integers(0, 4))
    def move_phase(self, data, to):
        moving = self.any_phase(data)
        mine = self.columns.of_phase(moving)
        self.columns.move_phase(moving, to)
        assert self.columns.phases.index(moving) == min(to, len(self.columns.phases) - 1)
        assert self.columns.of_phase(moving) == mine

    @precondition(lambda self: self.has_stages and self.columns.phases)
    @rule(data=st.data())
    def cover(self, data):
        chosen, first, last = self.any_phase(data), self.any_stage(data), self.any_stage(data)
        self.columns.cover(chosen, first, last)
        a, b = sorted((self.columns.stages.index(first), self.columns.stages.index(last)))
        assert self.columns.of_phase(chosen) == self.columns.stages[a : b + 1]

    @invariant()
    def every_phase_stands_once_and_in_the_order_of_its_stages(self):
        groups = grouped(self.columns.phases, self.columns.stages)
        assert [group.phase for group in groups if group.phase] == self.columns.phases
        assert [stage for group in groups for stage in group.stages] == self.columns.stages
        assert len({stage.pk for stage in self.columns.stages}) == len(self.columns.stages)


class TestAnyMoves(AnyMoves.TestCase):
    settings = settings(max_examples=15, deadline=None)


@pytest.mark.soak
class TestAnyMovesForLong(AnyMoves.TestCase):
    settings = settings(max_examples=100, deadline=None)
