"""A draft can be changed until it is confirmed, and what is sent is what was seen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from integrations.distributions.rules import body_of, spec_of
from integrations.models import Distribution

pytestmark = pytest.mark.django_db
URL = "/api/v1/distributions/"
NOW = datetime(2026, 11, 25, 8, tzinfo=UTC)


@pytest.fixture
def prepared(api):
    """Prepares a draft over the API."""

    def make(spec):
        answer = api.post(URL, spec)
        assert answer.status_code == 201, answer.json()
        return Distribution.objects.get(pk=answer.json()["id"])

    return make


def page_of(draft, action="edit"):
    return reverse(f"integrations:distribution_{action}", args=[draft.pk])


def shown_values(page):
    """What a browser would send of this form."""
    return {bound.html_name: bound.value() or "" for bound in page.context["form"]}


def full(email, sms, there, kind):
    """A spec with every field of its kind."""
    library = {"message_text": "", "library": there.library, "message": there.invite}
    dates = {"send_at": "2036-11-25T08:00:00Z", "expires_at": "2036-12-25T08:00:00Z"}
    if kind == "email":
        person = {"person": "customer001@coastline.example", "link_type": "Multiple"}
        return email(**library, **dates, **person)
    return sms(**dates, sample=there.sample)


@pytest.mark.parametrize("kind", ["email", "sms"])
def test_the_form_shows_the_draft_and_saved_as_shown_it_stays_the_same(alice, prepared, email, sms, there, sent, kind):
    draft = prepared(full(email, sms, there, kind))
    values = shown_values(alice.get(page_of(draft)))
    assert alice.post(page_of(draft), values).url == reverse("integrations:distribution", args=[draft.pk])
    after = Distribution.objects.get(pk=draft.pk)
    assert (after.request, after.recipients, after.version) == (draft.request, draft.recipients, 2)
    assert sent() == []


def test_what_is_changed_in_the_form_is_what_is_sent(alice, prepared, email, there, sent):
    draft = prepared(email())
    values = shown_values(alice.get(page_of(draft)))
    alice.post(page_of(draft), values | {"subject": "How was the trip?", "mailing_list": there.regular.id})
    changed = Distribution.objects.get(pk=draft.pk)
    assert (changed.request["header"]["subject"], changed.recipients) == ("How was the trip?", 130)
    assert (
        "Send this to 130 people?" in alice.get(reverse("integrations:distribution", args=[draft.pk])).content.decode()
    )
    alice.post(page_of(draft, "send"), {"seen_version": changed.version})
    assert sent() == [changed.request]


def test_another_survey_and_directory_can_be_chosen(alice, prepared, email, there, sandbox):
    draft, other = prepared(email()), sandbox.control.survey_id("post-journey")
    page = alice.get(page_of(draft), {"survey": other})
    alice.post(f"{page_of(draft)}?survey={other}", shown_values(page))
    changed = Distribution.objects.get(pk=draft.pk)
    assert (changed.survey_external_id, changed.request["surveyLink"]["surveyId"]) == (other, other)
    assert changed.survey_name != draft.survey_name


def test_the_person_is_shown_by_email_and_stays_one_person(alice, prepared, email, there):
    draft = prepared(email(person="customer001@coastline.example"))
    page = alice.get(page_of(draft))
    assert page.context["form"]["person"].value() == "customer001@coastline.example"
    # Gone from the list meanwhile: the mail must not go to the whole list in their place.
    [lookup] = [key for key in there.pilot.members if key == draft.request["recipients"]["contactId"]]
    contact = there.pilot.members.pop(lookup)
    try:
        page = alice.get(page_of(draft))
        answer = alice.post(page_of(draft), shown_values(page))
    finally:
        there.pilot.members[lookup] = contact
    assert answer.status_code == 422
    assert "person" in answer.context["form"].errors


def test_a_rule_that_the_change_breaks_is_said_and_the_draft_stays(alice, api, prepared, email, there):
    draft = prepared(email())
    page = alice.post(page_of(draft), shown_values(alice.get(page_of(draft))) | {"transaction_batch": there.batch})
    assert page.status_code == 422
    assert "mailing_list" in page.context["form"].errors
    answer = api.put(f"{URL}{draft.pk}/", email(subject="") | {"version": 1})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["subject"])
    assert Distribution.objects.get(pk=draft.pk).request == draft.request


def test_the_api_replaces_the_content(api, prepared, email, there, sent):
    draft = prepared(email(from_name="Rail"))
    answer = api.put(f"{URL}{draft.pk}/", email(from_name="", subject="Again") | {"version": 1})
    assert answer.status_code == 200, answer.json()
    body = answer.json()
    assert (body["version"], body["state"], body["request"]["header"]["subject"]) == (2, "draft", "Again")
    assert "fromName" not in body["request"]["header"]
    assert sent() == []


def test_the_api_asks_for_the_version_that_was_seen(api, prepared, email, sent):
    draft = prepared(email())
    one = f"{URL}{draft.pk}/"
    for answer in (api.put(one, email()), api.post(f"{one}send/"), api.delete(one)):
        assert (answer.status_code, list(answer.json()["errors"])) == (400, ["version"])
    for answer in (
        api.put(one, email() | {"version": 9}),
        api.post(f"{one}send/", {"version": 9}),
        api.delete(one, {"version": 9}),
    ):
        assert (answer.status_code, answer.json()["current"]["version"]) == (409, 1)
    assert Distribution.objects.get(pk=draft.pk).request == draft.request
    assert sent() == []


def test_what_somebody_changed_after_it_was_seen_is_not_sent(alice, api, prepared, email, there, sent):
    """Alice looks at three recipients; meanwhile the draft is changed to everybody; then she presses Send."""
    draft = prepared(email())
    api.put(f"{URL}{draft.pk}/", email(mailing_list=there.regular.id) | {"version": 1})
    answer = alice.post(page_of(draft, "send"), {"seen_version": 1}, follow=True)
    assert "Somebody else changed this draft meanwhile." in answer.content.decode()
    alice.post(page_of(draft, "discard"), {"seen_version": 1})
    assert Distribution.objects.get(pk=draft.pk).state == "draft"
    assert sent() == []


def test_of_two_who_edit_the_second_sees_that_there_was_a_first(alice, prepared, email, sent):
    draft = prepared(email())
    values = shown_values(alice.get(page_of(draft)))
    alice.post(page_of(draft), values | {"subject": "First"})
    late = alice.post(page_of(draft), values | {"subject": "Second"})
    assert late.status_code == 409
    assert "Somebody else changed this draft while you were editing." in late.content.decode()
    assert Distribution.objects.get().request["header"]["subject"] == "First"
    again = {**values, "subject": "Second", "seen_version": late.context["form"].data["seen_version"]}
    assert alice.post(page_of(draft), again).status_code == 302
    assert Distribution.objects.get().request["header"]["subject"] == "Second"


@pytest.mark.parametrize("state", ["sending", "sent", "failed", "unknown"])
def test_what_is_no_draft_is_not_changed(alice, api, prepared, email, sent, state):
    draft = prepared(email())
    Distribution.objects.update(state=state, confirmed_at=NOW.replace(year=2036))
    assert alice.get(page_of(draft)).status_code == 302
    assert alice.post(page_of(draft), {"subject": "x"}).status_code == 302
    answer = api.put(f"{URL}{draft.pk}/", email() | {"version": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_draft")
    assert Distribution.objects.get().request == draft.request
    assert sent() == []


def test_a_draft_of_a_connection_that_is_switched_off_says_so(alice, prepared, email, connection):
    draft = prepared(email())
    connection.enabled = False
    connection.save()
    page = alice.get(page_of(draft))
    assert page.status_code == 422
    assert "The connection is switched off." in page.content.decode()


def test_the_page_says_everything_that_will_be_sent(alice, prepared, email, sms, there):
    page = alice.get(reverse("integrations:distribution", args=[prepared(full(email, sms, there, "email")).pk]))
    shown = " ".join(page.content.decode().split())
    for words in (
        "Pilot group", "Rail &lt;noreply@qemailserver.com&gt;", "cx@rail.example", "How was it?", there.invite,
        "Several responses each", "25 Nov 2036", "25 Dec 2036",
    ):  # fmt: skip
        assert words in shown
    page = alice.get(reverse("integrations:distribution", args=[prepared(sms()).pk])).content.decode()
    for words in ("Pilot group", "Wave 7", "Invitation", "Tell us: ${l://SurveyURL}", "As soon as it is confirmed"):
        assert words in page


def test_a_date_that_has_come_is_as_good_as_none():
    spec = {"survey": "SV_1", "mailing_list": "CG_1", "from_email": "a@b.example", "subject": "s", "message_text": "t"}
    body = body_of("email", spec, "", NOW)
    assert "send_at" not in spec_of("email", body, NOW)
    assert spec_of("email", body, NOW.replace(year=2025))["send_at"] == NOW


@pytest.mark.parametrize("path", ["*/mailinglists", "*/libraries", "*/surveys"])
def test_choices_from_a_list_that_breaks_off_are_said_to_be_incomplete(alice, api, connection, there, sandbox, path):
    place = {"kind": "email", "connection": connection.pk, "directory": there.book.id, "survey": there.survey}
    address = f"/api/v1/connections/{connection.pk}/distribution-choices/"
    assert api.get(address, place).json()["is_complete"] is True
    sandbox.control.switch_fault_on("next_page_loop", path=path)
    told = api.get(address, place).json()
    assert told["is_complete"] is False
    assert told["mailing_lists"] and told["libraries"] and told["surveys"]
    assert "Not all of the list" in alice.get(reverse("integrations:distribution_new"), place).content.decode()
