"""Every error can be explained to the person who reads it."""

import ast
from pathlib import Path

import pytest
from django.utils import translation

from integrations.troubles import errors
from integrations.troubles.messages import CODES, Explanation, explain, vendor_words
from integrations.vault import encryption

ROOM = Path(encryption.__file__).parent
SOURCES = [ROOM / "encryption.py", *sorted((ROOM / "qualtrics").glob("*.py"))]


def codes_in_the_code():
    """Every `code=` and `code = ` with a literal, wherever an error is made; and the codes of TLS and OAuth."""
    for source in SOURCES:
        if source.name in ("messages.py", "connector_test.py"):
            continue
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "code":
                yield from (
                    leaf.value
                    for leaf in ast.walk(node.value)
                    if isinstance(leaf, ast.Constant) and isinstance(leaf.value, str)
                )
            if isinstance(node, ast.Assign) and any(
                isinstance(t, ast.Name) and t.id in ("code", "gone", "_TLS_CODES", "_REFUSALS", "_OF_OAUTH")
                for t in node.targets
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
    assert code in CODES


@pytest.mark.parametrize("code", sorted(CODES))
def test_they_are_whole_sentences(code):
    for language in ("en", "fr"):
        with translation.override(language):
            explanation = explain(code, right_host="sjc1.qualtrics.com", content_type="text/html")
            assert isinstance(explanation, Explanation)
            for sentence in explanation:
                assert sentence[0].isupper()
                assert sentence.endswith(".")
                assert "%(" not in sentence


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
