"""A KPI as it is shown: in both languages, and with small samples protected."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.counting.periods import Window
from kpis.counting.sums import InBlocks
from kpis.metrics import wording
from kpis.metrics.comparison import Change, judge, side
from kpis.metrics.consolidation import Part, consolidate
from kpis.metrics.formulas import Formula, Measure, measure, measure_counts
from kpis.metrics.trends import buckets, suppress_buckets
from kpis.scoring.figures import Figure, consolidated_figure, figure, trend_json

NPS = Formula("nps")
CSAT = Formula("csat", 1, 5, ("4", "5"))
CES = Formula("ces", 1, 7, ("5", "6", "7"))
MEAN = Formula("mean", 1, 5)
SENTIMENT = Formula("sentiment")
OCTOBER = Window("custom", date(2026, 10, 1), date(2026, 10, 31))


def nps_figure(promoters: int, passives: int, detractors: int, **facts) -> Figure:
    counts = {"counted": {"10": promoters, "7": passives, "0": detractors, "": 2}, "preview": {"9": 3}}
    return figure(NPS, measure_counts(NPS, counts), **({"state": "live"} | facts))


@pytest.fixture
def french():
    with translation.override("fr"):
        yield


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def test_the_one_shape():
    parts = [
        Part(1, "a", NPS, {"counted": {"10": 34, "0": 6, "": 41}, "preview": {"9": 3}}),
        Part(2, "b", NPS, {"counted": {"10": 400, "7": 240, "0": 160}, "unfinished": {"9": 12}}),
        Part(3, "c", NPS),
    ]
    parts = [Part(**{**vars(part), "as_of": datetime(2026, 11, 22, 5, tzinfo=UTC)}) for part in parts]
    (kpi,) = consolidate(parts)
    shape = consolidated_figure(kpi, window=OCTOBER, tz_name="Europe/Paris").as_json()
    assert [round(end, 1) for end in shape.pop("ci95")] == [26.5, 37.1]
    assert shape == {
        "kpi": "nps",
        "formula": "nps_0_10",
        "value": 31.904761904761905,
        "n": 840,
        "people": 840,
        "n_effective": 840.0,
        "ci_method": "adjusted_wald",
        "weighting": "pooled",
        "items_used": 2,
        "items_total": 3,
        "left_out": [],
        "state": "live",
        "window": {"from": "2026-10-01", "to": "2026-10-31", "tz": "Europe/Paris"},
        "as_of": "2026-11-22T05:00:00Z",
        "excluded": {"unfinished": 12, "preview": 3, "unanswered": 41},
        "secondary": {"promoters": 434, "passives": 240, "detractors": 166},
        "low_base": False,
        "oldest_response_on": None,
        "newest_response_on": None,
    }


def test_without_data():
    shown = figure(NPS, Measure(), state="waiting")
    shape = shown.as_json()
    assert (shape["value"], shape["n"], shape["ci95"], shape["state"]) == (None, 0, None, "waiting")
    assert (shown.value_text, shown.interval_text, shown.secondary_text, shown.low_base_text) == (
        "No data yet",
        "",
        "",
        "",
    )
    assert figure(NPS, Measure(), state="live").state == "waiting"
    assert figure(NPS, Measure(), state="error").state == "error"
    assert (shown.items_used, shown.items_total) == (0, 1)


@pytest.mark.parametrize("formula", [NPS, CSAT, CES, MEAN, SENTIMENT])
def test_every_shape_is_json(formula):
    shape = figure(formula, measure(formula, {"1": 3, "2": 9, "5": 1, "mixed": 2}), state="live").as_json()
    assert json.loads(json.dumps(shape, allow_nan=False)) == shape


def test_moments_are_written_in_utc():
    paris = timezone(timedelta(hours=2))
    shape = nps_figure(40, 0, 0, as_of=datetime(2026, 10, 1, 1, 30, tzinfo=paris)).as_json()
    assert shape["as_of"] == "2026-09-30T23:30:00Z"


def test_without_a_block_only_the_number_that_waits_is_told():
    waiting = InBlocks(threshold=5, waiting={date(2026, 10, 1): 3}, late={date(2026, 9, 1): 1}, corrections=2)
    shown = figure(NPS, measure_counts(NPS, {}), state="live", hidden=True, in_blocks=waiting)
    shape = shown.as_json()
    told = {"n", "people", "n_effective", "kpi", "formula", "state", "weighting", "items_used", "items_total", "window"}
    assert {key: value for key, value in shape.items() if key not in told and value not in (None, {}, [], False)} == {}
    assert (shape["state"], shape["n"]) == ("suppressed", 0)
    assert shape["window"]["blocks"] == {
        "from": None, "to": None, "waiting": 3, "waiting_late": 1, "waiting_corrections": 2,
    }  # fmt: skip
    assert (shown.value_text, shown.n_text) == ("Hidden: too few answers", "4 answers wait")
    assert shown.blocks_text == "Counted in blocks of at least 5 answers. 4 answers wait. 2 corrections wait."
    assert (shown.interval_text, shown.secondary_text, shown.low_base_text) == ("", "", "")


def test_a_figure_says_of_which_days_its_blocks_are():
    blocks = InBlocks(date(2026, 10, 27), date(2026, 11, 28), {date(2026, 11, 29): 3}, threshold=5)
    shown = nps_figure(40, 0, 0, in_blocks=blocks)
    assert shown.blocks_text == ("Counted in blocks of at least 5 answers: 27 Oct 2026 to 28 Nov 2026. 3 answers wait.")
    assert shown.as_json()["window"]["blocks"]["from"] == "2026-10-27"
    assert "blocks" not in nps_figure(40, 0, 0).as_json()["window"]


def test_while_blocks_are_prepared_nothing_is_shown():
    shown = figure(NPS, Measure(), state="live", hidden=True, in_blocks=InBlocks(threshold=5, being_prepared=True))
    assert shown.value_text == "Hidden: blocks of answers are being prepared"
    assert shown.as_json()["window"]["blocks"] is None


@pytest.mark.parametrize(("n", "low"), [(1, True), (29, True), (30, False)])
def test_low_base(n, low):
    shown = nps_figure(n, 0, 0)
    assert shown.is_low_base is low
    assert shown.low_base_text == ("low base" if low else "")


@pytest.mark.parametrize(
    ("formula", "value", "text"),
    [
        (NPS, 31.9, "+32"),
        (NPS, -11.5, "−12"),
        (NPS, 0.0, "0"),
        (NPS, -0.4, "0"),
        (NPS, 0.5, "+1"),
        (NPS, 100.0, "+100"),
        (CSAT, 84.0, "84%"),
        (CSAT, 0.0, "0%"),
        (CES, 45.5, "46%"),
        (MEAN, 4.075, "4.08"),
        (MEAN, 4.0, "4.00"),
        (Formula("mean", 0, 0.01), 0.00123, "0.00123"),
        (Formula("mean", 0, 10_000), 1234.5, "1,235"),
        (Formula("mean"), 788.04, "788"),
        (Formula("mean"), 0.04911, "0.0491"),
        (CSAT, 99.95, ">99%"),
        (CSAT, 0.05, "<1%"),
        (NPS, -2.5, "−3"),
        (SENTIMENT, 0.456, "+0.46"),
        (SENTIMENT, -1.0, "−1.00"),
        (NPS, None, "No data yet"),
    ],
)
def test_value_in_english(formula, value, text):
    assert wording.value_text(formula, value) == text


@pytest.mark.parametrize(
    ("formula", "value", "text"),
    [(NPS, -11.5, "−12"), (CSAT, 84.0, "84\u202f%"), (MEAN, 4.075, "4,08"), (SENTIMENT, 0.456, "+0,46")],
)
def test_value_in_french(french, formula, value, text):
    assert wording.value_text(formula, value) == text


@pytest.mark.parametrize(
    ("formula", "ci95", "text"),
    [
        (NPS, (29.34, 58.04), "29 to 58"),
        (NPS, (-6.58, 100.0), "−7 to 100"),
        (CSAT, (71.5, 91.66), "72% to 92%"),
        (MEAN, (3.917, 4.2), "3.92 to 4.20"),
        (CSAT, (0.0, 0.192), "0% to 1%"),
        (CSAT, (99.717, 100.0), "99% to 100%"),
        (NPS, None, ""),
    ],
)
def test_interval(formula, ci95, text):
    assert wording.interval_text(formula, ci95) == text


def test_number_of_answers():
    assert [wording.n_text(n) for n in (0, 1, 1234)] == ["0 answers", "1 answer", "1,234 answers"]
    assert wording.n_text(None) == "Number of answers not stated"


def test_second_figure():
    assert nps_figure(60, 25, 15).secondary_text == "60% promoters, 25% passives, 15% detractors"
    ces = measure(CES, dict(zip("1234567", (80, 210, 140, 110, 160, 180, 120), strict=True)))
    assert figure(CES, ces, state="live").secondary_text == "Mean 4.08"
    sentiment = measure(SENTIMENT, {"1": 3, "-1": 1, "mixed": 1})
    assert figure(SENTIMENT, sentiment, state="live").secondary_text == "Net sentiment +40"
    assert figure(CSAT, measure(CSAT, {"5": 3}), state="live").secondary_text == ""


def test_what_is_left_out_is_named():
    assert nps_figure(1, 0, 0).excluded_rows == [("Survey previews", 3), ("Asked but not answered", 2)]


def test_how_it_is_counted():
    assert wording.how_counted(CSAT) == "The share of the answers 4, 5 on the scale from 1 to 5."
    assert wording.how_counted(Formula("csat", 0, 5, ("4.5", "5"))) == (
        "The share of the answers 4.5, 5 on the scale from 0 to 5."
    )
    assert wording.how_counted(Formula("ces", 1, 5, ("1", "2"), reverse=True)).endswith("A low answer is good.")
    assert wording.how_counted(Formula("mean")) == "The mean of all answers."
    assert "0 to 6 (detractors)" in wording.how_counted(NPS)
    assert nps_figure(1, 0, 0).how_counted == wording.how_counted(NPS)


def test_change_in_words():
    def said(formula, kind, before, after, flagged=True):
        return wording.change_text(formula, Change(kind, 0.0), before, after, flagged=flagged)

    assert said(NPS, "up", 30, 37.4) == "Up by 7 points from the previous period."
    assert said(MEAN, "down", 4.5, 4) == "Down by 0.50 points from the previous period."
    assert said(CSAT, "up", 82.54, 84.45) == "Up by 1.9 points from the previous period."
    assert said(NPS, "none", 30, 37.4) == "No detectable change from the previous period."
    assert said(NPS, "up", 30, 37.4, flagged=False) == "+7 points against the previous period."
    assert said(NPS, "down", 30, 22.6, flagged=False) == "−7 points against the previous period."
    assert said(NPS, "too_few", 30, 37.4) == "Too few answers to tell a change from the previous period."
    assert said(NPS, "unknown", None, 3).startswith("There is nothing to compare")


def test_how_certain_a_change_is_in_words():
    change = Change("none", -7.0, (-27.02, 14.42), 0.55, 21.44)
    assert wording.certainty_text(NPS, change, 39.0) == (
        "95 % confidence interval of the difference: −27 to +14. With these answers, changes beyond ±21 would show."
    )
    assert wording.certainty_text(NPS, Change("too_few", 3.0), 39.0) == ""


def numbers_in(text: str) -> list[Decimal]:
    return [Decimal(each.replace("−", "-").replace(",", "").strip("%+<>")) for each in text.split(" to ")]


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([NPS, CSAT, MEAN, SENTIMENT, Formula("mean", 0, 10_000), Formula("mean")]),
    st.dictionaries(st.integers(-2, 10).map(str), st.integers(0, 200), max_size=5),
    st.one_of(st.integers(-100, 100).map(float), st.floats(-3, 6).map(lambda value: round(value, 2)), st.none()),
    st.sampled_from(["at_least", "at_most"]),
)
def test_what_is_printed_never_contradicts_the_verdict(formula, histogram, target, direction):
    measured = measure(formula, histogram)
    if measured.ci95 is None:
        return
    # A target where it is closest: on a bound, or a hair beside it.
    for aim in (target, *measured.ci95, *(round(end, 1) for end in measured.ci95), measured.value):
        if aim is None:
            continue
        shown = figure(formula, measured, state="live", target=aim)
        low, high = numbers_in(shown.interval_text)
        (goal,) = numbers_in(wording.goal_text(formula, aim))
        (value,) = numbers_in(shown.value_text)
        by_print = side((float(low), float(high)), float(goal), direction) or "undecided"
        if (verdict := judge(measured, aim, direction)) != "too_few":
            assert by_print == verdict
        assert (value > goal, value < goal) == (measured.value > aim, measured.value < aim)


def test_trend_for_the_api():
    days = {date(2026, 10, 5): {"counted": {"10": 3}}, date(2026, 10, 19): {"counted": {"0": 6}}}
    series = suppress_buckets(buckets(days, NPS, by="week", today=date(2026, 10, 19)), 5)
    rows = trend_json(series)
    assert [(row["from"], row["to"], row["value"], row["n"], row["partial"]) for row in rows] == [
        ("2026-10-05", "2026-10-11", None, 3, False),
        ("2026-10-12", "2026-10-18", None, 0, False),
        ("2026-10-19", "2026-10-19", -100.0, 6, True),
    ]
    assert rows[0]["ci95"] is None
    assert isinstance(rows[2]["ci95"], list)
