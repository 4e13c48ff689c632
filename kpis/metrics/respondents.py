"""What people who answered several questions do to the certainty of a KPI over these questions.

Questions of one survey are not independent: a person who likes one thing tends to like the next. What is needed to know how
much, is `Together`: how many people answered which set of questions, and for each two questions how often which two answers
came from one person. Of questions that are in no set, answers count as those of different people (`complete` puts those of
one survey into sets). Two answers of one person of which no pair tells what they were count as wholly dependent. Where nobody
may look at single people's answers, `WIDEST` takes the most that the numbers of answers allow.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import combinations, product

from kpis.counting.histograms import Histogram
from kpis.metrics.student import Z95, t975

Question = Hashable
Score = int | Fraction
Pair = tuple[Question, Question]


@dataclass(frozen=True)
class Together:
    """Usable answers of the same people, for the questions of a KPI.

    `sets`: how many people answered exactly this set of questions. `pairs`: for two questions (in one order only) how many
    people gave which two answers.
    """

    sets: Mapping[frozenset[Question], int] = field(default_factory=dict)
    pairs: Mapping[Pair, Mapping[tuple[str, str], int]] = field(default_factory=dict)
    is_widest: bool = False  # all answers of a person count as one, whatever they were

    @classmethod
    def of(cls, people: Iterable[Mapping[Question, str]]) -> Together:
        """Count it from people, each with the usable answers that they gave."""
        sets: Counter[frozenset[Question]] = Counter()
        pairs: dict[Pair, Counter[tuple[str, str]]] = {}
        for answers in people:
            sets[frozenset(answers)] += 1
            for one, other in combinations(sorted(answers, key=repr), 2):
                pairs.setdefault((one, other), Counter())[answers[one], answers[other]] += 1
        return cls(sets, pairs)

    @cached_property
    def questions(self) -> frozenset[Question]:
        """The questions whose respondents are known."""
        return frozenset().union(*self.sets)

    def complete(self, answers: Mapping[Question, int], surveys: Mapping[Question, Hashable | None]) -> Together:
        """With the answers that no set holds, as wholly dependent: those of one survey came from as few people as can be.

        `answers`: how many there are to each question, `surveys`: whose it is (None: of its own).
        """
        missing: dict[Hashable, dict[Question, int]] = {}
        asked = Counter(surveys[question] for question in answers)
        for question, n in answers.items():
            survey = surveys[question]
            if survey is not None and asked[survey] > 1:
                held = sum(people for answered, people in self.sets.items() if question in answered)
                missing.setdefault(survey, {})[question] = max(n - held, 0)
        sets = Counter(self.sets)
        for of_survey in missing.values():
            most_first = sorted(of_survey, key=lambda question: -of_survey[question])
            for place, question in enumerate(most_first, 1):
                fewer = of_survey[most_first[place]] if place < len(most_first) else 0
                sets[frozenset(most_first[:place])] += of_survey[question] - fewer
        return replace(self, sets={answered: n for answered, n in sets.items() if n})

    @cached_property
    def meeting(self) -> Mapping[Question, Mapping[Question, int]]:
        """For each two questions, in both orders, how many people answered both."""
        found: dict[Question, Counter[Question]] = {}
        for answered, n in self.sets.items():
            for one in answered:
                bins = found.setdefault(one, Counter())
                for other in answered:
                    bins[other] += n
        return found

    def unpaired(self, one: Question, other: Question) -> int:
        """Of how many people who answered both questions no pair tells what they answered."""
        both = self.meeting.get(one, {}).get(other, 0)
        pairs = self.pairs.get((one, other)) or self.pairs.get((other, one), {})
        return max(both - sum(pairs.values()), 0)

    def people(self, questions: Collection[Question]) -> int:
        """How many answered at least one of these questions."""
        wanted = frozenset(questions)
        return sum(n for answered, n in self.sets.items() if answered & wanted)

    def products(self, ones: Collection[Question], others: Collection[Question]) -> int:
        """The sum over people of: answers to `ones` times answers to `others`."""
        first, second = frozenset(ones), frozenset(others)
        return sum(n * len(answered & first) * len(answered & second) for answered, n in self.sets.items())

    def cross(self, one: Question, other: Question, at: Mapping[str, int], to: Mapping[str, int]) -> int:
        """The sum of `at[answer to one]` × `to[answer to other]` over the people whose answers both hold."""
        if (one, other) in self.pairs:
            return sum(n * at.get(a, 0) * to.get(b, 0) for (a, b), n in self.pairs[one, other].items())
        return sum(n * at.get(b, 0) * to.get(a, 0) for (a, b), n in self.pairs.get((other, one), {}).items())


@dataclass(frozen=True)
class Unit:
    """Answers of some questions that have one value together: what is weighed, or all of a pooled KPI.

    `away`: what each answer is away from that value, times `scale`, so that it is a whole number: sums of them are fast and
    exact, which tells what does not vary at all from what hardly does.
    """

    answers: Mapping[Question, Histogram]
    away: Mapping[str, int]
    mean: Score
    scale: int

    @classmethod
    def of(cls, answers: Mapping[Question, Histogram], score: Callable[[str], Score], mean: Fraction) -> Unit:
        scores = {value: Fraction(score(value)) for bins in answers.values() for value in bins}
        scale = math.lcm(mean.denominator, *(each.denominator for each in scores.values()))
        return cls(answers, {value: int((each - mean) * scale) for value, each in scores.items()}, mean, scale)

    @cached_property
    def n(self) -> int:
        return sum(n for bins in self.answers.values() for n in bins.values())

    @cached_property
    def squares(self) -> int:
        """The sum of the squares of what the answers are away."""
        return sum(n * self.away[value] ** 2 for bins in self.answers.values() for value, n in bins.items())


NOBODY = Together()
WIDEST = Together(is_widest=True)  # nobody looks who answered: as few people as there can be


def design_effect(unit: Unit, together: Together, apart: tuple[int, Score] = (0, 0)) -> float:
    """By how much these answers tell less than as many answers of different people; from 1 to their number.

    The cluster-robust variance of a mean against the one of independent answers, with a correction for few people.
    `apart`: further answers in the same value, each of a person of its own: how many, and their squared distances from it.
    """
    answers, away = unit.answers, unit.away
    if len(answers) < 2 or not together.questions:
        return 1.0
    unknown = sum(sum(bins.values()) for question, bins in answers.items() if question not in together.questions)
    n = unit.n + apart[0]
    people = together.people(answers) + unknown + apart[0]
    alone = unit.squares + apart[1] * unit.scale**2
    if alone == 0 or together.is_widest:
        effect = (together.products(answers, answers) + unknown + apart[0]) / n
    elif people <= 1:
        effect = float(n)
    else:
        two = list(combinations(answers, 2))
        unpaired = Fraction(sum(together.unpaired(*each) for each in two), n) * Fraction(alone)
        both = 2 * (unpaired + sum(together.cross(*each, away, away) for each in two))
        few = people / (people - 1) * (t975(people - 1) / Z95) ** 2
        effect = 1 + float(Fraction(both) / Fraction(alone)) * few
    return min(max(effect, 1.0), float(n))


def correlations(units: Sequence[Unit], together: Together) -> dict[tuple[int, int], float]:
    """How much two units move together because the same people answered them, by their places; from 0 to 1, no zeros.

    A question in both is known to have the same answers, also where nothing is known of the people.
    """
    of_question: dict[Question, list[int]] = {}
    for place, unit in enumerate(units):
        for question in unit.answers:
            of_question.setdefault(question, []).append(place)
    related = {pair for places in of_question.values() for pair in combinations(places, 2)}
    for one, places in of_question.items():
        for other in together.meeting.get(one, {}).keys() & of_question.keys():
            both = product(places, of_question[other])
            related |= {(min(pair), max(pair)) for pair in both if pair[0] != pair[1]}
    varies = {place for pair in related for place in pair} if not together.is_widest else ()
    own = defaultdict(Fraction, {place: _products(units[place], units[place], together) for place in varies})
    found = {
        pair: _correlation(units[pair[0]], units[pair[1]], own[pair[0]], own[pair[1]], together) for pair in related
    }
    return {pair: r for pair, r in sorted(found.items()) if r > 0}


def _correlation(one: Unit, other: Unit, of_one: Fraction, of_other: Fraction, together: Together) -> float:
    if of_one and of_other:
        # In two steps, because a product of two such sums may be more than a float holds.
        r = float(_products(one, other, together) / of_one) * math.sqrt(of_one / of_other)
    else:  # one of them does not vary
        shared = _answers(one, other, together)
        r = shared / math.sqrt(_answers(one, one, together) * _answers(other, other, together)) if shared else 0.0
    return min(max(r, 0.0), 1.0)


_FINE = 32  # binary digits after the point


def _products(one: Unit, other: Unit, together: Together) -> Fraction:
    """Σ z·z' over respondents, z being what the answers of a respondent in a unit are away from the unit's value."""
    total, unpaired = 0, 0
    for a in one.answers:
        for b in other.answers:
            if a == b:
                total += sum(n * one.away[value] * other.away[value] for value, n in _shared(one, other, a).items())
            else:
                total += together.cross(a, b, one.away, other.away)
                unpaired += together.unpaired(a, b)
    if not unpaired:
        return Fraction(total)
    # Wholly dependent: as if both answers were equally far away, in their units' measure. An exact root of whole numbers.
    square = unpaired**2 * one.squares * other.squares
    return total + Fraction(math.isqrt((square << 2 * _FINE) // (one.n * other.n)), 1 << _FINE)


def _answers(one: Unit, other: Unit, together: Together) -> int:
    """Σ m·m' over respondents, m being how many answers a respondent gave in a unit."""
    # Of questions that nothing is known of, each answer is another person's.
    unknown = (one.answers.keys() & other.answers.keys()) - together.questions
    return together.products(one.answers, other.answers) + sum(
        sum(_shared(one, other, question).values()) for question in unknown
    )


def _shared(one: Unit, other: Unit, question: Question) -> Histogram:
    """The answers to a question that are in both units: one may count it from a later day than the other."""
    mine, there = one.answers[question], other.answers[question]
    return {value: min(n, there[value]) for value, n in mine.items() if value in there}
