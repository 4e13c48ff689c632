"""Either/or rules: each is kept by form and API before anything is sent."""

from __future__ import annotations

import pytest
from django.urls import reverse

from integrations.models import Distribution

pytestmark = pytest.mark.django_db
URL = "/api/v1/distributions/"
# What is changed of a right e-mail, and the field that says what is wrong. Words in {} stand for ids of the sandbox.
EMAIL = [
    ({"transaction_batch": "{batch}"}, "mailing_list"),
    ({"mailing_list": ""}, "mailing_list"),
    ({"message_text": ""}, "message_text"),
    ({"library": "{library}", "message": "{invite}"}, "message_text"),
    ({"mailing_list": "", "transaction_batch": "{batch}", "person": "Eva"}, "person"),
    ({"person": "Nobody At All"}, "person"),
    ({"subject": ""}, "subject"),
    ({"from_email": ""}, "from_email"),
    ({"from_email": "no address"}, "from_email"),
    ({"from_email": "a@b.example\r\nBcc: c@d.example"}, "from_email"),
    ({"subject": "Hello\r\nBcc: c@d.example"}, "subject"),
    ({"subject": "Hello\n"}, "subject"),
    ({"from_name": "Rail\rX: y"}, "from_name"),
    ({"reply_to": "a@b.example\nX: y"}, "reply_to"),
    ({"send_at": "2036-01-02T00:00:00Z", "expires_at": "2036-01-01T00:00:00Z"}, "expires_at"),
]
SMS = [
    ({"transaction_batch": "{batch}"}, "mailing_list"),
    ({"mailing_list": ""}, "mailing_list"),
    ({"person": "customer000@coastline.example", "sample": "{sample}"}, "sample"),
    ({"mailing_list": "", "transaction_batch": "{batch}", "sample": "{sample}"}, "sample"),
    ({"message_text": ""}, "message_text"),
    ({"library": "{library}", "message": "{invite}"}, "message_text"),
    ({"method": "Interactive"}, "message_text"),
    ({"method": "Reminder"}, "parent"),
    ({"method": "Thankyou"}, "parent"),
    ({"name": ""}, "name"),
    ({"name": "Wave\r\n7"}, "name"),
    ({"method": "Shout"}, "method"),
]  # fmt: skip
ALL = [("email", *each) for each in EMAIL] + [("sms", *each) for each in SMS]


def filled(changes, there):
    return {name: value.format(**vars(there)) if "{" in value else value for name, value in changes.items()}


@pytest.mark.parametrize(("kind", "changes", "field"), ALL)
def test_a_broken_rule_is_said_by_the_api_and_nothing_is_sent(api, email, sms, there, sent, kind, changes, field):
    answer = api.post(URL, (email if kind == "email" else sms)(**filled(changes, there)))
    assert answer.status_code == 400, answer.json()
    assert field in answer.json()["errors"]
    assert sent() == []
    assert not Distribution.objects.exists()


@pytest.mark.parametrize(("kind", "changes", "field"), ALL)
def test_a_broken_rule_is_said_by_the_form_and_nothing_is_sent(alice, email, sms, there, sent, kind, changes, field):
    values = (email if kind == "email" else sms)(**filled(changes, there))
    place = "&".join(f"{name}={values.pop(name)}" for name in ("kind", "connection", "directory", "survey"))
    if values.get("message"):
        values["message"] = f"{values.pop('library')}/{values['message']}"
    page = alice.post(f"{reverse('integrations:distribution_new')}?{place}", values)
    assert page.status_code == 422
    assert field in page.context["form"].errors
    assert sent() == []
    assert not Distribution.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"name": "Wave"}, {"method": "Invite"}, {"sample": "{sample}"}, {"parent": "SMSD_1"}]
)
def test_an_email_takes_nothing_of_an_sms(api, email, there, sent, changes):
    answer = api.post(URL, email(**filled(changes, there)))
    assert set(answer.json()["errors"]) >= set(changes)
    assert sent() == []


@pytest.mark.parametrize(
    ("kind", "changes", "recipients"),
    [
        ("email", {}, 3),
        ("email", {"mailing_list": "", "transaction_batch": "{batch}"}, 8),
        ("email", {"message_text": "", "library": "{library}", "message": "{invite}"}, 3),
        ("email", {"person": "customer000@coastline.example"}, 1),
        ("email", {"reply_to": "", "from_name": "", "link_type": "Anonymous"}, 3),
        ("sms", {}, 3),
        ("sms", {"sample": "{sample}"}, 13),
        ("sms", {"method": "Interactive", "message_text": ""}, 3),
        ("sms", {"mailing_list": "", "transaction_batch": "{batch}"}, 8),
        ("sms", {"message_text": "", "library": "{library}", "message": "{invite}"}, 3),
    ],
)
def test_what_keeps_the_rules_is_prepared_and_qualtrics_takes_it(
    api, email, sms, there, sent, kind, changes, recipients
):
    draft = api.post(URL, (email if kind == "email" else sms)(**filled(changes, there)))
    assert draft.status_code == 201, draft.json()
    assert (draft.json()["state"], draft.json()["recipients"]) == ("draft", recipients)
    called = {
        3: "Pilot group",
        1: "Pilot group",
        13: "One in ten",
        8: there.book.batches[there.batch].shown()["creationDate"],
    }
    assert draft.json()["audience"] == called[recipients]
    assert sent() == []
    done = api.post(f"{URL}{draft.json()['id']}/send/", {"version": 1}).json()
    assert (done["state"], done["error"]) == ("sent", "")
    assert sent() == [draft.json()["request"]]


def test_a_reminder_follows_what_was_sent(api, sms, there, sent):
    first = api.post(URL, sms()).json()
    parent = api.post(f"{URL}{first['id']}/send/", {"version": 1}).json()["external_id"]
    draft = api.post(URL, sms(method="Reminder", parent=parent)).json()
    assert api.post(f"{URL}{draft['id']}/send/", {"version": 1}).json()["state"] == "sent"
    assert sent()[-1]["parentDistributionId"] == parent


def test_a_person_becomes_their_id_in_the_list(api, email, there, sent):
    """The contact's id in the directory would not do; and two of one name are told apart by e-mail."""
    draft = api.post(URL, email(person="CUSTOMER002@coastline.example")).json()
    member = draft["request"]["recipients"]["contactId"]
    assert member.startswith("CGC_")
    contact = there.book.contacts[there.pilot.members[member]]
    assert contact.email == "customer002@coastline.example"
    names = [f"{each.first_name} {each.last_name}" for each in there.book.contacts.values()]
    double = next(name for name in names if names.count(name) > 1)
    answer = api.post(URL, email(mailing_list=there.regular.id, person=double))
    assert "Several people" in answer.json()["errors"]["person"][0]
    single = next(name for name in names if names.count(name) == 1)
    assert api.post(URL, email(mailing_list=there.regular.id, person=single)).status_code == 201


def test_a_person_is_found_by_email_without_reading_the_list(api, email, there, sent, sandbox):
    answer = api.post(URL, email(mailing_list=there.regular.id, person="customer099@coastline.example"))
    assert answer.status_code == 201
    assert [call["path"] for call in sandbox.control.calls(path=f"/mailinglists/{there.regular.id}")] == []
    lookup = answer.json()["request"]["recipients"]["contactId"]
    contact = there.book.contacts[there.regular.members[lookup]]
    assert contact.email == "customer099@coastline.example"
    # Somebody of the directory who is not in this list.
    assert "person" in api.post(URL, email(person="customer099@coastline.example")).json()["errors"]


def test_a_list_that_is_gone_or_empty_is_said(api, email, there, sent):
    assert "mailing_list" in api.post(URL, email(mailing_list="CG_gone")).json()["errors"]
    batch = email(mailing_list="", transaction_batch="BT_gone")
    assert "transaction_batch" in api.post(URL, batch).json()["errors"]
    members, there.pilot.members = there.pilot.members, {}
    try:
        assert "mailing_list" in api.post(URL, email()).json()["errors"]
    finally:
        there.pilot.members = members
    assert sent() == []
