"""Charts as SVG, drawn on the server: they print, work without scripts, and keep a strict content security policy.

No style is set here. Colours and strokes come from `static/css/charts.css` by the classes `chart-…`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kpis.metrics import wording
from kpis.metrics.formulas import Formula
from kpis.metrics.trends import Bucket

Point = tuple[float, float]
T = TypeVar("T")

_NEEDS_YEARS = 330  # days


def sparkline(
    points: Sequence[float | None],
    *,
    label: str,
    width: int = 120,
    height: int = 32,
    lo: float | None = None,
    hi: float | None = None,
    is_running: bool = False,
) -> SafeString:
    """A small line without axes. None is a gap; the last value has a dot. `label` is what a screen reader says.

    `is_running`: the last point may still change. It is joined by a dashed line, and its dot is empty.
    """
    values = [value for value in points if value is not None]
    lo = min(values, default=0.0) if lo is None else lo
    hi = max(values, default=1.0) if hi is None else hi
    x = _ruler(0, max(len(points) - 1, 1), 3, width - 3)
    y = _ruler(lo, hi, height - 3, 3)
    places = [None if value is None else (x(i), y(min(max(value, lo), hi))) for i, value in enumerate(points)]
    if len(points) == 1 and places[0]:
        places = [(width / 2, places[0][1])]
    running = places[-1] if is_running and places else None
    runs = _runs(places[:-1] if running else places)
    last = running or (runs[-1][-1] if runs else None)
    before = places[-2] if len(places) > 1 else None
    dashed = [before, running] if before and running else []
    return format_html(
        '<svg class="chart chart-sparkline{}" role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}"'
        ' focusable="false"><title>{}</title>{}{}{}{}</svg>',
        "" if last else " chart-empty",
        label,
        width,
        height,
        width,
        height,
        label,
        format_html_join("", '<path class="chart-line" d="{}"/>', ((_line(run),) for run in runs if len(run) > 1)),
        format_html_join(
            "", '<circle class="chart-lone" cx="{}" cy="{}" r="1.2"/>', (_xy(run[0]) for run in runs if len(run) == 1)
        ),
        format_html('<path class="chart-line chart-partial" d="{}"/>', _line(dashed)) if dashed else "",
        format_html(
            '<circle class="chart-last{}" cx="{}" cy="{}" r="2.4"/>', " chart-partial" if running else "", *_xy(last)
        )
        if last
        else "",
    )


@dataclass(frozen=True)
class _Plot:
    """Where things lie in a trend chart."""

    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    x: Callable[[float], float]
    y: Callable[[float], float]


def trend_chart(
    series: Sequence[Bucket],
    formula: Formula,
    *,
    label: str,
    by: str = "week",
    target: float | None = None,
    empty: str = "",
    width: int = 720,
    height: int = 260,
) -> SafeString:
    """A KPI over time: grid, line, confidence band, gaps, a dashed end for the bucket that still runs, and the target.

    Show the same figures in a table beside it. `empty`: what to say where no bucket has a value.
    """
    if not any(bucket.measure.value is not None for bucket in series):
        return _empty_chart(label, empty or _("No data yet"), width, height)
    lo, hi = _value_span(series, formula, target)
    ticks = _ticks(lo, hi)
    lo, hi = min(lo, ticks[0]), max(hi, ticks[-1])
    left, right, top, bottom = 52, width - 24, 14, height - 30
    x_of = _ruler(-0.5, len(series) - 0.5, left, right)
    plot = _Plot(width, height, left, right, top, bottom, x_of, _ruler(lo, hi, bottom, top))
    return format_html(
        '<svg class="chart chart-trend" role="img" aria-label="{}" viewBox="0 0 {} {}" focusable="false">'
        "<title>{}</title><desc>{}</desc>{}{}{}{}{}{}{}</svg>",
        label,
        width,
        height,
        label,
        _summary(series, formula),
        _grid(plot, ticks, formula),
        _day_labels(plot, series, by),
        _band(plot, series, lo, hi),
        _target(plot, target),
        _lines(plot, series),
        _markers(plot, series, formula),
        _target_label(plot, target, formula),
    )


def _empty_chart(label: str, text: str, width: int, height: int) -> SafeString:
    return format_html(
        '<svg class="chart chart-trend chart-empty" role="img" aria-label="{}" viewBox="0 0 {} {}" focusable="false">'
        '<title>{}</title><text class="chart-note" x="{}" y="{}" text-anchor="middle">{}</text></svg>',
        label,
        width,
        height,
        label,
        width // 2,
        height // 2,
        text,
    )


def _value_span(series: Sequence[Bucket], formula: Formula, target: float | None) -> tuple[float, float]:
    """What the value axis shows: values and target, and of the intervals as much as leaves the line readable."""
    values = [bucket.measure.value for bucket in series if bucket.measure.value is not None]
    ends = [end for bucket in series if bucket.measure.ci95 for end in bucket.measure.ci95]
    if target is not None:
        values.append(target)
    lowest, highest = formula.value_range
    # A narrow axis would make noise look like news: at least a tenth of the metric's range is shown.
    least = (highest - lowest) / 10 if lowest is not None and highest is not None else max(abs(values[0]) / 10, 0.1)
    lo, hi = min(values), max(values)
    reach = max(hi - lo, least)
    lo = min(max(min([*ends, lo]), lo - reach), lo - least / 2)
    hi = max(min(max([*ends, hi]), hi + reach), hi + least / 2)
    return max(lo, lowest) if lowest is not None else lo, min(hi, highest) if highest is not None else hi


def _ticks(lo: float, hi: float) -> list[float]:
    """A few round numbers inside the span."""
    rough = (hi - lo) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * power for unit in (1, 2, 5, 10) if unit * power >= rough * 0.999)
    first = math.ceil(lo / step - 1e-9)
    return [round(i * step, 10) for i in range(first, math.floor(hi / step + 1e-9) + 1)]


def _grid(plot: _Plot, ticks: Sequence[float], formula: Formula) -> SafeString:
    return format_html_join(
        "",
        '<line class="chart-grid{}" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text class="chart-tick" x="{}" y="{}" dy="0.32em" text-anchor="end">{}</text>',
        (
            (
                " chart-zero" if tick == 0 else "",
                plot.left,
                plot.right,
                _figure(plot.y(tick)),
                _figure(plot.y(tick)),
                plot.left - 8,
                _figure(plot.y(tick)),
                wording.tick_text(formula, tick),
            )
            for tick in ticks
        ),
    )


def _day_labels(plot: _Plot, series: Sequence[Bucket], by: str) -> SafeString:
    # Over a year or more, a day without its year could be one of several.
    has_years = by == "month" or (series[-1].end - series[0].start).days >= _NEEDS_YEARS
    pattern = "YEAR_MONTH_FORMAT" if has_years else "MONTH_DAY_FORMAT"
    every = max(1, math.ceil(len(series) / 7))
    return format_html_join(
        "",
        '<text class="chart-tick" x="{}" y="{}" text-anchor="middle">{}</text>',
        (
            (
                _figure(plot.x(i)),
                plot.height - 10,
                date_format(series[i].end if by == "day" else series[i].start, pattern),
            )
            for i in range((len(series) - 1) % every, len(series), every)
        ),
    )


def _band(plot: _Plot, series: Sequence[Bucket], lo: float, hi: float) -> SafeString:
    """The intervals, one area for each run of buckets without a gap; a lone bucket gets a bar."""
    intervals = [
        (plot.x(i), plot.y(max(ci[0], lo)), plot.y(min(ci[1], hi))) if (ci := bucket.measure.ci95) else None
        for i, bucket in enumerate(series)
    ]
    areas = []
    for run in _runs(intervals):
        if len(run) == 1:
            x, low, high = run[0]
            run = [(x - 3, low, high), (x + 3, low, high)]
        outline = [(x, high) for x, _low, high in run] + [(x, low) for x, low, _high in reversed(run)]
        areas.append((f"{_line(outline)}Z",))
    return format_html_join("", '<path class="chart-band" d="{}"/>', areas)


def _target(plot: _Plot, target: float | None) -> SafeString:
    if target is None:
        return SafeString("")
    y = _figure(plot.y(target))
    return format_html('<line class="chart-target" x1="{}" x2="{}" y1="{}" y2="{}"/>', plot.left, plot.right, y, y)


def _target_label(plot: _Plot, target: float | None, formula: Formula) -> SafeString:
    if target is None:
        return SafeString("")
    return format_html(
        '<text class="chart-target-label" x="{}" y="{}" dy="-0.5em" text-anchor="end">{}</text>',
        plot.right,
        _figure(plot.y(target)),
        _("Target %(value)s") % {"value": wording.goal_text(formula, target)},
    )


def _lines(plot: _Plot, series: Sequence[Bucket]) -> SafeString:
    """Solid between whole buckets, dashed to and from a partial one; nothing across a gap."""
    places = [
        None if bucket.measure.value is None else (plot.x(i), plot.y(bucket.measure.value), bucket.partial)
        for i, bucket in enumerate(series)
    ]
    whole = [None if place is None or place[2] else place[:2] for place in places]
    dashed = [([a[:2], b[:2]],) for a, b in pairwise(places) if a is not None and b is not None and (a[2] or b[2])]
    return format_html(
        "{}{}",
        format_html_join("", '<path class="chart-line" d="{}"/>', ((_line(r),) for r in _runs(whole) if len(r) > 1)),
        format_html_join("", '<path class="chart-line chart-partial" d="{}"/>', ((_line(ends),) for (ends,) in dashed)),
    )


def _markers(plot: _Plot, series: Sequence[Bucket], formula: Formula) -> SafeString:
    """Each says its figures under the pointer. Where they are many they do not show, except those no line reaches."""
    is_dense = len(series) > 60
    has_value = [bucket.measure.value is not None for bucket in series]
    on_line = [any(pair) for pair in zip([False, *has_value], [*has_value[1:], False], strict=False)]
    return format_html_join(
        "",
        '<circle class="chart-point{}" cx="{}" cy="{}" r="{}"><title>{}</title></circle>',
        (
            (
                " chart-hidden" if is_dense and on_line[i] else " chart-partial" if bucket.partial else "",
                *_xy((plot.x(i), plot.y(bucket.measure.value))),
                "3.5" if not is_dense or on_line[i] else "2",
                _marker_text(bucket, formula),
            )
            for i, bucket in enumerate(series)
            if bucket.measure.value is not None
        ),
    )


def _marker_text(bucket: Bucket, formula: Formula) -> str:
    parts = {
        "period": _period_text(bucket),
        "value": wording.value_text(formula, bucket.measure.value),
        "answers": wording.n_text(bucket.measure.n),
        "interval": wording.interval_text(formula, bucket.measure.ci95, value=bucket.measure.value),
    }
    if not bucket.measure.ci95:
        return _("%(period)s: %(value)s (%(answers)s)") % parts
    return _("%(period)s: %(value)s (%(answers)s, 95%% confidence interval %(interval)s)") % parts


def _period_text(bucket: Bucket) -> str:
    first, last = date_format(bucket.start), date_format(bucket.end)
    if bucket.partial:
        return _("%(first)s to %(last)s, incomplete") % {"first": first, "last": last}
    return first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}


def _summary(series: Sequence[Bucket], formula: Formula) -> str:
    shown = [bucket for bucket in series if bucket.measure.value is not None]
    values = [bucket.measure.value for bucket in shown if bucket.measure.value is not None]
    return _("Lowest %(lowest)s, highest %(highest)s. Latest: %(latest)s.") % {
        "lowest": wording.value_text(formula, min(values)),
        "highest": wording.value_text(formula, max(values)),
        "latest": _marker_text(shown[-1], formula),
    }


def _ruler(from_lo: float, from_hi: float, to_lo: float, to_hi: float) -> Callable[[float], float]:
    """Maps one span to another; a span without length is mapped to the middle."""
    if from_hi <= from_lo:
        return lambda value: (to_lo + to_hi) / 2
    return lambda value: to_lo + (value - from_lo) / (from_hi - from_lo) * (to_hi - to_lo)


def _runs(places: Sequence[T | None]) -> list[list[T]]:
    """Neighbours without a gap between them."""
    runs: list[list[T]] = []
    after_gap = True
    for place in places:
        if place is not None:
            if after_gap:
                runs.append([])
            runs[-1].append(place)
        after_gap = place is None
    return runs


def _line(points: Sequence[Point]) -> str:
    return "M" + "L".join(" ".join(_xy(point)) for point in points)


def _xy(point: Point) -> tuple[str, str]:
    return _figure(point[0]), _figure(point[1])


def _figure(value: float) -> str:
    """A coordinate; always with a point, whatever the language."""
    return f"{value:.1f}"
