"""What an analyst may read through the console. Whatever else the API offers is for admins.

These tell how surveys are made. Left out is what tells of people: responses one by one, exports, contacts, distributions,
users, quotas (counts past any threshold), messages and subscriptions. A new path is added here only if nobody is in it.
"""

from __future__ import annotations

from collections.abc import Sequence

READABLE_BY_ANALYSTS = (
    "surveys",
    "surveys/{id}",
    "surveys/{id}/languages",
    "surveys/{id}/response-schema",
    "surveys/{id}/translations/{id}",
    "survey-definitions/{id}",
    "survey-definitions/{id}/blocks/{id}",
    "survey-definitions/{id}/flow",
    "survey-definitions/{id}/metadata",
    "survey-definitions/{id}/options",
    "survey-definitions/{id}/questions",
    "survey-definitions/{id}/questions/{id}",
)
_PATTERNS = tuple(tuple(path.split("/")) for path in READABLE_BY_ANALYSTS)


def is_readable_by_analysts(segments: Sequence[str]) -> bool:
    """Whether the path of these checked segments is in the list, letter by letter."""
    return any(
        len(pattern) == len(segments)
        and all(part in ("{id}", segment) for part, segment in zip(pattern, segments, strict=True))
        for pattern in _PATTERNS
    )
