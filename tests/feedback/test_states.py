"""Four states are chosen, four follow from facts."""

from dataclasses import replace
from datetime import timedelta

import pytest

from feedback.states import ItemFacts, State, explain, facts_of, state_of
from tests.factories import at, make_item
from ui.states import LOOKS

NOW = at("2026-11-22 12:00")
HOUR = timedelta(hours=1)


def fetched(hours_ago: float) -> dict:
    return {"last_good_fetch_at": NOW - hours_ago * HOUR, "retrieve_every": HOUR}


RETRIEVING = ItemFacts("retrieving", has_usable_answers=True)
EMPTY = ItemFacts("retrieving", has_usable_answers=False)
BY_HAND = ItemFacts("retrieving", has_usable_answers=False, by_hand=True, has_question=False)

TABLE = [
    # Chosen by somebody, whatever the facts say.
    (replace(RETRIEVING, chosen="draft"), State.DRAFT),
    (replace(RETRIEVING, chosen="paused", failure_code="no_connection", **fetched(99)), State.PAUSED),
    (replace(RETRIEVING, chosen="archived", question_gone=True), State.ARCHIVED),
    (replace(EMPTY, chosen="draft", has_question=False), State.DRAFT),
    # Retrieving: what a person must know first wins.
    (replace(EMPTY), State.WAITING),
    (replace(EMPTY, **fetched(1)), State.WAITING),
    (replace(RETRIEVING, **fetched(1)), State.LIVE),
    (replace(RETRIEVING, **fetched(2)), State.LIVE),
    (replace(RETRIEVING, **fetched(2.01)), State.STALE),
    (replace(EMPTY, **fetched(2.01)), State.STALE),
    (replace(RETRIEVING, last_good_fetch_at=NOW - 1000 * HOUR), State.LIVE),  # no frequency is known: nothing is late
    (replace(RETRIEVING, failure_code="server_trouble", **fetched(1)), State.ERROR),
    (replace(RETRIEVING, failure_code="server_trouble", **fetched(9)), State.ERROR),
    (replace(EMPTY, failure_code="server_trouble"), State.ERROR),
    (replace(RETRIEVING, attention_code="token_refused", failure_code="token_refused"), State.NEEDS_ATTENTION),
    (replace(RETRIEVING, question_gone=True), State.NEEDS_ATTENTION),
    (replace(RETRIEVING, question_differs=True), State.NEEDS_ATTENTION),
    (replace(RETRIEVING, has_question=False), State.NEEDS_ATTENTION),
    # Entered by hand: nothing is fetched, so nothing is late or fails.
    (BY_HAND, State.WAITING),
    (replace(BY_HAND, has_usable_answers=True), State.LIVE),
    (replace(BY_HAND, chosen="draft"), State.DRAFT),
]


@pytest.mark.parametrize(("facts", "expected"), TABLE)
def test_the_state_follows_from_the_facts(facts, expected):
    assert state_of(facts, NOW) == expected


def test_each_state_has_a_badge_that_says_the_same_and_a_sentence():
    for state in State:
        assert LOOKS[state.value][2] == state.label
        assert explain(state, RETRIEVING).endswith(".")


def test_the_sentence_says_what_to_do_about_a_changed_question():
    differs, gone = replace(RETRIEVING, question_differs=True), replace(RETRIEVING, question_gone=True)
    assert "choices of the question have changed" in explain(State.NEEDS_ATTENTION, differs)
    assert "no longer in the survey" in explain(State.NEEDS_ATTENTION, gone)


@pytest.mark.parametrize(
    ("code", "what", "to_do"),
    [
        ("survey_gone", "does not know this survey any more", "archive the feedback items"),
        ("token_refused", "refused the API token", "save it in the connection again"),
        ("right_missing", "may not do this", "Ask your Qualtrics administrator"),
    ],
)
def test_the_sentences_say_what_the_source_refuses_and_what_to_do(code, what, to_do):
    facts = replace(RETRIEVING, attention_code=code)
    assert state_of(facts, NOW) == State.NEEDS_ATTENTION
    assert what in explain(State.NEEDS_ATTENTION, facts)
    assert to_do in explain(State.NEEDS_ATTENTION, facts)


def test_facts_are_read_from_the_item_its_question_and_its_survey(db):
    item = make_item()
    assert facts_of(item, has_usable_answers=True) == ItemFacts("retrieving", has_usable_answers=True)
    item.question.fingerprint = "another"
    item.question.gone_at = NOW
    item.survey.attention_code, item.survey.failure_code = "survey_gone", "not_found"
    item.survey.last_good_fetch_at, item.survey.retrieve_every = NOW, HOUR
    assert facts_of(item, has_usable_answers=False) == ItemFacts(
        "retrieving", False, False, True, True, True, "survey_gone", "not_found", NOW, HOUR
    )
    item.question = item.survey = None
    assert facts_of(item, has_usable_answers=False) == ItemFacts("retrieving", False, has_question=False)
