"""A distribution is sent once, whatever happens; and what is not known is called unknown."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from integrations.distributions import sending
from integrations.models import Distribution
from integrations.timetable import tasks

pytestmark = pytest.mark.django_db
URL = "/api/v1/distributions/"
SEEN = {"version": 1}


@pytest.fixture
def draft(api, email):
    return Distribution.objects.get(pk=api.post(URL, email()).json()["id"])


def page_of(draft, name="distribution"):
    return reverse(f"integrations:{name}", args=[draft.pk])


def confirm(alice, draft, action="send", version=1):
    """Press the button of a page that showed this version."""
    return alice.post(page_of(draft, f"distribution_{action}"), {"seen_version": version})


def test_the_page_asks_with_the_number_of_recipients_and_sends_on_confirmation(alice, admin, draft, sent):
    page = alice.get(page_of(draft)).content.decode()
    assert "Send this to 3 people?" in page
    assert sent() == []
    assert confirm(alice, draft).status_code == 302
    draft.refresh_from_db()
    assert (draft.state, draft.confirmed_by, draft.external_id[:4]) == ("sent", admin, "EMD_")
    assert len(sent()) == 1


def test_from_the_form_to_the_draft(alice, email, there, sent):
    values = email(send_at="2036-11-25T08:00", message=f"{there.library}/{there.invite}", message_text="")
    place = "&".join(f"{name}={values.pop(name)}" for name in ("kind", "connection", "directory", "survey"))
    answer = alice.post(f"{reverse('integrations:distribution_new')}?{place}", values)
    made = Distribution.objects.get()
    assert answer.url == page_of(made)
    assert made.request["message"] == {"libraryId": there.library, "messageId": there.invite}
    assert made.request["header"]["replyToEmail"] == "cx@rail.example"
    assert made.request["sendDate"].startswith("2036-11-25T")
    assert sent() == []


def test_the_lists_to_choose_from_are_those_of_now(alice, connection, there, sandbox):
    place = {"kind": "sms", "connection": connection.pk, "survey": there.survey}
    page = alice.get(reverse("integrations:distribution_new"), place).content.decode()
    for words in ("Pilot group (3)", "One in ten (13)", "Short invite", "Coastline Rail customers", "Post-journey NPS"):
        assert words in page


@pytest.mark.parametrize("times", [2, 5])
def test_confirmed_twice_it_is_sent_once(alice, api, draft, sent, times):
    for _time in range(times):
        confirm(alice, draft)
    assert api.post(f"{URL}{draft.pk}/send/", SEEN).status_code == 409
    assert len(sent()) == 1


def test_a_copy_read_before_the_other_one_sent_does_not_send(draft, admin, sent):
    first, second = Distribution.objects.get(pk=draft.pk), Distribution.objects.get(pk=draft.pk)
    sending.send(first, first.version, admin)
    with pytest.raises(sending.NotADraft):
        sending.send(second, second.version, admin)
    assert len(sent()) == 1


@pytest.mark.parametrize("kind", ["lost_answer", "cut_before_answer", "empty_body", "html_200", "500", "503"])
def test_without_a_clear_answer_the_state_is_unknown_and_nothing_is_repeated(alice, api, draft, sandbox, sent, kind):
    sandbox.control.switch_fault_on(kind, path="*/distributions", method="POST")
    confirm(alice, draft)
    draft.refresh_from_db()
    assert draft.state == "unknown"
    assert len(sent()) == 1
    shown = alice.get(page_of(draft)).content.decode()
    assert "It is not known whether this was sent." in shown
    for told in (shown, api.get(f"{URL}{draft.pk}/").json()["error"]):
        assert "look in Qualtrics before you do it again" in told
        assert not re.search("retriev|tried again", told)
    sandbox.control.switch_faults_off()
    assert api.post(f"{URL}{draft.pk}/send/", SEEN).status_code == 409
    confirm(alice, draft)
    assert api.get(f"{URL}{draft.pk}/progress/").status_code == 409
    assert len(sent()) == 1


@pytest.mark.parametrize("kind", ["400", "401", "403", "429"])
def test_a_refusal_is_certain_and_told(alice, draft, sandbox, sent, kind):
    sandbox.control.switch_fault_on(kind, path="*/distributions", method="POST")
    confirm(alice, draft)
    draft.refresh_from_db()
    assert draft.state == "failed"
    assert len(sent()) == 1
    page = alice.get(page_of(draft)).content.decode()
    assert "Nothing was sent." in page
    assert "It is not known" not in page
    assert not re.search("retriev|by itself|this survey", page.split("<main")[1])


def test_one_that_lost_its_process_is_owned_up_to(alice, draft):
    Distribution.objects.update(state="sending", confirmed_at=timezone.now() - timedelta(minutes=1))
    assert alice.get(page_of(draft)).context["distribution"].state == "sending"
    Distribution.objects.update(confirmed_at=timezone.now() - timedelta(minutes=6))
    assert alice.get(page_of(draft)).context["distribution"].state == "unknown"
    page = alice.get(page_of(draft)).content.decode()
    assert "It is not known whether this was sent." in page
    assert "Parcours stopped while it was handing this to Qualtrics." in page


def test_the_tick_owns_up_too(draft):
    Distribution.objects.update(state="sending", confirmed_at=timezone.now() - timedelta(minutes=6))
    tasks.tick()
    assert Distribution.objects.get().state == "unknown"


def test_statistics_are_those_of_qualtrics(alice, api, draft, sandbox):
    confirm(alice, draft)
    told = api.get(f"{URL}{draft.pk}/progress/").json()
    assert told["status"] == "Done"
    assert told["statistics"] == {"sent": 3, "opened": 1, "started": 0, "finished": 0, "bounced": 0, "failed": 0}
    counts = dict(alice.get(page_of(draft)).context["counts"])
    assert counts == {"Sent": 3, "Opened": 1, "Started": 0, "Finished": 0, "Bounced": 0, "Failed": 0}


def test_one_that_waits_for_its_date_has_sent_nothing_yet(api, email):
    draft = api.post(URL, email(send_at="2036-01-01T00:00:00Z")).json()
    api.post(f"{URL}{draft['id']}/send/", SEEN)
    told = api.get(f"{URL}{draft['id']}/progress/").json()
    assert (told["status"], told["statistics"]["sent"]) == ("Pending", 0)


def test_a_draft_is_discarded_and_what_was_sent_is_not(alice, api, draft, email, sent):
    assert api.delete(f"{URL}{draft.pk}/", SEEN).status_code == 204
    assert sent() == []
    other = Distribution.objects.get(pk=api.post(URL, email()).json()["id"])
    confirm(alice, other)
    assert api.delete(f"{URL}{other.pk}/", SEEN).status_code == 409
    confirm(alice, other, "discard")
    assert Distribution.objects.filter(pk=other.pk).exists()


def test_distributions_are_for_admins(client_of, api_of, analyst, viewer, draft, email, sent):
    for user in (analyst, viewer):
        assert client_of(user).get(reverse("integrations:distributions")).status_code == 403
        assert confirm(client_of(user), draft).status_code == 403
        assert api_of(user).post(URL, email()).status_code == 403
        assert api_of(user).post(f"{URL}{draft.pk}/send/", SEEN).status_code == 403
    assert sent() == []


def test_nothing_of_the_person_is_kept_but_an_id(api, email, there):
    draft = Distribution.objects.get(pk=api.post(URL, email(person="customer001@coastline.example")).json()["id"])
    assert "customer001" not in str(draft.__dict__)
