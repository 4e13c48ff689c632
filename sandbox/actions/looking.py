"""Looking: state, truth, received calls, sent messages."""

import hashlib
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from sandbox.actions.base import Base, Moment, action
from sandbox.exports.rendering import EVERYTHING, record
from sandbox.state.clock import iso, iso_ms, to_datetime
from sandbox.state.responses import Response


class Looking(Base):
    """Actions that change nothing but the log."""

    @action
    def state(self) -> dict[str, Any]:
        """Clock, brands, users with tokens, surveys with counts, settings, faults."""
        world = self.world
        with world.lock:
            world.settle()
            return {
                "now": iso(world.clock.now()),
                "seed": world.seed,
                "hosts": dict(world.hosts),
                "brands": [asdict(brand) for brand in world.brands.values()],
                "users": [
                    {"name": f"{user.first_name} {user.last_name}", "brand": user.brand, "token": user.token,
                     "client": user.client, "scopes": sorted(user.scopes) if user.client[0] else [],
                     "rights": sorted(user.may), "revoked": user.token in world.revoked}
                    for user in world.users
                ],
                "surveys": [self._shown(survey) for survey in world.surveys.values()],
                "settings": world.settings.as_dict(),
                "faults": self.site.faults.listed(),
                "live_feed": self.live_feed.is_running,
            }  # fmt: skip

    @action
    def survey_id(self, survey: str) -> str:
        """The id behind a short key."""
        return self._survey(survey).id

    @action
    def truth(self, survey: str, in_progress: bool = False) -> list[dict[str, Any]]:
        """Every recorded response: id, hash of its record, times, status; what a complete copy must hold."""
        found = self._survey(survey)
        now = self.world.clock.now()
        with self.world.lock:
            self.world.settle()
            rows = [row for row in self.world.responses[found.id].values() if (row.recorded > now) == in_progress]
            return [
                {
                    "id": row.id,
                    "hash": hashlib.sha256(record(found, row, EVERYTHING)).hexdigest()[:32],
                    "recorded": iso_ms(row.recorded),
                    "modified": iso_ms(row.modified),
                    "status": row.status,
                    "finished": row.finished,
                }
                for row in rows
            ]

    @action
    def response(self, survey: str, response_id: str) -> dict[str, Any]:
        """One response as it would be exported."""
        found = self._survey(survey)
        with self.world.lock:
            return orjson.loads(record(found, self._response(found, response_id)))

    @action
    def count_answers(
        self, survey: str, field: str, zone: str = "UTC", since: Moment = None, until: Moment = None
    ) -> dict[str, dict[str, dict[str, int]]]:
        """Truth for numbers: local day -> class of response -> answer -> count; `""` is shown but unanswered.

        Classes: preview (status bit 1), test (2), spam (8), synthetic (256), else unfinished, else counted.
        """
        found, local = self._survey(survey), ZoneInfo(zone)
        start, end = self._moment(since, 0), self._moment(until, 1 << 60)
        days: dict[str, dict[str, dict[str, int]]] = {}
        with self.world.lock:
            self.world.settle()
            for row in self.world.recorded(found):
                if not start <= row.recorded < end:
                    continue
                value = row.sheet.answers.get(field, row.sheet.text_iq.get(field, row.sheet.embedded.get(field)))
                if value is None and (field in row.sheet.hidden or not field.startswith("QID")):
                    continue
                day = to_datetime(row.recorded).astimezone(local).date().isoformat()
                counts = days.setdefault(day, {}).setdefault(class_of(row), {})
                for answer in value if isinstance(value, list) else ["" if value is None else str(value)]:
                    counts[answer] = counts.get(answer, 0) + 1
        return days

    @action
    def calls(self, path: str = "", method: str = "", limit: int = 1000) -> list[dict[str, Any]]:
        """Received calls whose path contains the text, oldest first; tokens are short digests."""
        with self.site.log.lock:
            found = [
                call for call in self.site.log.calls
                if path in str(call["path"]) and method in ("", call["method"])
            ]  # fmt: skip
        return found[-limit:]

    @action
    def call_counts(self) -> dict[str, int]:
        """How often each endpoint was called, by status."""
        with self.site.log.lock:
            return dict(self.site.log.counts)

    @action
    def forget_calls(self) -> None:
        """Start the log of calls anew."""
        self.site.log.clear()

    @action
    def deliveries(self) -> list[dict[str, Any]]:
        """Every webhook message, with its tries and their answers."""
        return self.site.services.webhooks.log()


def class_of(row: Response) -> str:
    """The class a response falls into."""
    for bit, name in ((1, "preview"), (2, "test"), (8, "spam"), (256, "synthetic")):
        if row.status & bit:
            return name
    return "counted" if row.finished else "unfinished"
