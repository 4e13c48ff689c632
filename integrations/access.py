"""The rows of this room's routes in the access table."""

from accounts.access import ANYONE, Row, row

_ADMIN = "integrations.manage_connections"
_RETRIEVE = "integrations.retrieve_data"
_CALL = "integrations.call_api_get"  # what else than GET may be called, the console asks by itself
_ITEMS = "feedback.change_feedbackitem"

ROUTES: dict[str, Row] = {
    "integrations:connection_list": row(GET=_ADMIN),
    "integrations:connection_new": row(GET=_ADMIN, POST=_ADMIN),
    "integrations:connection": row(GET=_ADMIN),
    "integrations:connection_edit": row(GET=_ADMIN, POST=_ADMIN),
    "integrations:connection_switch": row(POST=_ADMIN),
    "integrations:connection_test": row(POST=_ADMIN),
    "integrations:connection_correct_host": row(POST=_ADMIN),
    "integrations:connection_delete": row(GET=_ADMIN, POST=_ADMIN),
    "integrations:ledger": row(GET=_RETRIEVE),
    "integrations:fetch": row(GET=_RETRIEVE),
    "integrations:fetch_progress": row(GET=_RETRIEVE),
    "integrations:map_progress": row(GET=_RETRIEVE),
    "integrations:feed_retrieve": row(POST=_RETRIEVE),
    "integrations:console": row(GET=_CALL, POST=_CALL),
    "integrations:watch_new": row(POST=_ADMIN),
    "integrations:watch": row(GET=_ADMIN, POST=_ADMIN),
    "integrations:watch_end": row(POST=_ADMIN),
    "integrations:watch_rotate": row(POST=_ADMIN),
    "integrations:watch_check": row(POST=_ADMIN),
    "integrations:map_news": row(GET="kpis.view_kpi"),
    "api:response-watch-list": row(GET=_ADMIN, POST=_ADMIN),
    "api:response-watch-detail": row(GET=_ADMIN, PUT=_ADMIN, PATCH=_ADMIN, DELETE=_ADMIN),
    "api:response-watch-rotate": row(POST=_ADMIN),
    "api:response-watch-deliveries": row(GET=_ADMIN),
    # Opened by its signature alone.
    "hooks:qualtrics": row(GET=ANYONE, POST=ANYONE),
    "integrations:contacts": row(GET=_ADMIN),
    "integrations:contact_list": row(GET=_ADMIN),
    "integrations:contact_new": row(GET=_ADMIN, POST=_ADMIN),
    "integrations:contact": row(GET=_ADMIN, POST=_ADMIN),
    "integrations:contact_delete": row(GET=_ADMIN, POST=_ADMIN),
    "integrations:distributions": row(GET=_ADMIN),
    "integrations:distribution_new": row(GET=_ADMIN, POST=_ADMIN),
    "integrations:distribution": row(GET=_ADMIN),
    "integrations:distribution_send": row(POST=_ADMIN),
    "integrations:distribution_discard": row(POST=_ADMIN),
    "integrations:wizard_start": row(GET=_ITEMS, POST=_ITEMS),
    "integrations:wizard_edit": row(GET=_ITEMS, POST=_ITEMS),
    "api:connection-list": row(GET=_ADMIN, POST=_ADMIN),
    "api:connection-detail": row(GET=_ADMIN, PUT=_ADMIN, PATCH=_ADMIN, DELETE=_ADMIN),
    "api:connection-test": row(POST=_ADMIN),
    # What the wizard shows to whoever may add items.
    "api:connection-choices": row(GET=_ITEMS),
    "api:connection-surveys": row(GET=_ITEMS),
    "api:connection-questions": row(GET=_ITEMS),
    "api:connection-preview": row(POST=_ITEMS),
    "api:connection-call": row(POST=_CALL),
    "api:console-call-list": row(GET=_CALL),
    "api:directory-list": row(GET=_ADMIN),
    "api:contact-list": row(GET=_ADMIN, POST=_ADMIN),
    "api:contact-detail": row(GET=_ADMIN, PATCH=_ADMIN, DELETE=_ADMIN),
    "api:distribution-list": row(GET=_ADMIN, POST=_ADMIN),
    "api:distribution-detail": row(GET=_ADMIN, DELETE=_ADMIN),
    "api:distribution-send": row(POST=_ADMIN),
    "api:distribution-progress": row(GET=_ADMIN),
    "api:fetch-list": row(GET=_RETRIEVE),
    "api:fetch-detail": row(GET=_RETRIEVE),
    "api:survey-fetch": row(POST=_RETRIEVE),
}
