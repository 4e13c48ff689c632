"""Every action on contacts when it cannot be done: said by page and API, sent once or not at all, nothing made up."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.integrations.directory.conftest import api_of_book, page_of

pytestmark = pytest.mark.django_db
NOBODY = "CID_none"


class Elsewhere:
    """A directory that does not exist."""

    id = "POOL_none"


def test_a_directory_that_does_not_exist(alice, api, connection, sent):
    for method, rest in (("get", ""), ("get", f"{NOBODY}/"), ("patch", f"{NOBODY}/"), ("delete", f"{NOBODY}/")):
        assert (
            getattr(api, method)(api_of_book(connection, Elsewhere, rest), {"email": "a@b.example"}).status_code == 404
        )
    assert api.post(api_of_book(connection, Elsewhere), {"email": "a@b.example"}).status_code == 404
    page = alice.get(page_of("contact_list", connection, Elsewhere))
    assert "callout" in page.content.decode()
    assert "page" not in page.context


@pytest.mark.parametrize("path", ["../surveys", "POOL_1%2f..", "a.b"])
def test_an_id_that_would_lead_elsewhere_is_no_address(api, alice, connection, sent, path):
    assert api.get(f"/api/v1/connections/{connection.pk}/directories/{path}/contacts/").status_code == 404
    assert alice.get(f"/settings/contacts/{connection.pk}/{path}/").status_code == 404
    assert sent() == []


@pytest.mark.parametrize(
    "query", [{"by": "phone", "value": "1"}, {"by": "email", "value": "a\r\nb"}, {"begin": "a\nb"}]
)
def test_a_search_for_nothing_possible(api, alice, connection, book, sent, query):
    assert api.get(api_of_book(connection, book), query).status_code == 400
    page = alice.get(page_of("contact_list", connection, book), query)
    assert "page" not in page.context
    assert sent() == []


def test_a_limit_that_is_not_offered_is_refused_by_the_page(alice, connection, book):
    page = alice.get(page_of("contact_list", connection, book), {"limit": "7"})
    assert "limit" in page.context["filter"].errors
    assert "page" not in page.context


def test_a_search_that_finds_nobody_is_an_empty_list(api, connection, book):
    told = api.get(api_of_book(connection, book), {"by": "reference", "value": "nobody's"}).json()
    assert told == {"rows": [], "following": "", "is_complete": True}


@pytest.mark.parametrize(
    ("method", "rest"),
    [("get", ""), ("post", ""), ("get", "one"), ("patch", "one"), ("delete", "one")],
)
def test_with_qualtrics_in_trouble_the_api_says_so(api, connection, book, somebody, sandbox, sent, method, rest):
    sandbox.control.switch_fault_on("503", path="*/contacts*")
    address = api_of_book(connection, book, f"{somebody.id}/" if rest else "")
    problem = getattr(api, method)(address, {"email": "a@b.example"} if method in ("post", "patch") else None)
    assert problem.status_code == 502
    assert problem.json()["unknown"] == (method != "get")  # a server that fails may have done it all the same
    assert len(sent()) == (0 if method == "get" else 1)
    assert somebody.email == "eva@northwind.example"


def test_a_change_whose_answer_is_lost_is_called_unknown_and_not_repeated(
    alice, api, connection, book, somebody, sandbox, sent
):
    sandbox.control.switch_fault_on("lost_answer", path="*/contacts/*", method="PUT")
    sandbox.control.switch_fault_on("lost_answer", path="*/contacts/*", method="DELETE")
    one = api_of_book(connection, book, f"{somebody.id}/")
    problem = api.patch(one, {"phone": "+4790000000"})
    assert (problem.status_code, problem.json()["unknown"], somebody.phone) == (502, True, "+4790000000")
    page = alice.post(page_of("contact_delete", connection, book, somebody.id))
    assert "It is not known whether Qualtrics did this." in page.content.decode()
    assert [method for method, _body in sent()] == ["PUT", "DELETE"]
    assert somebody.id not in book.contacts


@pytest.mark.parametrize(
    "changes",
    [
        {"email": "no address"},
        {"first_name": "Eva\r\nBcc: x"},
        {"phone": "1" * 256},
        {"embedded": {"": "1"}},
        {"embedded": {"a=b": "1"}},
        {"embedded": {"a": {"b": "1"}}},
        {"embedded": "a = 1"},
        {"unsubscribed": "perhaps"},
    ],
)
def test_a_change_to_something_impossible_is_refused_by_the_api(api, connection, book, somebody, sent, changes):
    assert api.patch(api_of_book(connection, book, f"{somebody.id}/"), changes).status_code == 400
    assert sent() == []


def test_the_api_sends_no_more_than_is_named(api, connection, book, somebody, sent):
    one = api_of_book(connection, book, f"{somebody.id}/")
    told = api.patch(one, {"embedded": {"segment": "B2C"}, "last_name": ""}).json()
    assert sent() == [("PUT", {"embeddedData": {"segment": "B2C"}, "lastName": ""})]
    assert (told["embedded"], told["first_name"], told["last_name"]) == ({"segment": "B2C", "line": "7"}, "Eva", "")
    assert api.patch(one, {}).status_code == 200
    assert len(sent()) == 1


def test_who_is_gone_is_neither_changed_nor_deleted(alice, api, connection, book, sent):
    one = api_of_book(connection, book, f"{NOBODY}/")
    assert api.patch(one, {"phone": "+4790000000"}).status_code == 404
    assert api.delete(one).status_code == 404
    assert alice.get(page_of("contact_delete", connection, book, NOBODY)).status_code == 404
    page = alice.post(page_of("contact_delete", connection, book, NOBODY))
    assert page.status_code == 200
    assert "callout" in page.content.decode()


def test_a_connection_that_is_switched_off_is_not_asked(alice, api, connection, book, sandbox):
    connection.enabled = False
    connection.save()
    sandbox.control.forget_calls()
    for answer in (
        api.get(api_of_book(connection, book)),
        api.post(api_of_book(connection, book), {"email": "a@b.example"}),
        api.get(f"/api/v1/connections/{connection.pk}/directories/"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "connection_disabled")
    for name in ("contact_list", "contact_new"):
        assert alice.get(page_of(name, connection, book)).status_code == 404
    assert alice.get(reverse("integrations:contacts")).status_code == 200
    assert sandbox.control.calls() == []


def test_directories_of_a_token_without_that_right_are_explained(alice, api, connection, sandbox):
    sandbox.control.switch_fault_on("403", path="*/directories")
    assert api.get(f"/api/v1/connections/{connection.pk}/directories/").status_code == 502
    assert "may not do this in Qualtrics" in alice.get(reverse("integrations:contacts")).content.decode()
