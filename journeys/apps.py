"""The app of the map."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JourneysConfig(AppConfig):
    name = "journeys"
    verbose_name = _("Journey maps")

    def ready(self) -> None:
        from journeys.drawing import card_lanes, drawn, sentiment_lane  # noqa: PLC0415 (models are not loaded before this moment)
        from journeys.history import recording  # noqa: PLC0415

        recording.listen()
        drawn.register_all()
        card_lanes.register_all()
        sentiment_lane.register_all()
