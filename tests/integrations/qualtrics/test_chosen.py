"""One choice of several as an answer of its own."""

import pytest

from integrations.qualtrics.translate import Translator

FACTS = {"status": 0, "finished": 1, "recordedDate": "2026-11-03T09:17:41.204Z"}


def read(field, values, displayed=()):
    record = {"responseId": "R_1", "values": FACTS | values, "displayedFields": list(displayed)}
    return Translator({field: (7, "chosen")}).translate_record(record).answers


@pytest.mark.parametrize(
    ("values", "displayed", "answers"),
    [
        ({"QID5": ["1", "4"]}, [], {7: 1}),
        ({"QID5": ["1", "14"]}, ["QID5"], {7: 0}),
        ({"QID5": "4"}, [], {7: 1}),
        ({"QID5": [4]}, [], {7: 1}),
        ({"QID5": []}, ["QID5"], {7: None}),
        ({}, ["QID5"], {7: None}),
        ({}, [], {}),
        ({"QID5": None}, None or [], {}),
    ],
)
def test_of_a_list_of_chosen_codes(values, displayed, answers):
    assert read("QID5=4", values, displayed) == answers


@pytest.mark.parametrize(
    ("values", "displayed", "answers"),
    [
        ({"QID6_1_2": 1}, [], {7: 1}),
        ({"QID6_1_2": "1"}, [], {7: 1}),
        ({"QID6_1_3": 1}, ["QID6_1_2"], {7: 0}),
        ({"QID6_1_2": 0, "QID6_1_3": "1"}, [], {7: 0}),
        ({"QID6_2_2": 1, "QID6_1_TEXT": "Lifts"}, ["QID6_1_2"], {7: None}),
        ({"QID6_11_2": 1}, [], {}),
        ({}, ["QID6_1_2"], {7: None}),
        ({}, [], {}),
    ],
)
def test_of_a_field_for_each_choice(values, displayed, answers):
    assert read("QID6_1_2", values, displayed) == answers


def test_records_with_odd_values_do_no_harm():
    assert read("QID5=4", {"QID5": {"4": 1}}) == {7: 0}
    assert read("QID6_1_2", {"QID6_1_2": [], "QID6_1_3": {"a": 1}}) == {7: 0}
