"""Erasing takes a response out of every table, file and number, and nothing brings it back."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from feedback.erasure import all_tombstones
from feedback.models import ChangedDay, ErasedResponse, Erasure, ErasureKey, Response
from integrations.console import calls
from integrations.erasure import erasing
from integrations.models import ConsoleCall, Delivery, Fetch, RejectedRecord, ResponseWatch, SurveyFeed
from integrations.qualtrics.events import Completed
from integrations.qualtrics.translate import Rejected, Translator
from integrations.sync import audit, requests
from integrations.webhooks import inbox
from kpis.counting.recount import differences
from kpis.models import DayHistogram
from tests.integrations.erasure.conftest import KEY, reconcile
from tests.integrations.sync.conftest import work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


def everything_in_the_database() -> str:
    """Every row of every table, as text."""
    said = StringIO()
    call_command("dumpdata", stdout=said)
    return said.getvalue()


def counted(survey) -> int:
    days = DayHistogram.objects.filter(question__survey=survey, question__field="QID2")
    return sum(n for day in days for classes in day.counts.values() for n in classes.values())


def test_a_look_counts_and_changes_nothing(person, fetched):
    before = everything_in_the_database()
    found = erasing.preview([person, "R_neverheardof"])
    assert [(survey.pk, count) for survey, count in found.surveys] == [(fetched.pk, 1)]
    assert (found.asked, found.messages, found.rejected, found.calls, found.erased_before) == (2, 1, 1, 1, 0)
    assert everything_in_the_database() == before


def test_nothing_of_it_is_left_anywhere(person, fetched, alice, settings):
    before, rows = counted(fetched), Response.objects.count()
    assert person in everything_in_the_database()
    done = erasing.erase([person], by=alice)
    assert person not in everything_in_the_database()
    assert [file.name for file in settings.SPOOL_DIR.iterdir()] == []
    assert (done.erasure.responses, done.erasure.traces) == (1, 3)
    assert Response.objects.count() == rows - 1
    assert counted(fetched) == before - 1
    assert not ChangedDay.objects.exists()
    assert list(differences(fetched)) == []
    assert not Delivery.objects.exists()
    assert not RejectedRecord.objects.exists()
    assert ConsoleCall.objects.get().path == f"/surveys/{fetched.external_id}/responses/(erased)"
    assert person not in settings.ERASED_LIST.read_text()
    assert settings.ERASED_LIST.stat().st_mode & 0o077 == 0


def test_the_books_add_up_afterwards(person, fetched, alice):
    erasing.erase([person], by=alice)
    fetched.refresh_from_db()
    assert fetched.erased == 1
    assert list(audit.check(fetched)) == []
    assert audit.compare_with_vendor(SurveyFeed.objects.get(survey=fetched)).missing == frozenset()


def test_the_audit_says_who_when_and_how_many_but_not_whom(person, alice):
    erasing.erase([person, "R_other"], by=alice)
    line = Erasure.objects.get()
    assert (line.by, line.way, line.asked, line.responses) == (alice, "ids", 2, 1)
    assert (timezone.now() - line.at).total_seconds() < 60
    assert line.erased_responses.count() == 2


@pytest.mark.parametrize("trigger", [Fetch.Trigger.MANUAL, Fetch.Trigger.RECONCILE, Fetch.Trigger.MAPPING])
def test_no_fetch_brings_it_back(sandbox, person, fetched, alice, trigger):
    erasing.erase([person], by=alice)
    sandbox.control.edit_response(KEY, person, {"QID2": 1})  # newer at the vendor than anything that is known here
    feed = SurveyFeed.objects.select_related("connection", "survey").get(survey=fetched)
    requests.ask_for_fetch(feed, trigger, full=trigger != Fetch.Trigger.MANUAL)
    fetch = work(fetched)
    assert fetch.received > 0
    assert (fetch.state, fetch.new, fetch.vanished) == (Fetch.State.DONE, 0, 0)
    assert not Response.objects.filter(external_id=person).exists()
    assert person not in everything_in_the_database()
    assert list(differences(fetched)) == []


def test_no_message_brings_it_back(sandbox, person, fetched, alice):
    watch = ResponseWatch.objects.get()
    erasing.erase([person], by=alice)
    sandbox.control.forget_calls()
    delivery, wakes = inbox.keep(watch, Completed(fetched.external_id, person))
    assert (delivery.verdict, delivery.response_id, wakes) == ("ignored", "", False)
    inbox.process_due(watch.pk)
    assert not sandbox.control.calls()
    assert person not in everything_in_the_database()


def test_a_message_that_came_at_the_same_moment_is_dropped(sandbox, person, fetched, alice):
    watch = ResponseWatch.objects.get()
    erasing.erase([person], by=alice)
    now = timezone.now()
    Delivery.objects.create(watch=watch, response_id=person, received_at=now, due_at=now)
    sandbox.control.forget_calls()
    inbox.process_due(watch.pk)
    assert not Delivery.objects.exists()
    assert not sandbox.control.calls()


def test_a_record_of_it_that_is_broken_is_counted_and_not_named(person, fetched, alice, monkeypatch):
    others = set(Response.objects.exclude(external_id=person).values_list("external_id", flat=True)[:2])
    translate = Translator.translate

    def refuse_some(translator: Translator, line: bytes) -> object:
        response_id = json.loads(line)["responseId"]
        return Rejected("no_status", response_id) if response_id in {person, *others} else translate(translator, line)

    erasing.erase([person], by=alice)
    monkeypatch.setattr(Translator, "translate", refuse_some)
    fetch = reconcile(fetched)
    assert fetch.rejected == 3
    assert set(fetch.rejected_records.values_list("external_id", flat=True)) == others


def test_the_console_does_not_keep_its_id(person, fetched, connection, alice):
    erasing.erase([person], by=alice)
    call = calls.read_call("GET", f"/surveys/{fetched.external_id}/responses/{person}", headers={})
    calls.call_api(connection, call, alice)
    assert ConsoleCall.objects.latest("pk").path == f"/surveys/{fetched.external_id}/responses/(erased)"


def test_twice_is_no_error_and_finds_nothing(person, alice):
    erasing.erase([person], by=alice)
    found = erasing.preview([person])
    assert (found.nothing, found.erased_before) == (True, 1)
    assert erasing.erase([person], by=alice).erasure.responses == 0


def test_many_people_leave_no_trace(sandbox, fetched, alice):
    people = list(Response.objects.order_by("external_id").values_list("external_id", flat=True)[:100])
    erasing.erase(people, by=alice)
    for _ in range(3):
        reconcile(fetched)
    dump = everything_in_the_database()
    assert [each for each in people if each in dump] == []
    assert ErasedResponse.objects.count() == 100


def test_the_list_beside_the_database_erases_again(person, fetched, alice, settings):
    """As after a backup was restored that is older than the erasure, on a database that knows nothing of it."""
    row = Response.objects.get(external_id=person)
    erasing.erase([person], by=alice)
    for model in (ErasedResponse, Erasure, ErasureKey):
        model.objects.all().delete()
    fetched.erased = 0
    fetched.save(update_fields=["erased"])
    row.save(force_insert=True)
    done = erasing.replay(set(erasing.read_list(settings.ERASED_LIST)))
    assert done is not None
    assert (done.way, done.responses) == ("restored", 1)
    assert person not in everything_in_the_database()
    reconcile(fetched)
    assert not Response.objects.filter(external_id=person).exists()
    fetched.refresh_from_db()
    assert list(audit.check(fetched)) == []


def test_a_list_that_cannot_be_written_does_not_stop_the_erasure(person, alice, settings, tmp_path, caplog):
    settings.ERASED_LIST = tmp_path / "nowhere" / "list"
    erasing.erase([person], by=alice)
    assert not Response.objects.filter(external_id=person).exists()
    assert "cannot be written" in caplog.text
    assert person not in caplog.text
    assert len(all_tombstones()) == 1


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("R_1a, R_2b;R_3c\nR_4d\t R_1a", ["R_1a", "R_2b", "R_3c", "R_4d"]),
        ("", []),
    ],
)
def test_ids_are_read_as_they_are_pasted(text, ids):
    assert erasing.read_ids(text) == ids


@pytest.mark.parametrize("text", ["R_1 SV_2", "r_1", "R_", "../R_1", "R_é", "R_" + "a" * 61])
def test_what_is_no_id_is_named(text):
    with pytest.raises(erasing.InvalidIds, match="is not a response id"):
        erasing.read_ids(text)


def test_too_many_at_once_are_refused():
    with pytest.raises(erasing.InvalidIds, match="At most"):
        erasing.read_ids(" ".join(f"R_{n}" for n in range(1001)))
