"""Every error can be explained to the person who reads it."""

import ast
import re
from pathlib import Path

import pytest
from django.utils import translation

from integrations.troubles import errors
from integrations.troubles.table import TROUBLES, Explanation, Retry, Stops, explain, trouble_of, vendor_words
from integrations.vault import encryption

APP = Path(encryption.__file__).parents[1]
SOURCES = [
    APP / "vault/encryption.py",
    APP / "troubles/errors.py",
    *sorted(APP.glob("qualtrics/*.py")),
    *sorted(APP.glob("outbound/*.py")),
]


def codes_in_the_code():
    """Every `code=` and `code = ` with a literal, wherever an error is made; and the codes of TLS and OAuth."""
    for source in SOURCES:
        if source.name == "connector_test.py":
            continue
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "code":
                yield from (
                    leaf.value
                    for leaf in ast.walk(node.value)
                    if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
                )
            if isinstance(node, ast.Assign) and any(
                isinstance(t, ast.Name) and t.id in ("code", "gone", "_TLS_CODES", "_REFUSALS") for t in node.targets
            ):
                yield from (
                    leaf.value
                    for leaf in ast.walk(node.value)
                    if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
                )


USED = sorted(set(codes_in_the_code()) - {"GSI_2", "GS_5", "error_code", "invalid_scope"})


def test_the_search_finds_codes():
    assert {
        "token_refused",
        "oauth_scope_refused",
        "dns_failed",
        "zip_empty",
        "key_missing",
        "tls_name",
        "survey_gone",
    } <= set(USED)


@pytest.mark.parametrize("code", USED)
def test_every_code_that_is_used_has_its_sentences(code):
    assert code in TROUBLES


@pytest.mark.parametrize("code", sorted(TROUBLES))
def test_they_are_whole_sentences(code):
    for language in ("en", "fr"):
        with translation.override(language):
            explanation = explain(code, right_host="sjc1.qualtrics.com", content_type="text/html")
            assert isinstance(explanation, Explanation)
            for sentence in explanation:
                assert sentence[0].isupper()
                assert sentence.endswith(".")
                assert "%(" not in sentence


# What only the timetable does; in French, of the same words.
OF_FETCHES = re.compile(
    r"by itself|retriev|fetch|backfill|counted|de lui-même|d’elle-même|récupér|compté", re.IGNORECASE
)


@pytest.mark.parametrize("code", USED)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_a_person_asked_for_once_promises_nothing_of_the_timetable(code, language):
    with translation.override(language):
        asked = explain(code, by_hand=True, right_host="sjc1.qualtrics.com")
        assert not OF_FETCHES.search(asked.what_to_do)
        assert asked.what_to_do.endswith(".")


@pytest.mark.parametrize("code", USED)
def test_of_a_change_whose_answer_was_lost_it_is_said_to_look_first(code):
    assert explain(code, by_hand=True, lost=True).what_to_do.endswith("look in Qualtrics before you do it again.")


def test_parameters_are_named_and_may_be_missing():
    assert "sjc1.qualtrics.com" in explain("wrong_data_centre", right_host="sjc1.qualtrics.com").what_to_do
    assert explain("wrong_data_centre").title.endswith(": ?.")
    assert explain("not_json", content_type="100%<b>", unknown="x").title.endswith("100%<b>.")


def test_an_unknown_code_gets_the_general_sentences():
    assert explain("from_the_future") == explain("qualtrics_error")


def test_what_qualtrics_said():
    assert vendor_words() == ""
    words = vendor_words(status=404, error_code="GSI_2", error_message="Survey not found.", request_id="r-1")
    assert words == "Qualtrics answered 404 GSI_2 “Survey not found.” (request r-1)."
    # What was not said leaves no hole: a proxy's page has neither code nor message, a redirect neither of both nor a number.
    assert vendor_words(status=500) == "The answer had the status 500."
    assert vendor_words(status=500, request_id="r-1") == "The answer had the status 500 (request r-1)."
    assert vendor_words(status=429, error_code="Q_1", error_message="Slow down.") == (
        "Qualtrics answered 429 Q_1 “Slow down.”."
    )


def test_an_error_prints_its_facts():
    error = errors.NotFound(
        "Gone.", code="survey_gone", status=404, error_code="GSI_2", error_message="Not found", request_id="r"
    )
    assert str(error) == "survey_gone: Gone.; status 404; Qualtrics said: GSI_2 Not found; request r"
    assert str(errors.NoConnection()) == "connection_failed: connection_failed"


@pytest.mark.parametrize(
    ("code", "stops", "retry", "arrived"),
    [
        ("token_refused", Stops.CONNECTION, Retry.NEVER, True),
        ("key_missing", Stops.CONNECTION, Retry.NEVER, False),
        ("survey_gone", Stops.SURVEY, Retry.NEVER, True),
        ("read_timeout", Stops.NOTHING, Retry.SOON, True),
        ("dns_failed", Stops.NOTHING, Retry.SOON, False),
        ("tls_expired", Stops.NOTHING, Retry.LATER, False),
        ("server_trouble", Stops.NOTHING, Retry.LATER, True),
        ("from_the_future", Stops.NOTHING, Retry.LATER, True),
    ],
)
def test_a_row_says_what_stops_whether_to_try_again_and_whether_a_write_may_have_arrived(code, stops, retry, arrived):
    row = trouble_of(code)
    assert (row.stops, row.retry, row.arrived) == (stops, retry, arrived)


def test_whatever_stops_something_is_not_tried_again():
    assert {row.retry for row in TROUBLES.values() if row.stops is not Stops.NOTHING} == {Retry.NEVER}


def test_refusals_of_an_oauth_client_have_rows_of_their_own():
    of_oauth = {code: row.of_oauth for code, row in TROUBLES.items() if row.of_oauth}
    assert of_oauth == {"token_refused": "oauth_token_refused", "right_missing": "oauth_scope_missing"}
    assert set(of_oauth.values()) <= TROUBLES.keys()


def test_no_other_module_lists_codes():
    """What a code means is asked of its row: a collection of codes elsewhere would be a second table."""
    lists = [
        f"{source.relative_to(APP)}:{node.lineno}"
        for source in sorted(APP.rglob("*.py"))
        if "migrations" not in source.parts and source.name != "table.py"
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Set | ast.Tuple | ast.List)
        and sum(isinstance(leaf, ast.Constant) and leaf.value in TROUBLES for leaf in node.elts) > 1
    ]
    assert lists == []
