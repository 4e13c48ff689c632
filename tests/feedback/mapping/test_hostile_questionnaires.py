"""Whatever is proposed for a question without asking is what a person reads in its labels; else it asks.

Questionnaires of hostile shapes are made from scales whose order is known, so the reference never reads a label: it knows how
good each choice is, and counts answers one by one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from fractions import Fraction

import pytest

from feedback.completeness import problems_of
from feedback.mapping.proposals import Doubt, propose_mapping
from feedback.models import FeedbackItem, Question
from kpis.counting.mapped import mapped
from kpis.metrics.formulas import measure_counts
from kpis.metrics.proposals import formulas_for

# From the worst to the best.
SCALES = [
    each.split("|")
    for each in (
        "Very dissatisfied|Dissatisfied|Neither satisfied nor dissatisfied|Satisfied|Very satisfied",
        "Terrible|Poor|Fair|Good|Excellent",
        "Poor|Fair|Good|Excellent",
        "Strongly disagree|Disagree|Somewhat disagree|Neutral|Somewhat agree|Agree|Strongly agree",
        "Not at all satisfied|Not very satisfied|Fairly satisfied|Very satisfied",
        "Does not apply at all|Rather does not apply|Neutral|Rather applies|Fully applies",
        "Dislike|Neither|Like",
        "No|Yes",
        "Not aware|Aware",
        "I don't agree|I agree",
        "Pas du tout satisfait|Plutôt pas satisfait|Ni satisfait ni insatisfait|Plutôt satisfait|Très satisfait",
        "Pas du tout d'accord|Plutôt pas d'accord|Plutôt d'accord|Tout à fait d'accord",
        "Sehr unzufrieden|Unzufrieden|Teils teils|Zufrieden|Sehr zufrieden",
        "Trifft überhaupt nicht zu|Trifft eher nicht zu|Trifft eher zu|Trifft voll zu",
        "Muy insatisfecho|Insatisfecho|Ni satisfecho ni insatisfecho|Satisfecho|Muy satisfecho",
        "Molto insoddisfatto|Insoddisfatto|Neutro|Soddisfatto|Molto soddisfatto",
        "Zeer ontevreden|Ontevreden|Neutraal|Tevreden|Zeer tevreden",
        "Muito insatisfeito|Insatisfeito|Neutro|Satisfeito|Muito satisfeito",
        "😡|🙁|😐|🙂|😀",
    )
]
NUMBERS = [[str(n) for n in range(low, high + 1)] for low, high in ((0, 10), (1, 5), (1, 7), (1, 10))]
NUMBERS += [["0 - Very bad", *map(str, range(1, 10)), "10 - Very good"], [f"{n} stars" for n in range(1, 6)]]
FOREIGN = [["Bardzo zły", "Zły", "Taki sobie", "Dobry", "Bardzo dobry"], ["Çok kötü", "Kötü", "Orta", "İyi", "Çok iyi"]]
NAMES = [["Train", "Bus", "Car", "Plane"], ["Woman", "Man"], ["18-24", "25-34", "35-44", "45+"]]
NO_ANSWERS = [
    "N/A",
    "I did not use it",
    "Prefer not to say",
    "Refused",
    "Keine Angabe",
    "Ne se prononce pas",
    "No sabe",
    "Weet niet",
]
STRAYS = ["I was on holiday", "Other", "Siehe oben", "My colleague went", "🚂"]
BOXES = {2: 1, 3: 1, 4: 2, 5: 2, 7: 2, 10: 2, 11: 2}


@dataclass
class Shape:
    """A question, and what a person knows of it: how good each choice is; None where it is no point of the scale."""

    choices: list[dict]
    goodness: list[int | None]
    answers: list[int]
    wording: str = "How satisfied are you?"
    must_ask: bool = False
    plain: bool = True  # nothing odd about it: asking would be a nuisance
    shown: list[int] = field(default_factory=list)  # numbers in the labels, where a mean is that of them

    def counts(self) -> dict[str, dict[str, int]]:
        bins: dict[str, int] = {}
        for choice, n in zip(self.choices, self.answers, strict=True):
            bins[str(choice["value"])] = bins.get(str(choice["value"]), 0) + n
        return {"counted": {"": 3, **bins}}

    def told(self) -> list[int]:
        """One by one, how good each answer that counts is."""
        return [good for good, n in zip(self.goodness, self.answers, strict=True) if good is not None for _ in range(n)]


def make(dice: random.Random) -> Shape:
    kind = dice.choices(("words", "numbers", "foreign", "names"), (12, 4, 1, 1))[0]
    labels = list(dice.choice({"words": SCALES, "numbers": NUMBERS, "foreign": FOREIGN, "names": NAMES}[kind]))
    points = list(enumerate(labels))  # (how good, label)
    shape = Shape([], [], [], must_ask=kind in ("foreign", "names"), plain=kind in ("words", "numbers"))
    if dice.random() < 0.4:
        points.reverse()
    if dice.random() < 0.07 and len(points) > 2:
        before = list(points)
        dice.shuffle(points)
        if points not in (before, before[::-1]):
            shape.plain = False
    shown: list[tuple[int | None, str]] = list(points)
    codes = _codes(dice, len(points), shape)
    extra = dice.random()
    if extra < 0.35:
        for label in dice.sample(NO_ANSWERS, dice.choice((1, 1, 2))):
            place = dice.choice((len(shown), len(shown), 0))
            shown.insert(place, (None, label))
            codes.insert(place, _free_code(dice, codes))
    elif extra < 0.45:
        place = dice.randint(0, len(shown))
        shown.insert(place, (None, dice.choice(STRAYS)))
        codes.insert(place, _free_code(dice, codes))
        shape.plain, shape.must_ask = False, True
    if dice.random() < 0.06:
        codes[-1] = codes[0]
        shape.plain, shape.must_ask = False, True
    as_integers = dice.random() < 0.3
    shape.choices = [
        {
            "value": code if as_integers else str(code),
            "label": label,
            "analyze": not (good is None and label in NO_ANSWERS and dice.random() < 0.3),
        }
        for code, (good, label) in zip(codes, shown, strict=True)
    ]
    shape.goodness = [good for good, _label in shown]
    shape.answers = [dice.randint(0, 30) for _ in shown]
    return shape


def _codes(dice: random.Random, n: int, shape: Shape) -> list[int]:
    """Rising by one; or else."""
    way = dice.choice(("rising", "rising", "zero", "falling", "late", "gap", "far", "negative", "random"))
    if way == "zero":
        return list(range(n))
    if way == "falling":
        shape.plain = False
        return list(range(n, 0, -1))
    if way == "late" and n > 2:  # a choice was added, or typed again, in the middle
        shape.plain = False
        codes = list(range(1, n))
        codes.insert(dice.randint(1, n - 2), n)
        return codes
    if way == "gap":
        return sorted(dice.sample(range(1, n + 4), n))
    if way == "far":
        return [25 * point for point in range(n)]
    if way == "negative":
        return list(range(-(n // 2), n - n // 2))
    if way == "random":
        shape.plain = False
        return dice.sample(range(-5, 100), n)
    return list(range(1, n + 1))


def _free_code(dice: random.Random, codes: list[int]) -> int:
    return next(code for code in (dice.choice((-1, 99, 0, max(codes) + 1)), 98, 97, 96) if code not in codes)


def check(shape: Shape) -> tuple[Doubt, ...]:
    proposal = propose_mapping("choice", shape.choices, shape.wording)
    formulas = formulas_for(proposal, "choice", None, None, shape.wording)
    entries = [entry.as_json() for entry in proposal.entries]
    mapping = mapped(entries)
    question = Question(kind="choice", choices=shape.choices, fingerprint="x")
    for formula in formulas:
        item = FeedbackItem(
            question=question, mapping=entries, metric=formula.metric, scale_min=formula.scale_min, scale_max=formula.scale_max,
            positive_values=list(formula.positive_values), reverse=formula.reverse,
        )  # fmt: skip
        assert problems_of(item) == {}, "a proposal that would be refused"
        found = measure_counts(formula, shape.counts(), mapping=mapping)
        assert found.n + sum(found.excluded.values()) == sum(shape.answers) + 3
    if proposal.doubts:
        return proposal.doubts
    assert not shape.must_ask
    assert formulas or len({good for good in shape.goodness if good is not None}) in (0, 1)
    told, points = shape.told(), sum(good is not None for good in shape.goodness)
    for formula in formulas:
        found = measure_counts(formula, shape.counts(), mapping=mapping)
        assert found.n == len(told)
        if not told:
            continue
        if formula.metric == "csat":
            top = sum(good >= points - BOXES[points] for good in told)
            assert found.value == pytest.approx(100 * top / len(told))
        if formula.metric == "mean":
            low, high = Fraction(str(formula.scale_min)), Fraction(str(formula.scale_max))
            height = (Fraction(found.value) - low) / (high - low)
            assert float(1 - height if formula.reverse else height) == pytest.approx(
                sum(told) / len(told) / (points - 1), abs=1e-9
            )
        if formula.metric == "nps":
            assert found.value == pytest.approx(
                100 * (sum(good >= 9 for good in told) - sum(good < 7 for good in told)) / len(told)
            )
    return ()


@pytest.mark.parametrize("seed", range(8))
def test_what_is_not_asked_is_right(seed):
    dice = random.Random(seed)
    asked: dict[Doubt, int] = {}
    plain = asked_in_vain = 0
    for _ in range(200):
        shape = make(dice)
        doubts = check(shape)
        for doubt in doubts:
            asked[doubt] = asked.get(doubt, 0) + 1
        plain += shape.plain
        asked_in_vain += shape.plain and bool(doubts)
    assert plain > 50
    assert asked_in_vain == 0
    assert {Doubt.ORDER, Doubt.STRAY, Doubt.SHARED, Doubt.WORDS} <= set(asked)
