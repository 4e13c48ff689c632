"""Directory contacts, by page and by API, against the sandbox."""

from __future__ import annotations

from unittest import mock

import pytest
from django.urls import reverse

from integrations.directory.contacts import contacts_of
from integrations.qualtrics.directory import Contact
from integrations.qualtrics.gateway import Gateway
from integrations.qualtrics.parsing import Answer
from tests.integrations.directory.conftest import api_of_book, page_of

pytestmark = pytest.mark.django_db


def shown_values(page):
    """What a browser would send of this form: fields, and what they were when the page was drawn."""
    values = {}
    for bound in page.context["form"]:
        value = bound.value()
        for name in (bound.html_name, bound.html_initial_name):
            if value is True:
                values[name] = "on"
            elif value is not False:
                values[name] = value if isinstance(value, str) else bound.field.prepare_value(value)
    return values


def test_a_directory_is_chosen(alice, connection, book):
    page = alice.get(reverse("integrations:contacts")).content.decode()
    assert "Coastline Rail customers" in page
    assert page_of("contact_list", connection, book) in page


def test_the_list_goes_on_page_after_page_to_its_end(alice, connection, book):
    url, names, pages = page_of("contact_list", connection, book) + "?limit=50", [], 0
    following = ""
    while True:
        page = alice.get(url + (f"&begin={following}" if following else "")).context["page"]
        names += [row.id for row in page.rows]
        pages, following = pages + 1, page.following
        if not following:
            break
    assert pages == 3
    assert names == list(book.contacts)


@pytest.mark.parametrize("limit", [1, 99, 100, 101, 130, 1000])
def test_the_api_lists_until_the_limit(api, connection, book, limit):
    told = api.get(api_of_book(connection, book), {"limit": limit}).json()
    assert [row["id"] for row in told["rows"]] == list(book.contacts)[:limit]
    rest = api.get(api_of_book(connection, book), {"limit": 1000, "begin": told["following"]}).json()["rows"]
    assert bool(told["following"]) == (limit < len(book.contacts))
    if told["following"]:
        assert [row["id"] for row in rest] == list(book.contacts)[limit:]


@pytest.mark.parametrize("limit", ["0", "1001", "x"])
def test_a_limit_has_limits(api, connection, book, sent, limit):
    assert api.get(api_of_book(connection, book), {"limit": limit}).status_code == 400


@pytest.mark.parametrize(
    ("by", "value"),
    [("email", "EVA@northwind.example"), ("name", "Eva Lund"), ("reference", "N-1")],
)
def test_search_finds_by_email_name_and_reference(alice, api, connection, book, somebody, by, value):
    somebody.ext_ref = "N-1"
    page = alice.get(page_of("contact_list", connection, book), {"by": by, "value": value}).context["page"]
    assert somebody.id in [row.id for row in page.rows]
    assert all(by != "name" or row.name == "Eva Lund" for row in page.rows)
    told = api.get(api_of_book(connection, book), {"by": by, "value": value}).json()
    assert [row["id"] for row in told["rows"]] == [row.id for row in page.rows]


def test_one_word_is_a_first_or_a_last_name(api, connection, book, somebody):
    rows = api.get(api_of_book(connection, book), {"by": "name", "value": "lund", "limit": 1000}).json()["rows"]
    assert somebody.id in [row["id"] for row in rows]
    assert {"Lund"} == {row["last_name"] for row in rows}


def test_nobody_found_is_said(alice, connection, book):
    page = alice.get(page_of("contact_list", connection, book), {"by": "email", "value": "no@no.example"})
    assert "Nobody in this directory matches exactly." in page.content.decode()


def test_a_contact_is_added_with_every_field(alice, connection, book, sent):
    answer = alice.post(
        page_of("contact_new", connection, book),
        {
            "first_name": "Noa", "last_name": "Berg", "email": "noa@new.example", "phone": "+4741000000",
            "reference": "C-9", "language": "FR", "unsubscribed": "on", "embedded": "segment = B2B\nrate = a=b",
        },
    )  # fmt: skip
    assert sent() == [
        (
            "POST",
            {
                "firstName": "Noa", "lastName": "Berg", "email": "noa@new.example", "phone": "+4741000000",
                "extRef": "C-9", "language": "FR", "unsubscribed": True,
                "embeddedData": {"segment": "B2B", "rate": "a=b"},
            },
        )
    ]  # fmt: skip
    made = list(book.contacts)[-1]
    assert answer.url == page_of("contact", connection, book, made)
    assert "noa@new.example" in alice.get(answer.url).content.decode()
    del book.contacts[made]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "__all__"),
        ({"language": "FR"}, "__all__"),
        ({"email": "not an address"}, "email"),
        ({"first_name": "Eva\r\nBcc: x"}, "first_name"),
        ({"first_name": "Eva", "embedded": "no sign"}, "embedded"),
        ({"first_name": "Eva", "embedded": "a = 1\na = 2"}, "embedded"),
        ({"first_name": "E" * 256}, "first_name"),
    ],
)
def test_what_is_no_contact_is_said_and_not_sent(alice, connection, book, sent, changes, field):
    page = alice.post(page_of("contact_new", connection, book), changes)
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert sent() == []


def test_saving_sends_only_what_changed(alice, connection, book, somebody, sent):
    url = page_of("contact", connection, book, somebody.id)
    seen = shown_values(alice.get(url))
    assert alice.post(url, seen | {"phone": "+4790000000"}).status_code == 302
    assert sent() == [("PUT", {"phone": "+4790000000"})]


def test_pairs_are_sent_one_by_one_and_a_removed_one_is_emptied(alice, connection, book, somebody, sent):
    url = page_of("contact", connection, book, somebody.id)
    seen = shown_values(alice.get(url))
    alice.post(url, seen | {"embedded": "segment = B2C\nwave = 2"})
    assert sent() == [("PUT", {"embeddedData": {"segment": "B2C", "wave": "2", "line": ""}})]


def test_without_a_change_nothing_is_sent(alice, connection, book, somebody, sent):
    url = page_of("contact", connection, book, somebody.id)
    assert alice.post(url, shown_values(alice.get(url))).status_code == 302
    assert sent() == []


def test_what_somebody_else_changed_meanwhile_stays(alice, connection, book, somebody, sent):
    url = page_of("contact", connection, book, somebody.id)
    seen = shown_values(alice.get(url))
    somebody.last_name, somebody.unsubscribed = "Holm", True
    alice.post(url, seen | {"first_name": "Eve"})
    assert (somebody.first_name, somebody.last_name, somebody.unsubscribed) == ("Eve", "Holm", True)


def test_deleting_asks_first(alice, connection, book, somebody, sent):
    url = page_of("contact_delete", connection, book, somebody.id)
    assert "Eva Lund is deleted from the directory" in alice.get(url).content.decode()
    assert somebody.id in book.contacts
    assert alice.post(url).url == page_of("contact_list", connection, book)
    assert somebody.id not in book.contacts
    assert sent() == [("DELETE", None)]


def test_the_api_makes_reads_changes_and_deletes(api, connection, book, sent):
    made = api.post(api_of_book(connection, book), {"email": "api@new.example", "embedded": {"a": "1"}})
    assert made.status_code == 201
    one = api_of_book(connection, book, made.json()["id"] + "/")
    assert api.get(one).json()["embedded"] == {"a": "1"}
    changed = api.patch(one, {"unsubscribed": True}).json()
    assert (changed["unsubscribed"], changed["email"]) == (True, "api@new.example")
    assert sent()[-1] == ("PUT", {"unsubscribed": True})
    assert api.delete(one).status_code == 204
    assert api.get(one).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"language": "FR"}, {"email": "x"}, {"email": "a@b.example", "embedded": {"a=": "1"}}]
)
def test_the_api_refuses_what_is_no_contact(api, connection, book, sent, body):
    assert api.post(api_of_book(connection, book), body).status_code == 400
    assert sent() == []


def test_a_lost_answer_is_called_unknown_and_nothing_is_repeated(alice, api, connection, book, sandbox, sent):
    sandbox.control.switch_fault_on("lost_answer", path="*/contacts", method="POST")
    page = alice.post(page_of("contact_new", connection, book), {"email": "lost@new.example"})
    assert page.status_code == 502
    assert "It is not known whether Qualtrics did this." in page.content.decode()
    assert len(sent()) == 1
    problem = api.post(api_of_book(connection, book), {"email": "lost@new.example"})
    assert (problem.status_code, problem.json()["unknown"]) == (502, True)
    assert len(sent()) == 2
    lost = [key for key, each in book.contacts.items() if each.email == "lost@new.example"]
    assert len(lost) == 2  # Qualtrics had done it each time: repeating by itself would have doubled them
    for key in lost:
        del book.contacts[key]


def test_a_refusal_is_certain(alice, connection, book, sandbox, sent):
    sandbox.control.switch_fault_on("403", path="*/contacts", method="POST")
    page = alice.post(page_of("contact_new", connection, book), {"email": "no@new.example"})
    assert "It is not known" not in page.content.decode()
    assert "may not do this in Qualtrics" in page.content.decode()


def test_contacts_are_for_admins(client_of, api_of, analyst, viewer, connection, book, somebody):
    for user in (analyst, viewer):
        for name, rest in (("contact_list", []), ("contact_new", []), ("contact", [somebody.id])):
            assert client_of(user).get(page_of(name, connection, book, *rest)).status_code == 403
        assert api_of(user).get(api_of_book(connection, book)).status_code == 403
        assert api_of(user).delete(api_of_book(connection, book, f"{somebody.id}/")).status_code == 403
    assert somebody.id in book.contacts


def test_an_unknown_contact_is_not_found(alice, api, connection, book):
    assert alice.get(page_of("contact", connection, book, "CID_none")).status_code == 404
    assert api.get(api_of_book(connection, book, "CID_none/")).status_code == 404


def test_old_data_are_read():
    read = Contact.from_json({"contactId": "CID_1", "language": "null", "unsubscribed": "false", "embeddedData": None})
    assert (read.language, read.unsubscribed, read.embedded, read.name) == ("", False, {}, "CID_1")


@pytest.mark.parametrize("fault", ["next_page_loop", "next_page_elsewhere", "next_page_endless"])
@pytest.mark.parametrize("searched", [{}, {"by": "email", "value": "eva@northwind.example"}])
def test_contacts_whose_pages_lead_nowhere_are_said_to_be_incomplete(
    alice, api, connection, book, somebody, sandbox, fault, searched
):
    sandbox.control.switch_fault_on(fault, path="*/contacts*")
    told = api.get(api_of_book(connection, book), {"limit": 1000} | searched).json()
    assert told["rows"]
    assert (told["is_complete"], told["following"]) == (False, "")
    page = alice.get(page_of("contact_list", connection, book), {"limit": 100} | searched).content.decode()
    assert "Not all of the list was read" in page
    assert told["rows"][0]["id"] in page


def test_a_token_that_comes_back_ends_the_contacts(connection, book, sandbox):
    first = contacts_of(connection, book.id, limit=1)
    assert first.is_complete
    page = {"elements": [], "nextPage": f"{sandbox.url}/API/v3/directories/x/contacts?skipToken={first.following}"}
    with mock.patch.object(Gateway, "call", return_value=Answer(200, page, "", None)) as call:
        again = contacts_of(connection, book.id, limit=100, begin=first.following)
    assert (again.rows, again.following, again.error.code) == ([], "", "pages_repeat")
    assert call.call_count == 1


@pytest.mark.parametrize("fault", ["next_page_loop", "next_page_elsewhere"])
def test_directories_whose_pages_lead_nowhere_are_shown_as_far_as_they_came(
    alice, api, connection, book, sandbox, fault
):
    sandbox.control.switch_fault_on(fault, path="*/directories")
    page = alice.get(reverse("integrations:contacts"), {"connection": connection.pk}).content.decode()
    assert "Not all of the list" in page
    assert page_of("contact_list", connection, book) in page
    assert api.get(f"/api/v1/connections/{connection.pk}/directories/").status_code == 502
