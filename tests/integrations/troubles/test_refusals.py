"""What an action refuses is answered in one place, with its code for programs and its sentence for people."""

import ast
from pathlib import Path

import pytest
from django.utils import translation

from config.rest_api import problems
from feedback.models import Frequency
from integrations.connections.editing import InUse
from integrations.console.calls import NotSendable
from integrations.directory.contacts import VendorCallFailed
from integrations.distributions.rules import RuleViolations
from integrations.distributions.sending import NotADraft, SentBefore
from integrations.erasure.lookup import NotFoundByThis
from integrations.models import Connection
from integrations.reconciliation.reconciling import NothingToConfirm
from integrations.sync.requests import CannotFetch
from integrations.troubles.errors import NoConnection, QualtricsError, WrongDataCentre
from integrations.troubles.refusals import Refusal
from integrations.troubles.table import TROUBLES, explain
from integrations.vault import encryption
from integrations.webhooks.subscriptions import CannotWatch

APP = Path(encryption.__file__).parents[1]


def told(raised):
    answer = problems.handle(raised, {})
    assert answer.content_type == "application/problem+json"
    assert answer.status_code == answer.data["status"]
    return answer.data


@pytest.mark.parametrize(
    ("raised", "status", "code", "detail"),
    [
        (Refusal("connection_disabled"), 409, "connection_disabled", "The connection is switched off. An admin can"),
        (CannotFetch("fetch_under_way"), 409, "fetch_under_way", "Another fetch of this survey is under way. Try"),
        (CannotWatch("no_public_url"), 409, "no_public_url", "Qualtrics cannot be told where"),
        (NothingToConfirm(), 409, "not_held", "What is missing has changed since you looked. Look again."),
        (NotADraft(), 409, "not_a_draft", "Only a draft can be changed or discarded."),
        (SentBefore(), 409, "not_a_draft", "This distribution was confirmed before; it is not sent twice."),
        (InUse([]), 409, "in_use", "This connection cannot be deleted while"),
        (encryption.KeyMissing("No key."), 409, "key_missing", "The key that opens the stored token"),
        (NoConnection("Not there."), 502, "connection_failed", "The host cannot be reached. Ask whoever"),
        (
            WrongDataCentre("Moved.", right_host="sjc1.qualtrics.com"),
            502,
            "wrong_data_centre",
            "The account lives in another Qualtrics data centre: sjc1.qualtrics.com. Set",
        ),
    ],
)
def test_a_refusal_is_answered_with_its_code_and_its_sentence(raised, status, code, detail):
    problem = told(raised)
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["detail"].startswith(detail)


def test_facts_stand_beside_the_code_as_they_are():
    problem = told(Refusal("connection_disabled", surveys=3, more=[{"id": 1}]))
    assert (problem["surveys"], problem["more"]) == (3, [{"id": 1}])
    problem = told(VendorCallFailed(NoConnection("Cut."), unknown=True))
    assert (problem["status"], problem["code"], problem["unknown"]) == (502, "connection_failed", True)


@pytest.mark.parametrize(
    ("raised", "errors"),
    [
        (RuleViolations({"subject": "Too long.", "survey": "Gone."}), {"subject": ["Too long."], "survey": ["Gone."]}),
        (NotSendable("path", "Not a path."), {"path": ["Not a path."]}),
        (NotFoundByThis("Nobody."), {"contact": ["Nobody."]}),
    ],
)
def test_what_was_typed_wrongly_is_answered_field_by_field(raised, errors):
    problem = told(raised)
    assert (problem["status"], problem["errors"]) == (400, errors)
    assert "code" not in problem


def test_the_sentence_is_in_the_language_of_whoever_asks():
    refusal = CannotFetch("connection_disabled")
    with translation.override("fr"):
        assert told(refusal)["detail"] == str(explain("connection_disabled"))
        assert "désactivée" in told(refusal)["detail"]
    assert told(refusal)["detail"].startswith("The connection is switched off.")


def test_a_connection_that_is_switched_off_is_refused():
    on = Connection(frequency=Frequency.DAILY)
    assert on.require_enabled() is on
    with pytest.raises(Refusal) as refused:
        Connection(enabled=False).require_enabled()
    assert refused.value.code == "connection_disabled"


def below(kind):
    return {kind}.union(*map(below, kind.__subclasses__()))


def test_each_refusal_that_is_raised_has_its_sentence():
    """By its class, or by the code that it is raised with."""
    by_code = {kind.__name__ for kind in below(Refusal) - below(QualtricsError) - below(encryption.EncryptionError)}
    used = {
        (node.func.id, node.args[0].value)
        for source in APP.rglob("*.py")
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in by_code
        if node.args and isinstance(node.args[0], ast.Constant)
    }
    assert {("Refusal", "connection_disabled"), ("CannotWatch", "already_watched")} <= used
    assert {code for _name, code in used} <= TROUBLES.keys()
    assert [kind for kind in below(Refusal) if kind.code and not kind.words and kind.code not in TROUBLES] == []
