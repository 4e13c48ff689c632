"""Addresses of this app's part of the REST API, below /api/v1/."""

from rest_framework.routers import SimpleRouter

from journeys import api

router = SimpleRouter()
router.register("journeys", api.Journeys, basename="journey")
router.register("phases", api.Phases, basename="phase")
router.register("stages", api.Stages, basename="stage")
router.register("lanes", api.Lanes, basename="lane")
router.register("cards", api.Cards, basename="card")
router.register("personas", api.Personas, basename="persona")
router.register("journey-personas", api.JourneyPersonas, basename="journeypersona")
router.register("assumed-sentiments", api.AssumedSentiments, basename="assumedsentiment")

urlpatterns = router.urls
