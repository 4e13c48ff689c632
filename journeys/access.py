"""Rows of this app's routes in the access table."""

from accounts.access import Row, row

_VIEW, _CHANGE = "journeys.view_journey", "journeys.change_journey"
_COLLECTION = row(GET=_VIEW, POST=_CHANGE)
_MEMBER = row(GET=_VIEW, PUT=_CHANGE, PATCH=_CHANGE, DELETE=_CHANGE)
_DIALOG = row(GET=_CHANGE, POST=_CHANGE)

ROUTES: dict[str, Row] = {
    "journeys:list": row(GET=_VIEW),
    "journeys:detail": row(GET=_VIEW),
    "journeys:new": _DIALOG,
    "journeys:edit": _DIALOG,
    "journeys:delete": _DIALOG,
    "journeys:history": row(GET=_VIEW),
    "journeys:undo": row(POST=_CHANGE),
    "journeys:redo": row(POST=_CHANGE),
    "journeys:personas": row(GET=_VIEW, POST=_CHANGE),
    "journeys:persona_remove": row(POST=_CHANGE),
    "journeys:persona_edit": _DIALOG,
    "journeys:sentiment": _DIALOG,
    "api:journey-list": _COLLECTION,
    "api:journey-detail": _MEMBER,
    "api:journey-map": row(GET=_VIEW),
    "api:journey-operations": row(GET=_VIEW),
    "api:journey-undo": row(POST=_CHANGE),
    "api:journey-redo": row(POST=_CHANGE),
    "api:persona-list": _COLLECTION,
    "api:persona-detail": _MEMBER,
    "api:journeypersona-list": _COLLECTION,
    "api:journeypersona-detail": row(GET=_VIEW, DELETE=_CHANGE),
    "api:assumedsentiment-list": _COLLECTION,
    "api:assumedsentiment-detail": _MEMBER,
}
for part in ("phase", "stage", "lane", "card"):
    ROUTES |= {
        f"journeys:{part}_new": _DIALOG,
        f"journeys:{part}_edit": _DIALOG,
        f"journeys:{part}_delete": _DIALOG,
        f"journeys:{part}_move": row(POST=_CHANGE),
        f"api:{part}-list": _COLLECTION,
        f"api:{part}-detail": _MEMBER,
        f"api:{part}-move": row(POST=_CHANGE),
    }
