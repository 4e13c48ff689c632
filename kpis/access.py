"""Rows of this app's routes in the access table."""

from accounts.access import Row, row

_VIEW = "kpis.view_kpi"
_CHANGE = "feedback.change_feedbackitem"
_ORGANISATION = "accounts.manage_organisation"

ROUTES: dict[str, Row] = {
    "kpis:item": row(GET=_VIEW),
    "kpis:item_comments": row(GET="feedback.view_response"),
    "kpis:item_accept": row(GET=_CHANGE, POST=_CHANGE),
    "kpis:blocks_restate": row(POST=_ORGANISATION),
    "kpis:threshold_cost": row(GET=_ORGANISATION),
    "kpis:mappings": row(GET=_VIEW, POST=_CHANGE),
    "kpis:journey": row(GET=_VIEW),
    "kpis:journey_weighting": row(POST="journeys.change_journey"),
    "kpis:journey_export": row(GET=_VIEW),
    "api:kpi-item-list": row(GET=_VIEW),
    "api:kpi-item-detail": row(GET=_VIEW),
    "api:kpi-item-trend": row(GET=_VIEW),
    "api:kpi-item-answers": row(GET=_VIEW),
    "api:kpi-item-comments": row(GET="feedback.view_response"),
    "api:kpi-item-change": row(GET=_VIEW),
    "api:kpi-item-mapping": row(GET=_VIEW, POST=_CHANGE),
    "api:kpi-survey-restate": row(POST=_ORGANISATION),
    "api:kpi-threshold-cost-list": row(GET=_ORGANISATION),
    "api:kpi-mapping-list": row(GET=_VIEW, POST=_CHANGE),
    "api:kpi-stage-detail": row(GET=_VIEW),
    "api:kpi-phase-detail": row(GET=_VIEW),
    "api:kpi-journey-detail": row(GET=_VIEW, PATCH="journeys.change_journey"),
}
