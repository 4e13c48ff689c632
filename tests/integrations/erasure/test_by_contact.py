"""A person is found at the vendor by contact id, e-mail or external reference; nothing about them is kept here."""

from __future__ import annotations

import pytest
from django.utils import timezone

from feedback.models import Erasure, Response
from integrations.directory import contacts
from integrations.erasure import erasing
from integrations.erasure.lookup import NotFoundByThis, find_theirs
from integrations.models import ConsoleCall, Distribution
from integrations.qualtrics.exports import ExportNotReady
from tests.integrations.erasure.conftest import KEY, reconcile
from tests.integrations.erasure.test_everywhere_for_good import everything_in_the_database

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


@pytest.fixture
def theirs(sandbox, fetched) -> set[str]:
    """The responses of one traveller, who was invited by e-mail and has answered at least once."""
    invited = [each for each in sandbox.world.responses[fetched.external_id].values() if each.channel == "email"]
    number = invited[0].respondent % 100_000
    return {each.id for each in invited if each.respondent % 100_000 == number}


@pytest.fixture
def email(sandbox, fetched, theirs) -> str:
    row = sandbox.world.responses[fetched.external_id][min(theirs)]
    return f"traveller{row.respondent % 100_000}@mail.example"


@pytest.fixture
def reference(email) -> str:
    return "C-" + email.removeprefix("traveller").partition("@")[0]


@pytest.fixture
def contact(connection, email) -> str:
    directory = contacts.directories_of(connection).rows[0].id
    return contacts.create_contact(connection, directory, {"first_name": "Eva", "email": email.upper()})


def test_by_contact_id(connection, fetched, contact, theirs):
    found = find_theirs(connection, contact)
    assert {survey: set(ids) for survey, ids in found.responses.items()} == {fetched: theirs}
    assert found.person.ids == {contact}
    assert found.name == "Eva"


def test_by_email_whatever_its_case(connection, contact, email, theirs):
    assert set(find_theirs(connection, email.title()).ids) == theirs


def test_by_external_reference(connection, reference, theirs):
    assert set(find_theirs(connection, reference).ids) == theirs


def test_somebody_who_never_answered(connection, fetched):
    assert find_theirs(connection, "nobody@mail.example").ids == []


def test_a_contact_that_no_directory_holds(connection, fetched):
    with pytest.raises(NotFoundByThis, match="No directory"):
        find_theirs(connection, "CID_000000000000000")


def test_a_contact_by_which_no_response_can_be_recognised(connection, fetched):
    directory = contacts.directories_of(connection).rows[0].id
    nameless = contacts.create_contact(connection, directory, {"first_name": "Eva"})
    with pytest.raises(NotFoundByThis, match="neither"):
        find_theirs(connection, nameless)


def test_looking_keeps_nothing(connection, fetched, contact, email, reference, settings):
    assert find_theirs(connection, contact).ids
    dump = everything_in_the_database()
    assert [each for each in (contact, email, email.upper(), reference) if each in dump] == []
    assert list(settings.SPOOL_DIR.iterdir()) == []


def test_nobody_waits_longer_than_they_said(sandbox, connection, fetched, email):
    sandbox.control.change_settings(export_mode="stuck")
    with pytest.raises(ExportNotReady):
        find_theirs(connection, email, patience=0.3)


def test_erasing_a_contact_forgets_whom_was_written_to(sandbox, connection, fetched, contact, theirs, alice):
    listed = {"recipients": {"mailingListId": "CG_1", "contactId": "CGC_theirs"}}
    common = {"connection": connection, "kind": "email", "survey_external_id": "SV_1", "recipients": 1}
    Distribution.objects.create(request=listed, state="draft", **common)
    Distribution.objects.create(request=listed, state="sent", confirmed_at=timezone.now(), **common)
    other = {"recipients": {"mailingListId": "CG_1", "contactId": "CGC_other"}}
    Distribution.objects.create(request=other, state="draft", **common)
    ConsoleCall.objects.create(
        user=alice, connection=connection, method="GET", path=f"/directories/POOL_1/contacts/{contact}", status=200
    )
    found = find_theirs(connection, contact)
    person = erasing.Person(connection, found.person.ids | {"CGC_theirs"})
    seen = erasing.preview(found.ids, person)
    assert (seen.responses, seen.calls, seen.distributions) == (len(theirs), 1, 2)
    done = erasing.erase(found.ids, by=alice, person=person)
    assert (done.erasure.way, done.erasure.traces) == (Erasure.Way.CONTACT, 3)
    assert sorted(each.request["recipients"]["contactId"] for each in Distribution.objects.all()) == [
        "(erased)",
        "CGC_other",
    ]
    reconcile(fetched)
    dump = everything_in_the_database()
    assert [each for each in (*theirs, contact, "CGC_theirs") if each in dump] == []


def test_deleting_at_the_vendor_is_asked_for_and_sent_once(sandbox, fetched, alice):
    gone, stays = Response.objects.values_list("external_id", flat=True)[:2]
    sandbox.control.forget_calls()
    done = erasing.erase([gone], by=alice, at_vendor=True)
    assert (done.at_vendor.deleted, done.at_vendor.failed, done.at_vendor.trouble) == (1, 0, None)
    assert (done.erasure.source_deleted, done.erasure.source_failed) == (1, 0)
    assert [(each["method"], each["path"]) for each in sandbox.control.calls()] == [
        ("DELETE", f"/API/v3/surveys/{fetched.external_id}/responses/{gone}")
    ]
    truth = {row["id"] for row in sandbox.control.truth(KEY)}
    assert gone not in truth
    assert stays in truth


def test_without_being_asked_nothing_is_deleted_at_the_vendor(sandbox, fetched, alice):
    gone = Response.objects.values_list("external_id", flat=True)[0]
    sandbox.control.forget_calls()
    erasing.erase([gone], by=alice)
    assert sandbox.control.calls() == []
    assert gone in {row["id"] for row in sandbox.control.truth(KEY)}


def test_what_the_vendor_does_not_delete_is_erased_here_all_the_same(sandbox, fetched, alice):
    gone = list(Response.objects.values_list("external_id", flat=True)[:3])
    sandbox.control.switch_fault_on("500", path="*")
    sandbox.control.forget_calls()
    done = erasing.erase(gone, by=alice, at_vendor=True)
    assert len(sandbox.control.calls()) == 1  # never repeated, and the first trouble ends it
    assert (done.at_vendor.deleted, done.at_vendor.failed) == (0, 3)
    assert done.at_vendor.trouble is not None
    assert not Response.objects.filter(external_id__in=gone).exists()


def test_what_was_gone_at_the_vendor_already_counts_as_deleted(sandbox, fetched, alice):
    gone = Response.objects.values_list("external_id", flat=True)[0]
    sandbox.control.delete_response(KEY, gone)
    assert erasing.erase([gone], by=alice, at_vendor=True).at_vendor.deleted == 1
