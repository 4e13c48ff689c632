"""Changing the organisation's settings."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.audit import Event, note
from accounts.models import Organisation
from accounts.signals import organisation_time_zone_changed


def change_organisation(**values: Any) -> Organisation:
    """Write the given fields; a new time zone is announced in the same transaction."""
    with transaction.atomic():
        Organisation.current()
        organisation = Organisation.objects.select_for_update().get(pk=1)
        old_time_zone = organisation.time_zone
        changed = {name: value for name, value in values.items() if getattr(organisation, name) != value}
        for name, value in changed.items():
            setattr(organisation, name, value)
        organisation.full_clean()
        organisation.save()
        if changed:
            note(Event.ORGANISATION_CHANGED, **changed)
        if organisation.time_zone != old_time_zone:
            organisation_time_zone_changed.send(Organisation, organisation=organisation, old_time_zone=old_time_zone)
    return organisation
