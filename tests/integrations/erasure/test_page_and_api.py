"""Admins erase on a page in two steps, and over the API with a dry run first."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from feedback.models import Erasure, Response
from integrations.directory import contacts
from tests.integrations.erasure.conftest import KEY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]
PAGE, API = "/settings/erasure/", "/api/v1/erasures/"


@pytest.fixture
def page(client_of, admin):
    return client_of(admin)


def whom(answer) -> str:
    """What the page of the first step sends on."""
    return re.search(r'name="whom" value="([^"]+)"', answer.content.decode())[1]


def email_of(sandbox, survey) -> tuple[str, str]:
    """Somebody's e-mail and response."""
    row = next(each for each in sandbox.world.responses[survey.external_id].values() if each.channel == "email")
    return f"traveller{row.respondent % 100_000}@mail.example", row.id


# --- the page ---------------------------------------------------------------------------------------------------------


def test_looking_shows_counts_and_erases_nothing(page, person, fetched):
    answer = page.post(PAGE, {"ids": f"{person}\n R_unknown1"})
    text = answer.content.decode()
    assert answer.status_code == 200
    assert fetched.name in text
    assert "2 responses are erased and kept away" in text
    assert Response.objects.filter(external_id=person).exists()
    assert not Erasure.objects.exists()


def test_the_second_step_erases_what_was_shown(page, person, admin):
    answer = page.post(PAGE, {"whom": whom(page.post(PAGE, {"ids": person}))}, follow=True)
    assert "1 stored response was erased" in answer.content.decode()
    assert not Response.objects.filter(external_id=person).exists()
    line = Erasure.objects.get()
    assert (line.by, line.responses, line.source_deleted) == (admin, 1, 0)
    assert person not in answer.content.decode()


def test_only_what_was_shown_and_only_for_a_while(page, person):
    signed = whom(page.post(PAGE, {"ids": person}))
    page.post(PAGE, {"whom": signed[:-1] + ("A" if signed[-1] != "A" else "B")})
    with time_machine.travel(timezone.now() + timedelta(minutes=31)):
        assert "Look again" in page.post(PAGE, {"whom": signed}, follow=True).content.decode()
    assert not Erasure.objects.exists()


@pytest.mark.parametrize("ticked", [False, True])
def test_at_the_vendor_only_when_ticked(page, sandbox, person, ticked):
    data = {"whom": whom(page.post(PAGE, {"ids": person}))} | ({"at_vendor": "on"} if ticked else {})
    page.post(PAGE, data)
    assert (person in {row["id"] for row in sandbox.control.truth(KEY)}) is not ticked


def test_a_vendor_that_does_not_delete_is_named(page, sandbox, person):
    data = {"whom": whom(page.post(PAGE, {"ids": person})), "at_vendor": "on"}
    sandbox.control.switch_fault_on("500", path="*")
    text = page.post(PAGE, data, follow=True).content.decode()
    assert "1 response was not deleted in Qualtrics" in text
    assert not Response.objects.filter(external_id=person).exists()


def test_by_contact(page, sandbox, fetched, connection):
    email, response_id = email_of(sandbox, fetched)
    answer = page.post(PAGE, {"contact": email, "connection": connection.pk})
    assert email in answer.content.decode()
    page.post(PAGE, {"whom": whom(answer)})
    assert not Response.objects.filter(external_id=response_id).exists()
    assert Erasure.objects.get().way == "contact"


def test_the_page_of_a_contact_leads_there(page, sandbox, fetched, connection):
    directory = contacts.directories_of(connection).rows[0].id
    person = contacts.contacts_of(connection, directory, limit=1).rows[0]
    text = page.get(f"/settings/contacts/{connection.pk}/{directory}/{person.id}/").content.decode()
    link = html.unescape(re.search(rf'href="({PAGE}[^"]+)"', text)[1])
    filled_in = page.get(link).content.decode()
    assert f'value="{person.id}"' in filled_in
    assert f'<option value="{connection.pk}" selected>' in filled_in


def test_somebody_who_answered_nothing_is_said(page, fetched, connection):
    answer = page.post(PAGE, {"contact": "nobody@mail.example", "connection": connection.pk})
    assert "There is nothing to erase" in answer.content.decode()
    assert 'name="whom"' not in answer.content.decode()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Give either response ids or a contact."),
        ({"ids": "R_1", "contact": "eva@mail.example"}, "Give either response ids or a contact."),
        ({"ids": "R_1 and R_2"}, "“and” is not a response id"),
        ({"contact": "eva@mail.example"}, "Choose the connection to look through."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(page, data, said):
    answer = page.post(PAGE, data)
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_contact_nobody_knows_and_a_vendor_in_trouble(page, sandbox, fetched, connection):
    data = {"contact": "CID_000000000000000", "connection": connection.pk}
    assert "No directory of this connection" in page.post(PAGE, data).content.decode()
    sandbox.control.switch_fault_on("401", path="*")
    assert page.post(PAGE, data).status_code == 502


def test_numbers_of_queries_do_not_grow(page, person, django_assert_max_num_queries):
    for _ in range(12):
        Erasure.objects.create(way="ids", asked=1)
    with django_assert_max_num_queries(14):
        assert page.get(reverse("integrations:erasure")).status_code == 200


# --- the API ----------------------------------------------------------------------------------------------------------


def test_the_api_looks_unless_it_is_told_to_erase(api_of, admin, person, fetched):
    answer = api_of(admin).post(API, {"response_ids": [person, person]}, format="json")
    assert answer.status_code == 200
    assert answer.json()["erasure"] is None
    assert answer.json()["found"] == {
        "asked": 1, "responses": 1, "messages": 1, "rejected_records": 1, "console_calls": 1, "distributions": 0,
        "erased_before": 0, "surveys": [{"id": fetched.pk, "name": fetched.name, "responses": 1}],
    }  # fmt: skip
    assert Response.objects.filter(external_id=person).exists()


def test_the_api_erases(api_of, admin, person):
    answer = api_of(admin).post(API, {"response_ids": [person], "dry_run": False}, format="json")
    assert answer.status_code == 201
    assert (answer.json()["erasure"]["responses"], answer.json()["erasure"]["traces"]) == (1, 3)
    assert answer.json()["erasure"]["by"] == admin.pk
    assert not Response.objects.filter(external_id=person).exists()
    listed = api_of(admin).get(API)
    assert [each["responses"] for each in listed.json()["results"]] == [1]
    assert person not in listed.content.decode()


def test_the_api_erases_by_contact_and_at_the_vendor(api_of, admin, sandbox, fetched, connection):
    email, response_id = email_of(sandbox, fetched)
    spec = {"contact": email, "connection": connection.pk, "dry_run": False, "delete_at_vendor": True}
    answer = api_of(admin).post(API, spec, format="json").json()
    assert (answer["erasure"]["way"], answer["erasure"]["source_deleted"]) == ("contact", 1)
    assert response_id not in {row["id"] for row in sandbox.control.truth(KEY)}


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({}, "non_field_errors"),
        ({"response_ids": ["R_1"], "contact": "x@mail.example"}, "non_field_errors"),
        ({"response_ids": ["R_1", "SV_2"]}, "response_ids"),
        ({"response_ids": ["R_1 R_2"]}, "response_ids"),
        ({"contact": "x@mail.example"}, "connection"),
        ({"contact": "x@mail.example", "connection": 999}, "connection"),
    ],
)
def test_the_api_says_what_is_wrong(api_of, admin, spec, field):
    answer = api_of(admin).post(API, spec | {"dry_run": False}, format="json")
    assert answer.status_code == 400
    assert field in answer.content.decode()
    assert not Erasure.objects.exists()


def test_the_api_passes_the_vendors_trouble_on(api_of, admin, sandbox, fetched, connection):
    sandbox.control.switch_fault_on("500", path="*")
    answer = api_of(admin).post(API, {"contact": "x@mail.example", "connection": connection.pk}, format="json")
    assert answer.status_code == 502


def test_analysts_erase_nobody(client_of, api_of, analyst, person):
    assert client_of(analyst).get(PAGE).status_code == 403
    assert client_of(analyst).post(PAGE, {"ids": person}).status_code == 403
    assert api_of(analyst).post(API, {"response_ids": [person]}, format="json").status_code == 403
