"""Is this database still where it was? If not, it may be a copy that stands beside the original, and changes nothing at vendors.

A copy has everything that the original has: connections with their tokens, drafts of distributions, ids of subscriptions. It
would send surveys and end the original's subscriptions. So the database remembers the place where somebody last vouched for
it; elsewhere it reads, but does not write at vendors until an admin says what it is. See docs/decisions/0010.
"""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection as database
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from integrations.models import Installation, ResponseWatch
from integrations.troubles.errors import ChangesPaused

logger = logging.getLogger(__name__)

_MACHINE = Path("/etc/machine-id")
_CLUSTER = """
    SELECT current_database(),
           CASE WHEN has_function_privilege('pg_control_system()', 'EXECUTE')
                THEN (SELECT system_identifier::text FROM pg_control_system()) ELSE '' END
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where this database is: a digest that other places do not have, and words for people."""

    digest: str
    words: str


def here() -> Place:
    """The place of this database, as this process sees it. Every process that works on one database sees the same."""
    if database.vendor == "postgresql":
        with database.cursor() as cursor:
            cursor.execute(_CLUSTER)
            name, cluster = cursor.fetchone()
        parts, words = ("postgresql", cluster, name), f"PostgreSQL {cluster or '–'}, {name}"
    else:
        file = str(Path(str(database.settings_dict["NAME"])).resolve())
        parts, words = ("sqlite", _machine(), file), f"SQLite {file}"
    if settings.INSTANCE_ID:
        words = f"{settings.INSTANCE_ID}: {words}"
    digest = hashlib.sha256("\0".join((settings.INSTANCE_ID, *parts)).encode()).hexdigest()
    return Place(digest, words[:300])


def is_confirmed() -> bool:
    """Whether somebody vouched for this database in this place. One that was never anywhere else needs nobody."""
    return known().place == here().digest


def known() -> Installation:
    """The place that somebody vouched for last. A new database belongs where it was made."""
    if found := Installation.objects.select_related("confirmed_by").filter(pk=1).first():
        return found
    place = here()
    facts = {"place": place.digest, "described": place.words, "confirmed_at": timezone.now()}
    return Installation.objects.get_or_create(pk=1, defaults=facts)[0]


def refuse_changes_of_a_copy() -> None:
    """For the gateway, before each call that may change something at a vendor. Raises `ChangesPaused`."""
    if not is_confirmed():
        raise ChangesPaused("This database is not where it was, and nobody has vouched for it here.")


@transaction.atomic
def confirm_instance(*, is_copy: bool, by: User | None = None) -> None:
    """From now on this place counts. A copy lets go of the subscriptions, which are the original's."""
    place, now = here(), timezone.now()
    if is_copy:
        ResponseWatch.objects.update(subscription_id="", former_subscription_id="", publication_url="")
    ResponseWatch.objects.update(next_check_at=now)
    Installation.objects.update_or_create(
        pk=1,
        defaults={"place": place.digest, "described": place.words, "confirmed_at": now, "confirmed_by": by},
    )
    what = "a copy beside the original" if is_copy else "the original"
    logger.warning(
        "Changes at vendors go on: %s, as %s, says %s", place.words, what, by.email if by else "the operator"
    )


def _machine() -> str:
    try:
        return _MACHINE.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
