"""From a line of an export to a response, and every trap on the way."""

import datetime as dt
import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.intake import NewResponse
from integrations.qualtrics.translate import (
    ANSWER_UNREADABLE,
    LONGEST_TEXT,
    REJECTIONS,
    TEXT_CUT,
    TEXT_REPAIRED,
    Rejected,
    Translator,
)

SENTIMENT = "QID3_TEXT_0123456789abcdef01234567Sentiment"
MAPPING = {
    "QID4": (14, "nps"),
    "QID1": (11, "choice"),
    "QID3_TEXT": (13, "text"),
    SENTIMENT: (19, "sentiment"),
    "QID5": (15, "multi"),
    "QID10_1": (20, "number"),
}
TRANSLATOR = Translator(MAPPING)
VALUES = {
    "startDate": "2026-11-03T09:15:02Z",
    "endDate": "2026-11-03T09:17:40Z",
    "status": 0,
    "ipAddress": "203.0.113.9",
    "progress": 100,
    "duration": 158,
    "finished": 1,
    "recordedDate": "2026-11-03T09:17:41.204Z",
    "_recordId": "R_3kQ9LmX2bWc7KsT",
    "recipientEmail": "eva@northwind.example",
    "locationLatitude": "59.9127",
    "distributionChannel": "email",
    "userLanguage": "EN",
    "QID1": 3,
    "QID3_TEXT": "Fast and kind",
    "QID4_NPS_GROUP": 3,
    "QID4": 9,
    "QID5": ["4", "1"],
    "QID10_1": 71.5,
    SENTIMENT: "Very Positive",
    "segment": "B2B",
}


def line(_drop=(), _displayed=(), _id="R_3kQ9LmX2bWc7KsT", **changes):
    values = {key: value for key, value in (VALUES | changes).items() if key not in _drop}
    return orjson.dumps({"responseId": _id, "values": values, "labels": {}, "displayedFields": list(_displayed)})


def answers(translator=TRANSLATOR, **changes):
    response = translator.translate(line(**changes))
    assert isinstance(response, NewResponse), response
    return response.answers


class TestGoodRecords:
    def test_a_whole_record(self):
        response = TRANSLATOR.translate(line(lastModifiedDate="2026-11-04T10:00:00Z"))
        assert response == NewResponse(
            external_id="R_3kQ9LmX2bWc7KsT",
            recorded_at=dt.datetime(2026, 11, 3, 9, 17, 41, 204000, tzinfo=dt.UTC),
            modified_at=dt.datetime(2026, 11, 4, 10, tzinfo=dt.UTC),
            kind="counted",
            status=0,
            finished=True,
            language="EN",
            channel="email",
            answers={11: 3, 13: "Fast and kind", 14: 9, 15: ["1", "4"], 19: 2, 20: 71.5},
            content_hash=response.content_hash,
            flags=0,
        )
        assert len(response.content_hash) == 16

    def test_no_personal_field_comes_along(self):
        shown = repr(TRANSLATOR.translate(line()))
        for private in ("203.0.113.9", "eva@", "59.91", "B2B"):
            assert private not in shown

    def test_shown_but_empty_differs_from_not_shown(self):
        found = answers(_drop=("QID4", "QID1", "QID3_TEXT", SENTIMENT), _displayed=("QID4", "QID3_TEXT"))
        assert found == {13: None, 14: None, 15: ["1", "4"], 20: 71.5}

    @pytest.mark.parametrize("empty", ["", "   ", "\n", None])
    def test_an_empty_comment_is_no_comment(self, empty):
        assert answers(QID3_TEXT=empty, _displayed=["QID3_TEXT"])[13] is None
        assert 13 not in answers(QID3_TEXT=empty)

    @pytest.mark.parametrize(
        ("raw", "value"),
        [
            (9, 9),
            (0, 0),
            ("9", 9),
            (" 9 ", 9),
            ("9.0", 9),
            (9.0, 9),
            ("-2", -2),
            (9.5, 9.5),
            ("9.5", 9.5),
            (".5", 0.5),
            ("+7", 7),
            ("007", 7),
        ],
    )
    def test_numbers_in_every_form(self, raw, value):
        for field, key in (("QID4", 14), ("QID1", 11), ("QID10_1", 20)):
            found = answers(**{field: raw})[key]
            assert found == value
            assert type(found) is type(value)

    @pytest.mark.parametrize(
        ("raw", "value"),
        [
            ("Very Negative", -2),
            ("Negative", -1),
            ("Neutral", 0),
            ("Positive", 1),
            ("Very Positive", 2),
            ("Mixed", "mixed"),
            ("VERY POSITIVE ", 2),
        ],
    )
    def test_sentiments(self, raw, value):
        assert answers(**{SENTIMENT: raw})[19] == value

    def test_a_comment_not_judged_has_no_sentiment(self):
        assert 19 not in answers(**{SENTIMENT: ""})

    @pytest.mark.parametrize(
        ("raw", "value"), [(["2", "1", "2"], ["1", "2"]), ("3", ["3"]), ([], None), ([1, 2], ["1", "2"])]
    )
    def test_several_choices(self, raw, value):
        assert answers(QID5=raw, _displayed=["QID5"])[15] == value

    @pytest.mark.parametrize(("status", "stored"), [(0, 0), (1, 1), (40, 40), (256, 256), ("8", 8), (2.0, 2)])
    def test_status(self, status, stored):
        assert TRANSLATOR.translate(line(status=status)).status == stored

    @pytest.mark.parametrize(
        ("status", "finished", "kind"),
        [
            (0, True, "counted"), (4, True, "counted"), (16, True, "counted"), (32, True, "counted"), (36, True, "counted"),
            (48, True, "counted"), (0, False, "unfinished"), (1, True, "preview"), (9, True, "preview"),
            (17, False, "preview"), (2, True, "test"), (8, True, "spam"), (12, True, "spam"), (40, False, "spam"),
            (256, True, "synthetic"), (257, True, "preview"),
        ],
    )  # fmt: skip
    def test_the_kind_follows_from_the_status(self, status, finished, kind):
        assert TRANSLATOR.translate(line(status=status, finished=finished)).kind == kind

    @pytest.mark.parametrize(
        ("finished", "stored"), [(1, True), (0, False), (True, True), (False, False), ("1", True), ("False", False)]
    )
    def test_finished(self, finished, stored):
        assert TRANSLATOR.translate(line(finished=finished)).finished is stored

    @pytest.mark.parametrize(
        ("recorded", "stored"),
        [
            ("2026-11-03T09:17:41Z", dt.datetime(2026, 11, 3, 9, 17, 41, tzinfo=dt.UTC)),
            ("2026-11-03T09:17:41.204Z", dt.datetime(2026, 11, 3, 9, 17, 41, 204000, tzinfo=dt.UTC)),
            ("2026-11-03T09:17:41.204999Z", dt.datetime(2026, 11, 3, 9, 17, 41, 204000, tzinfo=dt.UTC)),
            ("2026-11-03T02:17:41-07:00", dt.datetime(2026, 11, 3, 9, 17, 41, tzinfo=dt.UTC)),
        ],
    )
    def test_dates(self, recorded, stored):
        response = TRANSLATOR.translate(line(recordedDate=recorded))
        assert response.recorded_at == stored
        assert response.recorded_at.tzinfo is dt.UTC

    def test_a_record_asked_for_singly_reads_the_same(self):
        assert TRANSLATOR.translate_record(orjson.loads(line())) == TRANSLATOR.translate(line())

    def test_a_mapping_that_came_through_json(self):
        translator = Translator(json.loads(json.dumps(MAPPING)))
        assert translator.translate(line()) == TRANSLATOR.translate(line())

    def test_fields_are_taken_from_the_mapping_not_from_their_names(self):
        translator = Translator({"QID9": (1, "text"), "__proto__": (2, "text")})
        response = translator.translate(line(QID9="an embedded field", __proto__="x", QID777=5))
        assert response.answers == {1: "an embedded field", 2: "x"}


class TestUnreadableAnswers:
    @pytest.mark.parametrize(
        "raw", ["nine", "9a", "1_0", "９", "٩", "0x9", "1e5", True, [9], {"a": 1}, 2**53, "9" * 16, "--1", "."]
    )
    def test_of_an_answer_that_is_no_number_it_is_kept_that_it_was_given(self, raw):
        response = TRANSLATOR.translate(line(QID4=raw, _displayed=["QID4"]))
        assert response.answers[14] == (raw if type(raw) is int else "?")
        assert response.flags == (0 if type(raw) is int else ANSWER_UNREADABLE)
        assert response.answers[11] == 3

    @pytest.mark.parametrize(
        ("field", "raw"),
        [(SENTIMENT, "Great"), (SENTIMENT, 5), ("QID3_TEXT", ["x"]), ("QID3_TEXT", True), ("QID5", [{}])],
    )
    def test_other_kinds_too(self, field, raw):
        response = TRANSLATOR.translate(line(**{field: raw}))
        assert response.flags == ANSWER_UNREADABLE
        assert response.answers.get(MAPPING[field][0]) == ("?" if field == SENTIMENT else None)

    @pytest.mark.parametrize(
        ("raw", "number"),
        [
            ("7,5", 7.5), ("1 200", 1200), ("1\u202f200,5", 1200.5), ("50 %", 50), ("50%", 50), ("\u22123", -3),
            ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1.234.567", 1234567), ("0,125", 0.125),
            (" 8 ", 8), (".5", 0.5), ("1.200", 1.2),
        ],
    )  # fmt: skip
    def test_numbers_as_people_type_them(self, raw, number):
        response = TRANSLATOR.translate(line(QID4=raw))
        assert (response.answers[14], response.flags) == (number, 0)

    @pytest.mark.parametrize("raw", ["1,200", "1 2", "12 34", "7,5,5", "50 % or so", "%", "5 of 7", "1.2.3"])
    def test_what_can_be_read_in_two_ways_is_not_read(self, raw):
        response = TRANSLATOR.translate(line(QID4=raw))
        assert (response.answers[14], response.flags) == ("?", ANSWER_UNREADABLE)

    def test_a_number_as_comment_is_text(self):
        assert answers(QID3_TEXT=42)[13] == "42"


class TestText:
    @pytest.mark.parametrize(
        "words",
        ["😀👩‍👩‍👧 família", "\u202eright to left", "e\u0301\u0327", "שלום", "a\r\nb\tc", "  spaces kept  ", "\ufeff!"],
    )
    def test_words_come_through_unchanged(self, words):
        response = TRANSLATOR.translate(line(QID3_TEXT=words))
        assert response.answers[13] == words
        assert response.flags == 0

    def test_too_long_is_cut_at_a_whole_character(self):
        response = TRANSLATOR.translate(line(QID3_TEXT="é" * 2_500_000))
        assert response.answers[13] == "é" * (LONGEST_TEXT // 2)
        assert response.flags == TEXT_CUT
        assert response.answers[14] == 9
        odd = TRANSLATOR.translate(line(QID3_TEXT="a" + "é" * 40_000)).answers[13]
        assert odd == "a" + "é" * (LONGEST_TEXT // 2 - 1)

    def test_64_kilobytes_are_kept(self):
        response = TRANSLATOR.translate(line(QID3_TEXT="x" * LONGEST_TEXT))
        assert (len(response.answers[13]), response.flags) == (LONGEST_TEXT, 0)

    def test_nul_is_replaced(self):
        response = TRANSLATOR.translate(line(QID3_TEXT="a\0b\0"))
        assert (response.answers[13], response.flags) == ("a\ufffdb\ufffd", TEXT_REPAIRED)

    @pytest.mark.parametrize(
        ("escape", "words"),
        [("\\ud800", "\ufffd"), ("\\uDC00x", "\ufffdx"), ("\\ud83d\\ude00", "😀"), ("\\ude00\\ud83d", "\ufffd\ufffd")],
    )
    def test_half_characters_are_replaced(self, escape, words):
        raw = line(QID3_TEXT="MARK").replace(b"MARK", escape.encode())
        response = TRANSLATOR.translate(raw)
        assert response.answers[13] == words
        assert response.flags == (TEXT_REPAIRED if "\ufffd" in words else 0)

    @given(st.text(max_size=80))
    def test_any_text_can_be_stored(self, words):
        raw = line(QID3_TEXT="MARK").replace(b'"MARK"', json.dumps(words).encode())
        response = TRANSLATOR.translate(raw)
        assert isinstance(response, NewResponse)
        stored = response.answers.get(13)
        if stored is not None:
            stored.encode()
            assert "\0" not in stored
            if not response.flags:
                assert stored == words


class TestRejected:
    @pytest.mark.parametrize(
        ("raw", "reason"),
        [
            (b"", "empty"),
            (b"  ", "empty"),
            (b"{}", "empty"),
            (b"{ }", "empty"),
            (b"{", "broken_json"),
            (b"not json at all", "broken_json"),
            (b'{"responseId":"R_1"', "broken_json"),
            (b"\xff\xfe{}", "broken_json"),
            (b'{"responseId":"R_1","values":{"a":"\xff"}}', "broken_json"),
            (b"<html>", "broken_json"),
            (b"[]", "not_a_record"),
            (b"7", "not_a_record"),
            (b'"text"', "not_a_record"),
            (b"null", "not_a_record"),
            (b'{"responseId":"R_1"}', "not_a_record"),
            (b'{"responseId":"R_1","values":[]}', "not_a_record"),
            (b"[" * 100_000, "too_deep"),
            (b'{"values":' * 100_000, "too_deep"),
            (b'{"values":{"QID4":NaN}}', "not_a_number"),
            (b'{"values":{"QID4":Infinity}}', "not_a_number"),
            (b'{"values":{"QID4":-Infinity}}', "not_a_number"),
            (b'{"values":{"QID4":1e999}}', "not_a_number"),
            (b'{"values":{"QID4":' + b"9" * 5000 + b"}}", "not_a_number"),
            (line(_id=""), "accepted"),  # the other name of the id helps
            (line(_id="", _drop=["_recordId"]), "no_response_id"),
            (line(_id=7, _drop=["_recordId"]), "no_response_id"),
            (line(_id="../../x"), "no_response_id"),
            (line(_id="R_" + "a" * 10_000), "no_response_id"),
            (line(_id="R_1\n"), "no_response_id"),
            (line(_drop=["recordedDate"]), "no_recorded_date"),
            (line(recordedDate=None), "no_recorded_date"),
            (line(recordedDate=1762161461), "no_recorded_date"),
            (line(recordedDate="yesterday"), "no_recorded_date"),
            (line(recordedDate="2026-13-03T09:17:41Z"), "no_recorded_date"),
            (line(recordedDate="2026-11-03T09:17:41"), "no_recorded_date"),
            (line(recordedDate="0001-01-01T00:00:00+14:00"), "no_recorded_date"),
            (line(_drop=["status"]), "no_status"),
            (line(status="gold"), "no_status"),
            (line(status=True), "no_status"),
            (line(status=-1), "no_status"),
            (line(status=40_000), "no_status"),
            (line(_drop=["finished"]), "no_finished"),
            (line(finished="maybe"), "no_finished"),
            (line(finished=2), "no_finished"),
        ],
        ids=lambda value: value[:24].decode("latin-1") if isinstance(value, bytes) else value,
    )
    def test_each_trap_has_its_reason(self, raw, reason):
        found = TRANSLATOR.translate(raw)
        if reason == "accepted":
            assert isinstance(found, NewResponse)
            return
        assert isinstance(found, Rejected)
        assert found.reason == reason
        assert reason in REJECTIONS

    def test_the_response_is_named_if_it_can_be(self):
        assert TRANSLATOR.translate(line(_drop=["status"])).external_id == "R_3kQ9LmX2bWc7KsT"
        assert TRANSLATOR.translate(line()[:-5]).external_id == "R_3kQ9LmX2bWc7KsT"
        assert TRANSLATOR.translate(b'{"x":NaN}').external_id == ""

    @given(st.binary(max_size=200))
    def test_no_bytes_do_harm(self, raw):
        assert isinstance(TRANSLATOR.translate(raw), Rejected | NewResponse)

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from([*VALUES, "values", "responseId", "displayedFields"]), inner, max_size=6
                )
            ),
            max_leaves=20,
        )
    )
    def test_no_json_does_harm(self, document):
        assert isinstance(TRANSLATOR.translate(json.dumps(document).encode()), Rejected | NewResponse)
        assert isinstance(
            TRANSLATOR.translate_record({"responseId": "R_1", "values": document, "displayedFields": document}),
            Rejected | NewResponse,
        )


class TestContentHash:
    def hash_of(self, translator=TRANSLATOR, **changes):
        return translator.translate(line(**changes)).content_hash

    def test_what_is_kept_decides(self):
        same = self.hash_of()
        changed = [
            self.hash_of(QID4=8),
            self.hash_of(QID3_TEXT="Slow"),
            self.hash_of(QID5=["1"]),
            self.hash_of(**{SENTIMENT: "Mixed"}),
            self.hash_of(_drop=["QID4"]),
            self.hash_of(_drop=["QID4"], _displayed=["QID4"]),
            self.hash_of(status=1),
            self.hash_of(finished=0),
            self.hash_of(userLanguage="FR"),
            self.hash_of(distributionChannel="sms"),
            self.hash_of(recordedDate="2026-11-03T09:17:41.205Z"),
        ]
        assert len({same, *changed}) == len(changed) + 1

    def test_what_is_not_kept_does_not(self):
        same = self.hash_of()
        assert same == self.hash_of(ipAddress="198.51.100.7", segment="B2C", QID99=4, duration=1)
        assert same == self.hash_of(lastModifiedDate="2026-11-20T00:00:00Z")
        assert same == self.hash_of(QID4="9.0", QID5=["1", "4"])
        assert same == self.hash_of(_displayed=["QID77"])

    def test_the_order_of_the_mapping_does_not_matter(self):
        assert self.hash_of() == self.hash_of(Translator(dict(reversed(MAPPING.items()))))
