"""Addresses of this app's part of the REST API, below /api/v1/."""

from rest_framework.routers import SimpleRouter

from kpis.api import (
    AssumedMappingViewSet,
    ItemKpiViewSet,
    JourneyKpiViewSet,
    PhaseKpiViewSet,
    StageKpiViewSet,
    SurveyBlocksViewSet,
    ThresholdCostViewSet,
)

router = SimpleRouter()
router.register("kpis/items", ItemKpiViewSet, "kpi-item")
router.register("kpis/surveys", SurveyBlocksViewSet, "kpi-survey")
router.register("kpis/threshold-cost", ThresholdCostViewSet, "kpi-threshold-cost")
router.register("kpis/mappings", AssumedMappingViewSet, "kpi-mapping")
router.register("kpis/stages", StageKpiViewSet, "kpi-stage")
router.register("kpis/phases", PhaseKpiViewSet, "kpi-phase")
router.register("kpis/journeys", JourneyKpiViewSet, "kpi-journey")
urlpatterns = router.urls
