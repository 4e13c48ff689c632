"""What is printed of a number, and that it never contradicts what was decided from the exact one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpis.metrics import rounding
from tests.kpis.vector_files import cases


def printed(given) -> str | int:
    show, decimals = given["show"], given.get("decimals")
    if show == "number":
        return str(rounding.number(given["value"], decimals))
    if show == "share":
        before, shown = rounding.share(given["value"], decimals)
        return f"{before}{shown}"
    if show == "difference":
        return f"{rounding.difference(given['before'], given['after'], decimals):+}"
    if show == "bound":
        share = given.get("share", False)
        return str(rounding.bound(given["value"], given["target"], given["side"], decimals, is_share=share))
    if "low" in given:
        return rounding.decimals_of_scale(given["low"], given["high"])
    return rounding.decimals_of_value(given["value"])


@pytest.mark.parametrize(("given", "expected"), cases("display"))
def test_display(given, expected):
    assert printed(given) == expected


numbers = st.one_of(
    st.floats(-100, 100).map(lambda value: round(value, 3)), st.floats(-1e9, 1e9), st.integers(-100, 100).map(float)
)


@settings(max_examples=400, deadline=None)
@given(numbers, numbers, st.integers(0, 6), st.sampled_from(["low", "high"]))
def test_a_bound_is_printed_on_its_own_side_of_the_target(value, target, decimals, side):
    shown = [rounding.bound(value, target, side, decimals), rounding.beside(value, target, decimals)]
    for each in shown:
        assert (each > Decimal(repr(target)), each < Decimal(repr(target))) == (value > target, value < target)
    assert abs(rounding.number(value, decimals) - Decimal(repr(value))) <= Decimal(5).scaleb(-decimals - 1)


@settings(max_examples=300, deadline=None)
@given(st.floats(0, 100), st.one_of(st.none(), st.floats(0, 100)), st.integers(0, 2))
def test_none_and_all_are_printed_only_where_it_is_so(value, target, decimals):
    before, shown = rounding.share(value, decimals)
    if before == "" and shown in (0, 100):
        assert value == shown
    low = rounding.bound(value, target, "low", decimals, is_share=True)
    high = rounding.bound(value, target, "high", decimals, is_share=True)
    assert low < 100 or value == 100
    assert high > 0 or value == 0


@settings(max_examples=300, deadline=None)
@given(numbers, numbers, st.integers(0, 3))
def test_a_printed_difference_is_that_of_the_printed_values_or_has_a_decimal_more(before, after, decimals):
    shown = rounding.difference(before, after, decimals)
    of_printed = rounding.number(after, decimals) - rounding.number(before, decimals)
    exact = Decimal(repr(after)) - Decimal(repr(before))
    assert shown == of_printed or -shown.as_tuple().exponent == decimals + 1
    assert abs(shown - exact) <= Decimal(5).scaleb(-decimals - 1)


def test_zero_has_no_sign():
    assert str(rounding.number(-0.0, 1)) == str(rounding.number(-0.04, 1)) == "0.0"
