"""`manage.py erase`: shows first, erases when told to."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from feedback.models import Erasure, Response
from integrations.erasure import erasing

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_files")]


def run(*arguments: object) -> str:
    said = StringIO()
    call_command("erase", *map(str, arguments), stdout=said)
    return said.getvalue()


def test_it_shows_what_would_go_and_changes_nothing(person, fetched):
    said = run(person)
    assert f"{fetched.external_id} {fetched.name}: 1 responses" in said
    assert "1 ids, 1 stored responses, 1 messages, 1 rejected records, 1 calls" in said
    assert "Nothing was changed" in said
    assert Response.objects.filter(external_id=person).exists()
    assert not Erasure.objects.exists()


def test_told_so_it_erases(person):
    assert "Erased: 1 responses, 3 other traces." in run(person, "--yes")
    assert not Response.objects.filter(external_id=person).exists()
    assert Erasure.objects.get().by is None


def test_by_contact_and_at_the_vendor(sandbox, fetched, connection):
    row = next(each for each in sandbox.world.responses[fetched.external_id].values() if each.channel == "email")
    email = f"traveller{row.respondent % 100_000}@mail.example"
    said = run("--contact", email, "--connection", connection.name, "--at-vendor", "--yes")
    assert "At the vendor: 1 deleted, 0 not." in said
    assert not Response.objects.filter(external_id=row.id).exists()
    assert row.id not in sandbox.world.responses[fetched.external_id]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ((), "Say whom"),
        (("SV_1",), "is not a response id"),
        (("--contact", "eva@mail.example"), "There is no connection"),
        (("--replay", "/nowhere"), "There is no /nowhere"),
    ],
)
def test_what_cannot_be_done_is_said(arguments, why, db):
    with pytest.raises(CommandError, match=why):
        run(*arguments, "--yes")


def test_a_vendor_that_does_not_delete_is_an_error_after_the_erasure(sandbox, person):
    sandbox.control.switch_fault_on("500", path="*")
    with pytest.raises(CommandError):
        run(person, "--at-vendor", "--yes")
    assert not Response.objects.filter(external_id=person).exists()


def test_the_list_is_not_overwritten(person, tmp_path):
    run(person, "--yes")
    run("--list", tmp_path / "list")
    assert len(erasing.read_list(tmp_path / "list")) == 1
    with pytest.raises(CommandError, match="exists already"):
        run("--list", tmp_path / "list")
