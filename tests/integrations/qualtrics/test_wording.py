"""Names and wordings of the vendor as people read them."""

import pytest

from integrations.qualtrics.wording import looped, readable

NAMES = {"QID9": "Purpose", "SC_1": "Station index", "QID8": ""}


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("Why ${q://QID9/ChoiceGroup/SelectedChoices}?", "Why [Purpose]?"),
        ("Why ${q://QID8/ChoiceTextEntryValue}?", "Why [QID8]?"),
        ("On ${e://Field/line} since ${e://Field/since?format=d}", "On [line] since [since]"),
        ("${m://FirstName}, you have ${gr://SC_1/Score} points", "[FirstName], you have [Station index] points"),
        ("How was ${lm://Field/1}?", "How was […]?"),
        ("It is ${date://CurrentDate/FL}", "It is [CurrentDate]"),
        ("${e://Field/}${x://}", "[…]${x://}"),
        ("It costs $5 {net}", "It costs $5 {net}"),
    ],
)
def test_piped_text_is_a_placeholder_that_says_what_comes_there(raw, shown):
    assert readable(raw, NAMES) == shown


@pytest.mark.parametrize("raw", ["", "   ", "\u200b", "\u200b\ufeff\u2060 ", "\u3164", "\u202e\u200f", "\ufe0f"])
def test_what_shows_nothing_is_nothing(raw):
    assert readable(raw) == ""


@pytest.mark.parametrize("text", ["😀", "👩\u200d👩\u200d👧", "زيارة", "e\u0301", "Visite n°\u00a07"])
def test_words_of_any_language_stay(text):
    assert readable(text) == text


@pytest.mark.parametrize(
    "turned", ["Visit \u202eyevrus", "\u2067open", "closed twice \u2069\u2069 \u202e", "\u202a\u202b"]
)
def test_what_turns_text_round_ends_with_it(turned):
    shown = readable(f"a{turned}")
    assert shown == readable(shown)
    assert (shown[0], shown[-1]) == ("\u2068", "\u2069")
    assert not {"\u2066", "\u2067", "\u2068", "\u2069"} & set(shown[1:-1])


def test_a_loop_says_what_it_is_about():
    assert looped("Was ${lm://Field/1} on ${lm://Field/2}, ${m://FirstName}?", {"1": "the hall"}) == (
        "Was the hall on ${lm://Field/2}, ${m://FirstName}?"
    )
