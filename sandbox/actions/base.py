"""What all actions share: the register, and finding things by the names that callers use."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sandbox.api.site import Site
from sandbox.demo.live_feed import LiveFeed
from sandbox.state.clock import parse_moment, to_ms
from sandbox.state.responses import Response
from sandbox.state.surveys import Survey

Moment = str | datetime | None
ACTIONS: dict[str, Callable[..., Any]] = {}
EARLIER_NAMES = {"start_trickle": "start_live_feed", "stop_trickle": "stop_live_feed"}  # their addresses stay


def action(method: Callable[..., Any]) -> Callable[..., Any]:
    """Offer this method over HTTP too."""
    ACTIONS[method.__name__] = method
    return method


class Base:
    """The world behind the actions."""

    def __init__(self, site: Site, live_feed: LiveFeed) -> None:
        self.site = site
        self.world = site.world
        self.live_feed = live_feed
        self.kept: dict[str, Any] = {}  # what a scenario changed, as it was before

    def _survey(self, name: str) -> Survey:
        try:
            return self.world.survey(name)
        except (KeyError, StopIteration):
            raise KeyError(f"There is no survey {name!r}.") from None

    def _moment(self, moment: Moment, otherwise: int | None = None) -> int:
        if moment is None:
            return self.world.clock.now() if otherwise is None else otherwise
        result = to_ms(moment) if isinstance(moment, datetime) else parse_moment(moment)
        if result is None:
            raise ValueError(f"{moment!r} is not a moment like 2026-11-01T00:00:00Z.")
        return result

    def _shown(self, survey: Survey) -> dict[str, Any]:
        return {
            "id": survey.id,
            "key": survey.key,
            "name": survey.name,
            "brand": survey.brand,
            "active": survey.is_active,
            "counts": self.world.counts(survey),
        }

    def _response(self, survey: Survey, response_id: str) -> Response:
        try:
            return self.world.responses[survey.id][response_id]
        except KeyError:
            raise KeyError(f"There is no response {response_id!r}.") from None
