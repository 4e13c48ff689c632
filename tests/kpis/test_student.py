"""Student's t without a numerical library."""

from __future__ import annotations

import pytest

from kpis.metrics.student import beyond, t975
from tests.kpis.slow_reference import within


@pytest.mark.parametrize(
    ("df", "printed"),
    [
        *[(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (10, 2.228), (20, 2.086)],
        *[(29, 2.045), (30, 2.042), (60, 2.000), (100, 1.984), (120, 1.980), (1000, 1.962), (10_000_000, 1.960)],
    ],
)
def test_matches_the_printed_table(df, printed):
    assert round(t975(df), 3) == printed


@pytest.mark.parametrize("df", [1, 2, 3, 4, 7, 10, 31, 50, 99, 199, 200, 201, 500, 5000])
def test_holds_95_percent_of_the_distribution(df):
    assert within(t975(df), df) == pytest.approx(0.95, abs=2e-10)


def test_falls_with_every_degree_of_freedom_also_where_the_method_changes():
    quantiles = [t975(df) for df in range(1, 400)]
    assert quantiles == sorted(quantiles, reverse=True)
    assert len(set(quantiles)) == len(quantiles)


@pytest.mark.parametrize("df", [1.5, 2.25, 14.195743491683459, 88.1, 150.5, 199.999, 4000.5])
def test_degrees_of_freedom_may_be_fractions(df):
    assert within(t975(df), df) == pytest.approx(0.95, abs=2e-10)
    assert t975(df + 0.01) < t975(df) < t975(df - 0.01)


@pytest.mark.parametrize(("t", "df"), [(0.0, 3), (0.1, 1), (1.0, 2.5), (3.0, 7), (2.0, 60.5), (1.5, 5000), (4.0, 300)])
def test_probability_beyond_is_what_the_density_leaves(t, df):
    assert beyond(t, df) == pytest.approx(1 - within(t, df), abs=1e-10)
    assert beyond(-t, df) == beyond(t, df)


def test_needs_a_degree_of_freedom():
    with pytest.raises(ValueError, match="start at 1"):
        t975(0)
