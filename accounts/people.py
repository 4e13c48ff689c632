"""Adding people, giving them roles, closing and opening their accounts."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import api_tokens
from accounts.audit import Event, note
from accounts.models import User
from accounts.roles import Role, give_role, role_of
from accounts.sessions import end_sessions


def add_person(email: str, role: Role, *, password: str | None = None, **fields: object) -> User:
    """A new person with a role. Without a password, a one-time link lets them set one."""
    with transaction.atomic():
        person = User.objects.create_user(email, password, **fields)
        give_role(person, role)
        note(Event.PERSON_ADDED, person, role=role)
    return person


def change_role(person: User, role: Role) -> None:
    """Give the person another role; it holds from their next request on."""
    with transaction.atomic():
        if role != Role.ADMIN:
            _keep_an_admin_besides(person)
        former = role_of(person)
        give_role(person, role)
        if role != former:
            note(Event.ROLE_CHANGED, person, former=former, role=role)
    # What was cached on the object is of the old role.
    for cache in ("_perm_cache", "_group_perm_cache", "_prefetched_objects_cache"):
        person.__dict__.pop(cache, None)


def deactivate(person: User) -> None:
    """Close the account: sessions end at once, API tokens are revoked. What the person made stays."""
    with transaction.atomic():
        _keep_an_admin_besides(person)
        person.is_active = False
        person.save(update_fields=["is_active"])
        note(Event.PERSON_DEACTIVATED, person)
        api_tokens.revoke_all(person)
        end_sessions(person)


def reactivate(person: User) -> None:
    """Open the account again; its role and password are the old ones, its tokens stay revoked."""
    with transaction.atomic():
        person.is_active = True
        person.save(update_fields=["is_active"])
        note(Event.PERSON_REACTIVATED, person)


def _keep_an_admin_besides(person: User) -> None:
    """Refuse to go on if nobody else could let anybody in again."""
    # Two admins who demote each other at the same moment wait for each other here.
    group = Group.objects.select_for_update().get(name=Role.ADMIN.value)
    admins = set(group.user_set.filter(is_active=True).values_list("pk", flat=True))
    if admins == {person.pk}:
        raise ValidationError(
            _("This is the last active admin. Give somebody else the role Admin first."), code="last_admin"
        )
