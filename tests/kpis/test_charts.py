"""Charts: well-formed, honest about gaps and unfinished buckets, clean under a strict content security policy."""

from __future__ import annotations

import re
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.utils import translation

from kpis.metrics.formulas import Formula
from kpis.metrics.trends import buckets, rolling, suppress_buckets
from kpis.pages.charts import _ticks, sparkline, trend_chart

NPS = Formula("nps")
SVG = "{http://www.w3.org/2000/svg}"
MONDAY = date(2026, 6, 1)


def parsed(svg: str) -> ElementTree.Element:
    """As a browser would read it inside a page, where svg elements need no namespace of their own."""
    return ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))  # noqa: S314


def all_of(root: ElementTree.Element, tag: str, css_class: str) -> list[ElementTree.Element]:
    return [found for found in root.iter(SVG + tag) if css_class in found.get("class", "").split()]


def weeks(*nps: tuple[int, int] | None, today: date | None = None):
    """One bucket a week from (promoters, detractors); None is a week without answers."""
    days = {
        MONDAY + timedelta(weeks=i): {"counted": {"10": both[0], "0": both[1]}} for i, both in enumerate(nps) if both
    }
    return buckets(days, NPS, by="week", first=MONDAY, last=MONDAY + timedelta(weeks=len(nps), days=-1), today=today)


def points_of(path: ElementTree.Element) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d"))]


@pytest.mark.parametrize(
    ("values", "lines", "lone"),
    [
        ([1, 2, 3], [3], 0),
        ([1, 2, None, 4, 5, 6], [2, 3], 0),
        ([1, None, 3, 4], [2], 1),
        ([None, None], [], 0),
        ([], [], 0),
        ([5], [], 1),
    ],
)
def test_sparkline_breaks_at_gaps(values, lines, lone):
    root = parsed(sparkline(values, label="NPS"))
    assert [len(points_of(path)) for path in all_of(root, "path", "chart-line")] == lines
    assert len(all_of(root, "circle", "chart-lone")) == lone
    assert len(all_of(root, "circle", "chart-last")) == (1 if lines or lone else 0)
    assert ("chart-empty" in root.get("class").split()) == (not lines and not lone)


def test_sparkline_ends_at_the_last_value_and_grows_upwards():
    root = parsed(sparkline([0, 10, 5, None], label="NPS", width=103, height=26))
    (line,) = all_of(root, "path", "chart-line")
    (dot,) = all_of(root, "circle", "chart-last")
    assert points_of(line) == [(3.0, 23.0), (35.3, 3.0), (67.7, 13.0)]
    assert (float(dot.get("cx")), float(dot.get("cy"))) == (67.7, 13.0)


def classes(root, tag: str) -> list[str]:
    return [each.get("class") for each in root.iter() if each.tag.endswith(tag)]


def test_sparkline_marks_a_last_value_that_may_still_change():
    root = parsed(sparkline([0, 10, 5], label="NPS", is_running=True))
    assert classes(root, "path") == ["chart-line", "chart-line chart-partial"]
    assert classes(root, "circle") == ["chart-last chart-partial"]
    after_gap = parsed(sparkline([0, 10, None, 5], label="NPS", is_running=True))
    assert classes(after_gap, "path") == ["chart-line"]
    assert classes(parsed(sparkline([None, None, 5], label="NPS", is_running=True)), "circle") == [
        "chart-last chart-partial"
    ]
    # Of a running week without answers there is nothing to mark.
    assert classes(parsed(sparkline([0, 10, None], label="NPS", is_running=True)), "circle") == ["chart-last"]


def test_sparkline_on_a_given_scale_stays_inside():
    root = parsed(sparkline([-500, 0, 500], label="NPS", lo=-100, hi=100, width=106, height=26))
    assert points_of(all_of(root, "path", "chart-line")[0]) == [(3.0, 23.0), (53.0, 13.0), (103.0, 3.0)]


def test_sparkline_of_equal_values_lies_in_the_middle():
    root = parsed(sparkline([7, 7], label="NPS", height=20))
    assert {y for _x, y in points_of(all_of(root, "path", "chart-line")[0])} == {10.0}


@pytest.mark.parametrize(
    "draw", [lambda label: sparkline([1, 2], label=label), lambda label: trend_chart([], NPS, label=label)]
)
def test_labels_are_escaped_and_read_aloud(draw):
    svg = draw('<script>alert("1")</script> & "quotes"')
    assert "<script" not in svg
    root = parsed(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == root.find(f"{SVG}title").text == '<script>alert("1")</script> & "quotes"'


def a_chart(**facts) -> str:
    return trend_chart(weeks((5, 1), (6, 2), None, (4, 4), (8, 1)), NPS, label="NPS by week", **facts)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_nothing_a_strict_policy_forbids_and_no_comma_in_a_coordinate(language):
    with translation.override(language):
        for svg in (a_chart(target=30.5), sparkline([1.5, None, 2.25], label="x"), trend_chart([], NPS, label="x")):
            for element in parsed(svg).iter():
                assert not {"style", "onclick", "onload"} & set(element.attrib)
                assert element.tag.removeprefix(SVG) in {"svg", "title", "desc", "path", "circle", "line", "text"}
                for name in ("d", "cx", "cy", "x1", "x2", "y1", "y2", "x", "y", "r", "viewBox"):
                    assert "," not in element.get(name, "")


def test_every_class_of_the_charts_has_its_look():
    css = (Path(__file__).resolve().parents[2] / "static/css/charts.css").read_text()
    running = trend_chart(weeks((5, 1), (6, 2), today=MONDAY + timedelta(days=8)), NPS, label="x")
    used = set()
    for svg in (a_chart(target=30), running, sparkline([1, None, 2, 3], label="x"), trend_chart([], NPS, label="x")):
        used |= {name for element in parsed(svg).iter() for name in element.get("class", "").split()}
    assert {name for name in used if f".{name}" not in css} == {"chart-empty"}


def test_trend_has_a_gap_where_there_are_no_answers():
    root = parsed(a_chart())
    assert [len(points_of(path)) for path in all_of(root, "path", "chart-line")] == [2, 2]
    assert len(all_of(root, "path", "chart-band")) == 2
    assert len(all_of(root, "circle", "chart-point")) == 4


def test_running_bucket_is_dashed_and_hollow():
    root = parsed(trend_chart(weeks((5, 1), (6, 2), (3, 0), today=MONDAY + timedelta(days=16)), NPS, label="x"))
    solid, dashed = all_of(root, "path", "chart-line")
    assert "chart-partial" not in solid.get("class")
    assert "chart-partial" in dashed.get("class")
    assert points_of(dashed)[0] == points_of(solid)[-1]
    assert ["chart-partial" in point.get("class") for point in all_of(root, "circle", "chart-point")] == [
        False,
        False,
        True,
    ]


@pytest.mark.parametrize(("count", "has_year"), [(20, False), (60, True), (110, True)])
def test_over_a_year_or_more_the_days_below_the_chart_name_their_year(count, has_year):
    root = parsed(trend_chart(weeks(*[(3, 1)] * count), NPS, label="x"))
    below = [text.text for text in all_of(root, "text", "chart-tick") if text.get("text-anchor") == "middle"]
    assert len(below) > 4
    assert len(set(below)) == len(below)
    assert all(bool(re.search(r"\b20\d\d$", text)) is has_year for text in below)


def test_points_lie_on_the_grid_that_the_ticks_name():
    root = parsed(trend_chart(weeks((30, 10), (40, 0), (20, 20)), NPS, label="x", target=50))
    ticks = {
        float(text.text.replace("−", "-")): float(text.get("y"))
        for text in all_of(root, "text", "chart-tick")
        if text.get("text-anchor") == "end"
    }
    assert {0.0, 50.0, 100.0} <= set(ticks)
    zero, hundred = ticks[0.0], ticks[100.0]
    heights = [float(point.get("cy")) for point in all_of(root, "circle", "chart-point")]
    assert heights == pytest.approx([(zero + hundred) / 2, hundred, zero], abs=0.11)
    (target,) = all_of(root, "line", "chart-target")
    assert float(target.get("y1")) == pytest.approx((zero + hundred) / 2, abs=0.11)


def test_band_spans_the_interval_around_its_point():
    series = weeks((30, 10), (31, 9))
    root = parsed(trend_chart(series, NPS, label="x"))
    (band,) = all_of(root, "path", "chart-band")
    outline = points_of(band)
    for i, point in enumerate(all_of(root, "circle", "chart-point")):
        assert outline[i][0] == outline[-1 - i][0] == float(point.get("cx"))
        assert outline[i][1] < float(point.get("cy")) < outline[-1 - i][1]


def test_each_point_says_its_figures():
    with translation.override("en"):
        root = parsed(a_chart())
        title = all_of(root, "circle", "chart-point")[0].find(f"{SVG}title").text
    assert title == "1 Jun 2026 to 7 Jun 2026: +67 (6 answers, 95% confidence interval −8 to 97)"


def test_everything_stays_on_the_canvas():
    for series in (
        weeks((1, 0)),
        weeks((1, 0), (0, 1), (100, 1), (1, 100)),
        rolling({MONDAY + timedelta(days=i): {"counted": {str(i % 11): 1}} for i in range(300)}, NPS, days=7),
    ):
        root = parsed(trend_chart(series, NPS, label="x", by="day", target=-90, width=600, height=200))
        for path in (*all_of(root, "path", "chart-line"), *all_of(root, "path", "chart-band")):
            assert all(0 <= x <= 600 and 0 <= y <= 200 for x, y in points_of(path))
        for point in all_of(root, "circle", "chart-point"):
            assert 0 <= float(point.get("cy")) <= 200


def test_wide_intervals_are_cut_at_the_axis_and_leave_the_line_readable():
    root = parsed(trend_chart(weeks((1, 1), (1, 1)), NPS, label="x", height=260))
    heights = [y for _x, y in points_of(all_of(root, "path", "chart-band")[0])]
    assert (min(heights), max(heights)) == (14.0, 230.0)


def test_a_suppressed_bucket_cannot_be_read_from_the_chart():
    svg = trend_chart(suppress_buckets(weeks((4, 0), (6, 6), (0, 12)), 5), NPS, label="x")
    assert "+100" not in svg
    assert len(all_of(parsed(svg), "circle", "chart-point")) == 2


def test_many_points_do_not_clutter_but_a_lone_one_shows():
    days = {MONDAY + timedelta(days=i): {"counted": {"9": 3, "0": 1}} for i in range(90) if i not in (10, 12)}
    root = parsed(trend_chart(buckets(days, NPS, by="day"), NPS, label="x", by="day"))
    points = all_of(root, "circle", "chart-point")
    assert [point.get("class") for point in points].count("chart-point") == 1
    assert len(points) == 88
    labels = [text for text in all_of(root, "text", "chart-tick") if text.get("text-anchor") == "middle"]
    assert 5 <= len(labels) <= 8


@pytest.mark.parametrize(("lo", "hi"), [(-100, 100), (0, 100), (37.2, 58.1), (3.9, 4.2), (0, 0.05), (-7, 3)])
def test_ticks_are_few_round_and_inside(lo, hi):
    ticks = _ticks(lo, hi)
    assert 2 <= len(ticks) <= 7
    assert lo <= ticks[0] < ticks[-1] <= hi
    steps = {round(b - a, 9) for a, b in pairwise(ticks)}
    assert len(steps) == 1
    assert f"{steps.pop():e}"[0] in "125"
