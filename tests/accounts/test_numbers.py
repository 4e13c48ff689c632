"""Numbers that people type are read in their language, or refused with the reason."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from ui.number_fields import NumberField, WholeNumberField
from ui.number_serializer_fields import NumberField as ApiNumberField
from ui.typed_numbers import ANY, WEIGHT, NotUnderstood, read_number, written


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("fr", "8,5", 8.5),
        ("fr", "8.5", 8.5),
        ("fr", "1 234,5", 1234.5),
        ("fr", "1\u202f234,5", 1234.5),
        ("fr", "1\u2009234\u00a0567", 1234567.0),
        ("fr", "−12", -12.0),
        ("fr", "− 12,25", -12.25),
        ("fr", "–3", -3.0),
        ("fr", "0,125", 0.125),
        ("fr", "0.125", 0.125),
        ("fr", ",5", 0.5),
        ("fr", "1.234,5", 1234.5),
        ("fr", "1.234.567", 1234567.0),
        ("en", "8.5", 8.5),
        ("en", "8,5", 8.5),
        ("en", "8,25", 8.25),
        ("en", "1,234", 1234.0),
        ("en", "1,234.5", 1234.5),
        ("en", "1,234,567", 1234567.0),
        ("en", "1.234", 1.234),
        ("en", "1.234,5", 1234.5),
        ("en", "+45", 45.0),
        ("en", " 7 ", 7.0),
        ("en", "-0", 0.0),
        ("en", "1 000 000", 1e6),
    ],
)
def test_a_number_is_read_in_the_language_of_the_page(language, text, value):
    with translation.override(language):
        assert read_number(text) == value
        assert NumberField().clean(text) == value


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(
    "text",
    [
        "1,2,3", "12 34", "1 23", "1,23,456.0", "1.5.2", "8,5 %", "50%", "eight", "1e5", "nan", "inf", "Infinity", "0x10",
        "--1", "1-", "5-10", "1_000", "½", "٣", "８", "1.", "1,", "9" * 61, "1.2345678901234567", "1,234.567.8", ".", "-",
        "−", "1 2345", "12\n34", "1'000",
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_with_the_reason(language, text):
    with translation.override(language), pytest.raises(NotUnderstood) as refusal:
        read_number(text)
    assert len(str(refusal.value)) > 10


def test_what_can_be_read_in_two_ways_is_refused_with_both():
    with translation.override("fr"), pytest.raises(NotUnderstood) as refusal:
        read_number("1.234")
    assert "1234" in str(refusal.value) and "1,234" in str(refusal.value)


numbers = st.one_of(
    st.integers(-(10**12), 10**12),
    st.floats(-1e9, 1e9).map(lambda value: round(value, 5)),
    st.sampled_from([0.00001, 1e-6]),
)


@settings(max_examples=300, deadline=None)
@given(numbers, st.sampled_from(["en", "fr"]), st.booleans())
def test_what_is_written_is_read_again(value, language, grouping):
    with translation.override(language):
        assert read_number(written(value, grouping=grouping)) == value
        assert NumberField().clean(NumberField().prepare_value(value)) == value or ANY.problem(value) != ""


@settings(max_examples=500, deadline=None)
@given(st.text(alphabet="0123456789,. \u202f−-+e", max_size=12), st.sampled_from(["en", "fr"]))
def test_no_digit_is_ever_lost(text, language):
    """What is read has the digits of the text, in their order, and nothing else."""
    with translation.override(language):
        try:
            value = read_number(text)
        except NotUnderstood:
            return
    digits = "".join(sign for sign in text if sign.isdigit())
    assert format(Decimal(repr(abs(value))), "f").replace(".", "").strip("0") == digits.strip("0")


@pytest.mark.parametrize(
    ("value", "bounds", "accepted"),
    [
        (1e26, ANY, False), (-1e26, ANY, False), (1e12, ANY, True), (1e-300, ANY, False), (0, ANY, True),
        (1e308, WEIGHT, False), (-0.5, WEIGHT, False), (0, WEIGHT, True), (float("inf"), ANY, False), (float("nan"), ANY, False),
    ],
)  # fmt: skip
def test_numbers_have_bounds(value, bounds, accepted):
    assert (bounds.problem(value) == "") is accepted
    form, api = NumberField(bounds=bounds), ApiNumberField(bounds=bounds)
    if accepted:
        assert form.clean(value) == api.run_validation(value) == value
    else:
        for field in (form.clean, api.run_validation):
            with pytest.raises(Exception, match=r".") as refusal:
                field(value)
            assert refusal.type.__name__ == "ValidationError"


@pytest.mark.parametrize("data", ["8,5", "−12", "nan", "1e999", "inf", " 5", True, [], 10**400, 1e999, "٣"])
def test_the_api_takes_json_numbers_only(data):
    with pytest.raises(Exception, match=r".") as refusal:
        ApiNumberField().run_validation(data)
    assert refusal.type.__name__ == "ValidationError"
    assert ApiNumberField().run_validation("-4.5e1") == -45.0


def test_whole_numbers():
    with translation.override("fr"):
        assert WholeNumberField().clean("1 234") == 1234
        for refused in ("1,5", "0", "1e30", "10000000000"):
            with pytest.raises(Exception, match=r".") as refusal:
                WholeNumberField().clean(refused)
            assert refusal.type.__name__ == "ValidationError"
        assert WholeNumberField(required=False).clean("") is None
