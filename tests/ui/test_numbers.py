"""Ids, versions and pages are read from what anybody may type into an address or a form."""

from pathlib import Path

import pytest

from ui import numbers
from ui.numbers import LARGEST_ID, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0", 0), ("7", 7), ("007", 7), ("9223372036854775807", LARGEST_ID)],
)
def test_ascii_digits_are_a_number(text, number):
    assert whole_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        None, "", " ", " 7", "7\n", "-7", "+7", "7.0", "1e3", "1_000", "0x1f", "seven", "7\0", "\0",
        "٧",  # Arabic-Indic: `int` would read it
        "７",  # full width
        "²", "½", "Ⅶ", "7²",
        "9223372036854775808", "9" * 20, "9" * 100_000,
    ],
)  # fmt: skip
def test_anything_else_is_none(text):
    assert whole_number(text) is None


def test_a_number_above_the_most_is_none():
    assert whole_number("9999", most=9_999) == 9_999
    assert whole_number("10000", most=9_999) is None
    assert whole_number("31", most=30) is None
    assert whole_number("31", most=31) == 31


def test_nobody_else_reads_ids_and_versions_digit_by_digit():
    """These judge a length that may be cut, read what we wrote ourselves, know an end of a field, and look at passwords."""
    root = Path(numbers.__file__).parents[1]
    apps = ("accounts", "feedback", "integrations", "journeys", "kpis", "ui", "versioning")
    readers = {
        str(source.relative_to(root))
        for app in apps
        for source in (root / app).rglob("*.py")
        if any(f".{name}()" in source.read_text() for name in ("isdecimal", "isdigit", "isnumeric"))
    }
    others = {"webhooks/receiver.py", "vendor/processes.py", "qualtrics/chosen.py"}
    assert readers == {"ui/numbers.py", "accounts/passwords.py", *(f"integrations/{name}" for name in others)}
