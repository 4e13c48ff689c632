"""Erases responses for good. What stays of each is a keyed hash of its id, so that nothing brings it back.

Whoever stores responses holds the survey's row and then asks `erased_among`; whoever erases holds the rows of all surveys.
So a batch under way is erased with the rest, and a later one finds the hashes.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db.models import F

from accounts.models import Organisation
from feedback import earlier_answers, spans
from feedback.intake import local_days, note_days
from feedback.models import ErasedResponse, Erasure, ErasureKey, Response, Survey
from feedback.tombstones import digest_of, erased_among

_AT_ONCE = 1000


class Tombstone(NamedTuple):
    """What is known of an erased response, as it is kept beside the database: key and hash, both hexadecimal."""

    key: str
    digest: str


@dataclass(slots=True)
class Removed:
    """How many stored responses went, and the surveys that must be counted anew."""

    responses: int = 0
    surveys: list[Survey] = field(default_factory=list)


def hold_all() -> list[Survey]:
    """Wait for whoever is storing responses, and let nobody begin until the end of the transaction; all surveys."""
    return list(Survey.objects.select_for_update(no_key=True).order_by("pk"))


def note(external_ids: Collection[str], erasure: Erasure) -> list[Tombstone]:
    """Remember these ids as erased, in the caller's transaction."""
    row = ErasureKey.objects.order_by("pk").first() or ErasureKey.objects.create(key=secrets.token_bytes(32))
    key = bytes(row.key)
    tombstones = [Tombstone(key.hex(), digest_of(key, each)) for each in external_ids]
    _keep(tombstones, erasure)
    return tombstones


def note_again(tombstones: Collection[Tombstone], erasure: Erasure) -> None:
    """Remember what a restored backup does not know of."""
    here = {bytes(key).hex() for key in ErasureKey.objects.values_list("key", flat=True)}
    for key in sorted({each.key for each in tombstones} - here):
        ErasureKey.objects.create(key=bytes.fromhex(key))
    _keep(tombstones, erasure)


def _keep(tombstones: Iterable[Tombstone], erasure: Erasure) -> None:
    ErasedResponse.objects.bulk_create(
        [ErasedResponse(digest=each.digest, erasure=erasure) for each in tombstones], ignore_conflicts=True
    )


def all_tombstones() -> list[Tombstone]:
    """Every one here. A hash does not tell its key, so each comes with every key; there is hardly ever more than one."""
    keys = [bytes(key).hex() for key in ErasureKey.objects.values_list("key", flat=True)]
    digests = ErasedResponse.objects.values_list("digest", flat=True)
    return [Tombstone(key, digest) for digest in digests for key in keys]


def stored_among(external_ids: Collection[str]) -> dict[Survey, list[str]]:
    """Where these responses are stored."""
    found: dict[Survey, list[str]] = {}
    for survey in Survey.objects.select_related("source"):
        if ids := [each for some in _pieces(external_ids) for each in _rows(survey, some).values_list(_ID, flat=True)]:
            found[survey] = ids
    return found


def remove(external_ids: Collection[str], surveys: Iterable[Survey]) -> Removed:
    """Remove the stored responses with these ids, and note their days, in a transaction that holds the surveys."""
    zone = Organisation.current().zone
    removed = Removed()
    for survey in surveys:
        found = [row for some in _pieces(external_ids) for row in _rows(survey, some).values_list("pk", "recorded_at")]
        if not found:
            continue
        moments = [at for _pk, at in found]
        earlier_answers.keep_erased(survey, [pk for pk, _at in found])
        for some in _pieces(external_ids):
            _rows(survey, some).delete()
        note_days(survey, local_days(moments, zone), erased=True)
        Survey.objects.filter(pk=survey.pk).update(erased=F("erased") + len(moments))
        spans.update(survey)
        removed.responses += len(moments)
        removed.surveys.append(survey)
    return removed


def erased_but_stored() -> Iterator[str]:
    """Ids of stored responses that were erased: after a backup was restored."""
    for survey in Survey.objects.all():
        ids = Response.objects.filter(survey=survey).values_list(_ID, flat=True)
        for some in _pieces(list(ids)):
            yield from erased_among(some)


_ID = "external_id"


def _rows(survey: Survey, external_ids: Collection[str]):  # type: ignore[no-untyped-def]
    return Response.objects.filter(survey=survey, external_id__in=external_ids)


def _pieces(ids: Collection[str]) -> Iterator[list[str]]:
    everything = list(ids)
    return (everything[start : start + _AT_ONCE] for start in range(0, len(everything), _AT_ONCE))
