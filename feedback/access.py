"""Rows of this app's routes in the access table."""

from accounts.access import Row, row

_VIEW, _CHANGE, _READ = "feedback.view_feedbackitem", "feedback.change_feedbackitem", "feedback.view_response"

ROUTES: dict[str, Row] = {
    "feedback:manual_new": row(GET=_CHANGE, POST=_CHANGE),
    "feedback:item_settings": row(GET=_CHANGE, POST=_CHANGE),
    "feedback:item_delete": row(GET=_CHANGE, POST=_CHANGE),
    "feedback:value_set": row(POST=_CHANGE),
    "feedback:value_delete": row(POST=_CHANGE),
    "api:survey-list": row(GET=_VIEW),
    "api:survey-detail": row(GET=_VIEW),
    "api:question-list": row(GET=_VIEW),
    "api:question-detail": row(GET=_VIEW),
    "api:feedback-item-list": row(GET=_VIEW, POST=_CHANGE),
    "api:feedback-item-detail": row(GET=_VIEW, PATCH=_CHANGE, DELETE=_CHANGE),
    "api:feedback-item-manual-values": row(GET=_VIEW, POST=_CHANGE),
    "api:feedback-item-manual-value": row(DELETE=_CHANGE),
    "api:response-list": row(GET=_READ),
}
for action in ("retrieve", "pause", "resume", "archive", "restore"):
    ROUTES[f"feedback:item_{action}"] = row(POST=_CHANGE)
for action in ("start", "pause", "resume", "archive", "restore"):
    ROUTES[f"api:feedback-item-{action}"] = row(POST=_CHANGE)
