"""Rows that wait for their time, taken by one of several workers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone


def take_due(rows: QuerySet[Any], column: str, lease: timedelta, **more: Any) -> bool:
    """Take those of `rows` whose time in `column` has come, for as long as the lease; False if another was first.

    One conditional UPDATE, on every database the same: whoever comes second finds them no longer due. A worker that dies
    gives them back when the lease is over. `more` is written with it.
    """
    now = timezone.now()
    return bool(rows.filter(**{f"{column}__lte": now}).update(**{column: now + lease}, **more))
