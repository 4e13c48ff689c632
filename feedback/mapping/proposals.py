"""The mapping that is proposed for the choices of a question, with its reasons; and what has to be asked first.

The code of a choice is not the scale: the vendor numbered the choices, respondents saw labels in an order. Numbers in the
labels come first, else the rank in display order; codes are taken where they agree with that. Pure: reads what it is given.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from itertools import pairwise
from typing import Any

from django.utils.translation import gettext as _

from feedback.mapping.entries import AMBIGUOUS, NOT_ANALYSED, NOT_APPLICABLE, OFF_SCALE, Entry
from feedback.mapping.labels import (
    Degree,
    agrees_or_not,
    degree_of,
    number_of,
    says_no_answer,
    shares_a_word,
    shows_stars,
    tone_of,
)
from feedback.mapping.values import number, value_key
from feedback.models import Question


class Doubt(StrEnum):
    """What a proposal would have to guess, so that a person is asked instead."""

    DIRECTION = "direction"  # which end of the scale is good
    ORDER = "order"  # codes, or words, run against the display
    STRAY = "stray"  # a choice that is no point of the scale for sure
    SHARED = "shared_code"  # two choices with one code
    WORDS = "words"  # names of things, or words of a language that is not known


class Runs(StrEnum):
    """How good the values of a scale are, from the lowest to the highest."""

    UP = "up"  # the highest is best
    DOWN = "down"  # the lowest is best
    NONE = "none"  # they have no order: only shares of them mean something


@dataclass(frozen=True, slots=True)
class Line:
    """A choice as it is proposed to count, with the reason in words."""

    entry: Entry
    why: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed for all choices, in display order. With `doubts` it may not be used before a person said so.

    `runs` is the best guess where the direction is in doubt. `positive` is the better one of two choices, if that is known.
    """

    lines: tuple[Line, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    runs: Runs = Runs.UP
    positive: str = ""
    strays: tuple[str, ...] = ()  # labels of the choices in doubt

    @property
    def entries(self) -> list[Entry]:
        return [line.entry for line in self.lines]

    @property
    def questions(self) -> list[str]:
        """What a person is asked, in sentences."""
        return [_question(doubt, self.strays) for doubt in self.doubts]


@dataclass(frozen=True, slots=True)
class _Choice:
    place: int
    code: str
    label: str
    shown: Fraction | None  # number in the label
    degree: Degree | None

    @property
    def is_point(self) -> bool:
        """Whether the label says for sure that it is a point of a scale."""
        return self.shown is not None or self.degree is not None


def proposal_of(question: Question) -> Proposal:
    """What the choices of a question are proposed to stand for."""
    if question.kind not in (question.Kind.NPS, question.Kind.CHOICE, question.Kind.NUMBER):
        return Proposal()
    if question.form == question.Form.RANK:
        return Proposal(runs=Runs.DOWN)
    return propose_mapping(question.kind, question.choices, question.wording)


def propose_mapping(kind: str, choices: Sequence[Mapping[str, Any]], wording: str = "") -> Proposal:
    """What the choices (`{"value", "label", "analyze"}`, in display order) of a single-choice question stand for.

    A question without choices has nothing to map: its answers are numbers already.
    """
    if not choices:
        return _without_choices(kind, wording)
    read = [_read(place, choice) for place, choice in enumerate(choices)]
    left_out, strays = _no_answers(read, choices)
    kept = [choice for choice in read if choice.place not in left_out]
    doubts: set[Doubt] = {Doubt.STRAY} if strays else set()
    shared = {code for code, n in Counter(choice.code for choice in read).items() if n > 1}
    if shared:
        doubts.add(Doubt.SHARED)
        left_out |= {
            choice.place: (AMBIGUOUS, _("Another choice has the same code."))
            for choice in read
            if choice.code in shared
        }
        kept = [choice for choice in kept if choice.code not in shared]
    for choice in kept:
        if number(choice.code) is None:
            left_out[choice.place] = (OFF_SCALE, _("Its code is not a number."))
    kept = [choice for choice in kept if choice.place not in left_out]
    found = _Scale(kept, kind, wording).decide()
    left_out |= {place: (OFF_SCALE, why) for place, why in found.off.items()}
    lines = tuple(
        Line(
            Entry(choice.code, choice.label, value=found.values.get(choice.place), left_out=left_out[choice.place][0])
            if choice.place in left_out
            else Entry(choice.code, choice.label, value=found.values[choice.place]),
            left_out[choice.place][1] if choice.place in left_out else found.why,
        )
        for choice in read
    )
    lines = tuple(replace(line, entry=line.entry.without_value()) if line.entry.left_out else line for line in lines)
    doubts |= found.doubts
    return Proposal(
        lines,
        tuple(doubt for doubt in Doubt if doubt in doubts),
        found.runs,
        found.positive,
        tuple(strays) + tuple(found.strays),
    )


def _without_choices(kind: str, wording: str) -> Proposal:
    if kind == "number" and tone_of(wording) == -1:
        return Proposal(doubts=(Doubt.DIRECTION,), runs=Runs.DOWN)
    return Proposal()


def _read(place: int, choice: Mapping[str, Any]) -> _Choice:
    code = value_key(choice["value"])
    label = str(choice.get("label") or "").strip() or code
    shown = number_of(label)
    return _Choice(place, code, label, shown, degree_of(label))


def _no_answers(
    read: Sequence[_Choice], choices: Sequence[Mapping[str, Any]]
) -> tuple[dict[int, tuple[str, str]], list[str]]:
    """Choices that are no answers, by place, each with its reason; and those that may be the end of the scale as well."""
    left_out: dict[int, tuple[str, str]] = {}
    strays = []
    for choice in read:
        says_so = says_no_answer(choice.label)
        if choices[choice.place].get("analyze") is False:
            reason = NOT_APPLICABLE if says_so else NOT_ANALYSED
            left_out[choice.place] = (reason, _("The survey's author keeps it out of analysis."))
        elif says_so:
            others = [each.label for each in read if each is not choice and not says_no_answer(each.label)]
            if shares_a_word(choice.label, others):
                strays.append(choice.label)
            else:
                left_out[choice.place] = (NOT_APPLICABLE, _("Its label says that it is no answer."))
    return left_out, strays


class _Scale:
    """What the choices that are answers stand for."""

    def __init__(self, kept: Sequence[_Choice], kind: str, wording: str) -> None:
        self.kept, self.kind, self.wording = list(kept), kind, wording
        self.values: dict[int, str] = {}
        self.off: dict[int, str] = {}
        self.doubts: set[Doubt] = set()
        self.strays: list[str] = []
        self.runs = Runs.UP
        self.positive = ""
        self.why = ""

    def decide(self) -> _Scale:
        if len(self.kept) < 2:
            self._by_rank()
        elif self._are_numbers():
            self._by_numbers()
            self._set_direction()
        elif len(self.kept) == 2:
            self._by_rank()
            self._choose_of_two()
        elif self._are_words():
            self._by_words()
        else:
            self._by_rank()
            self.runs = Runs.NONE
            self.doubts.add(Doubt.WORDS)
        return self

    # --- values -------------------------------------------------------------------------------------------------------

    def _are_numbers(self) -> bool:
        """All labels show numbers; or all but few, which then are in doubt."""
        numbers = [choice for choice in self.kept if choice.shown is not None]
        others = [choice for choice in self.kept if choice.shown is None]
        if not others:
            return len({choice.shown for choice in numbers}) == len(numbers)
        if len(numbers) < 3 or len(others) > 1 or others[0].degree is not None:
            return False
        return others[0].place in (self.kept[0].place, self.kept[-1].place)

    def _by_numbers(self) -> None:
        for choice in [choice for choice in self.kept if choice.shown is None]:
            self._in_doubt(choice)
            self.off[choice.place] = _("It shows no number, as the others do.")
            self.kept.remove(choice)
        numbers = [choice.shown or Fraction(0) for choice in self.kept]
        steps = {b - a for a, b in pairwise(numbers)}
        if len(steps) > 1:
            rising = all(step > 0 for step in steps) or all(step < 0 for step in steps)
            self.doubts.add(Doubt.STRAY if rising else Doubt.ORDER)
        self.values = {choice.place: value_key(_decimal(choice.shown)) for choice in self.kept}
        self.why = _("The number that respondents saw.")

    def _are_words(self) -> bool:
        known = [choice.is_point for choice in self.kept]
        return (known[0] and known[-1]) or 2 * sum(known) >= len(known)

    def _by_words(self) -> None:
        for choice in self.kept:
            if not choice.is_point:
                self._in_doubt(choice)
        self._put_off()
        if len(self.kept) < 3:
            self.doubts.add(Doubt.WORDS)
            self._by_rank()
            self.runs = Runs.NONE
            return
        self._by_rank()
        scores = [choice.degree.score for choice in self.kept if choice.degree is not None]
        if scores not in (sorted(scores), sorted(scores, reverse=True)):
            self.doubts.add(Doubt.ORDER)
        for rank, choice in enumerate(self.kept, start=1):
            if choice.shown is not None and choice.shown not in (rank, Fraction(self.values[choice.place])):
                self._in_doubt(choice)
        self._set_direction()
        codes = [Fraction(choice.code) for choice in self.kept]
        if _is_even(codes) and codes[0] > codes[-1]:
            self._by_turned_codes()
        elif codes != sorted(codes):
            self.doubts.add(Doubt.ORDER)

    def _put_off(self) -> None:
        """A choice at an end of the display that is in doubt is not taken for the end of the scale if its code is odd, too."""
        for end in (-1, 0):
            choice, others = self.kept[end], [Fraction(each.code) for each in self.kept if each is not self.kept[end]]
            if choice.is_point or len(others) < 2:
                continue
            step = abs(others[1] - others[0])
            if abs(Fraction(choice.code) - others[end]) != step:
                self.off[choice.place] = _("Neither its label nor its code belongs to the scale.")
                self.kept.remove(choice)

    def _by_rank(self) -> None:
        """Rank in display order; the codes where they say the same."""
        codes = [Fraction(choice.code) for choice in self.kept]
        step = codes[1] - codes[0] if len(codes) > 1 else 1
        if _is_even(codes) and step > 0 and (len(codes) > 2 or step == 1):
            self.values = {choice.place: choice.code for choice in self.kept}
            self.why = _("Its place in display order; the codes agree.")
        elif self.kind == "nps":
            self.values = {choice.place: str(rank) for rank, choice in enumerate(self.kept)}
            self.why = _("Its place in display order.")
        else:
            self.values = {choice.place: str(rank) for rank, choice in enumerate(self.kept, start=1)}
            self.why = _("Its place in display order; the codes run otherwise.")

    def _by_turned_codes(self) -> None:
        """The best choice stands first and has the highest code: then codes and words agree, and the codes are taken."""
        if self.runs == Runs.DOWN and Doubt.DIRECTION not in self.doubts:
            self.values = {choice.place: choice.code for choice in self.kept}
            self.runs = Runs.UP
            self.why = _("Its code, which rises towards the good end as the words do.")
        else:
            self.doubts.add(Doubt.ORDER)

    # --- which end is good --------------------------------------------------------------------------------------------

    def _set_direction(self) -> None:
        """From the words at the two ends; where these leave it open, from the question's own words."""
        runs = self._runs_by_words()
        if runs is None:
            self.doubts.add(Doubt.DIRECTION)
        else:
            self.runs = runs

    def _runs_by_words(self) -> Runs | None:
        if self.kind == "nps" or all(shows_stars(choice.label) for choice in self.kept):
            return Runs.UP
        ends = sorted(self.kept, key=lambda choice: Fraction(self.values[choice.place]))
        first, last = ends[0].degree, ends[-1].degree
        tone = tone_of(self.wording)
        if first is None or last is None:
            # Numbers without words, or with words at one end only.
            told = last or first
            if told is not None and told.of_something and told.score:
                return _up_if((told.score > 0) == (told is last))
            bare = all(choice.degree is None for choice in self.kept)
            return _up_if(tone > 0) if bare and tone else None
        if first.score == last.score:
            return None
        rising = last.score > first.score
        if not (first.of_something or last.of_something):
            return _up_if(rising == (tone > 0)) if tone else None
        if first.of_something and last.of_something:
            if tone == -1 and (agrees_or_not(ends[0].label) or agrees_or_not(ends[-1].label)):
                return None  # who agrees that it was slow, praises nothing
            return _up_if(rising)
        named, other = (last, first) if last.of_something else (first, last)
        if not named.score or other.score > 0:
            return None
        return _up_if((named.score > 0) == (named is last))

    def _choose_of_two(self) -> None:
        """Of two choices the one that affirms something good, never a negation."""
        scores = [choice.degree.score if choice.degree else None for choice in self.kept]
        denied = [score is not None and score < 0 for score in scores]
        if denied[0] == denied[1]:
            self.doubts.add(Doubt.WORDS)
            self.runs = Runs.NONE
            return
        good = self.kept[denied.index(False)]
        bad = self.kept[denied.index(True)]
        degree = good.degree
        if not (degree and degree.score > 0) and not shares_a_word(good.label, [bad.label]):
            self.doubts.add(Doubt.WORDS)
        if tone_of(self.wording) == -1 and not (degree and degree.of_something and not agrees_or_not(good.label)):
            self.doubts.add(Doubt.DIRECTION)
        self.positive = self.values[good.place]
        self.runs = _up_if(good is self.kept[-1])

    def _in_doubt(self, choice: _Choice) -> None:
        self.doubts.add(Doubt.STRAY)
        if choice.label not in self.strays:
            self.strays.append(choice.label)


def _up_if(rising: bool) -> Runs:
    return Runs.UP if rising else Runs.DOWN


def _is_even(numbers: Sequence[Fraction]) -> bool:
    return len({b - a for a, b in pairwise(numbers)}) <= 1


def _decimal(exact: Fraction | None) -> str:
    return "0" if exact is None else f"{float(exact):.6f}"


def _question(doubt: Doubt, strays: Sequence[str]) -> str:
    if doubt == Doubt.DIRECTION:
        return _("Which end of the scale is good? Neither the choices nor the question say it.")
    if doubt == Doubt.ORDER:
        return _("In which order do the choices stand? Codes, or words, run against the order in which they are shown.")
    if doubt == Doubt.SHARED:
        return _("Two choices have one code, so their answers cannot be told apart. Do they count?")
    if doubt == Doubt.WORDS:
        return _(
            "Are the choices a scale? Their words do not tell. Without an order, only shares of them mean something."
        )
    return _("Does this choice belong to the scale: %(labels)s?") % {
        "labels": ", ".join(f"“{each}”" for each in strays)
    }
