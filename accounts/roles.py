"""The three roles and what each may do. Groups and permissions are made from this table after every migration."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import Group, Permission
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.models import User


class Role(TextChoices):
    ADMIN = "Admin", _("Admin")
    ANALYST = "Analyst", _("Analyst")
    VIEWER = "Viewer", _("Viewer")


_VIEWER = frozenset({"journeys.view_journey", "feedback.view_feedbackitem", "kpis.view_kpi"})
_ANALYST = _VIEWER | {
    "journeys.change_journey",
    "feedback.change_feedbackitem",
    "feedback.view_response",
    "integrations.retrieve_data",
    "integrations.call_api_get",
}
_ADMIN = _ANALYST | {
    "accounts.manage_users",
    "accounts.manage_organisation",
    "integrations.manage_connections",
    "integrations.call_api",
}

PERMISSIONS: dict[Role, frozenset[str]] = {Role.VIEWER: _VIEWER, Role.ANALYST: _ANALYST, Role.ADMIN: _ADMIN}


def make_groups(**_kwargs: object) -> None:
    """Bring the groups in line with the table; safe to run at any time."""
    known = {
        f"{p.content_type.app_label}.{p.codename}": p for p in Permission.objects.select_related("content_type").all()
    }
    for role, codes in PERMISSIONS.items():
        group, _created = Group.objects.get_or_create(name=role.value)
        # While the first migrations run, the permissions of later apps do not exist yet: the last run sets them all.
        group.permissions.set(known[code] for code in codes if code in known)


def role_of(user: User) -> Role | None:
    """The person's role; None for somebody who has not been given one."""
    names = {group.name for group in user.groups.all()}
    return next((role for role in Role if role.value in names), None)


def give_role(user: User, role: Role) -> None:
    """Set the person's one role."""
    user.groups.set(Group.objects.filter(name=role.value))


def people_with(permission: str, users: Iterable[User]) -> list[User]:
    """Those of `users` who are active and hold the permission."""
    return [user for user in users if user.is_active and user.has_perm(permission)]
