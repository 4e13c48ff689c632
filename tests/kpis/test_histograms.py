"""Canonical values, sums, and what of the counts a formula may use."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.mapping.values import number, value_key
from kpis.counting.histograms import add, total, union, usable
from kpis.counting.mapped import Mapped
from kpis.metrics.formulas import Formula

NPS = Formula("nps")


@pytest.mark.parametrize("nine", [9, 9.0, "9", "9.0", " 9 ", "09", "+9", "9.000", Decimal("9.00")])
def test_one_answer_has_one_key(nine):
    assert value_key(nine) == "9"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (None, ""),
        ("", ""),
        ("  ", ""),
        (0, "0"),
        ("-0", "0"),
        ("-0.0", "0"),
        (-1, "-1"),
        ("-01.50", "-1.5"),
        (2.5, "2.5"),
        (1e-7, "0.0000001"),
        (True, "1"),
        ("mixed", "mixed"),
        (" very good ", "very good"),
        ("1,5", "1,5"),
        ("1e3", "1e3"),
        ("٩", "٩"),
        ("9" * 6000, "9" * 6000),
    ],
)
def test_key(value, key):
    assert value_key(value) == key


@pytest.mark.parametrize("text", ["", "mixed", "1e3", "nan", "inf", "-", ".", "1/2", "٩", "9" * 6000])
def test_what_is_not_a_plain_number_has_no_number(text):
    assert number(text) is None


@given(st.one_of(st.integers(-(10**12), 10**12), st.decimals(-1000, 1000, places=3), st.text(max_size=12)))
def test_key_of_a_key_is_the_key(value):
    assert value_key(value_key(value)) == value_key(value)


def test_each_answer_is_in_exactly_one_place():
    counts = {
        "counted": {"9": 3, "10": 1, "": 4, "11": 2, "abc": 1, "0": 5},
        "unfinished": {"9": 6, "": 1},
        "preview": {"10": 2},
        "spam": {"0": 1},
    }
    histogram, excluded = usable(counts, NPS, mapping=Mapped(left_out={"0": "not_applicable"}))
    assert histogram == {"9": 3, "10": 1}
    assert excluded == {
        "unfinished": 7,
        "preview": 2,
        "spam": 1,
        "unanswered": 4,
        "not_applicable": 5,
        "out_of_scale": 3,
    }
    assert list(excluded)[-3:] == ["unanswered", "not_applicable", "out_of_scale"]
    assert sum(histogram.values()) + sum(excluded.values()) == sum(n for bins in counts.values() for n in bins.values())


def test_unfinished_responses_count_where_an_item_includes_them():
    counts = {"counted": {"9": 3}, "unfinished": {"9": 2, "": 4}, "test": {"9": 1}}
    assert usable(counts, NPS, include=("counted", "unfinished")) == ({"9": 5}, {"test": 1, "unanswered": 4})


def test_add_merges_classes_values_and_spellings():
    assert add({"counted": {"9": 1, "8": 0}}, {"counted": {"9.0": 2}, "test": {"": 1}}, {"spam": {}}) == {
        "counted": {"9": 3},
        "test": {"": 1},
    }
    assert total([]) == {}


def test_union_counts_an_answer_once_where_one_item_sees_a_part_of_the_other():
    from_the_start = {"counted": {"9": 5, "3": 2}}
    from_october = {"counted": {"9": 2}}
    assert union([from_october, from_the_start, from_october]) == from_the_start
