"""How many calls a brand may make a minute: token buckets with the vendor's published numbers."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import ceil

from sandbox.state.refusal import Refusal

PER_MINUTE: dict[str, float] = {
    "brand": 3000,
    "POST export-responses": 100,
    "GET export progress": 1000,
    "GET export file": 100,
    "GET filters": 100,
    "GET response": 240,
    "DELETE response": 60,
    "GET response-schema": 60,
    "POST eventsubscriptions": 120,
    "GET eventsubscriptions": 120,
    "DELETE eventsubscriptions": 120,
    "POST distributions": 3000,
    "GET distributions": 3000,
    "DELETE distributions": 3000,
    "SMS distributions": 1000,
    **dict.fromkeys(
        [
            "POST /directories/{directory_id}/contacts",
            "POST /directories/{directory_id}/contacts/search",
            "PUT /directories/{directory_id}/contacts/{contact_id}",
            "DELETE /directories/{directory_id}/contacts/{contact_id}",
            "POST /directories/{directory_id}/mailinglists",
            "DELETE /directories/{directory_id}/mailinglists/{list_id}",
            "POST /directories/{directory_id}/mailinglists/{list_id}/contacts",
        ],
        500,
    ),
}


@dataclass(slots=True)
class Buckets:
    """One bucket per (brand, endpoint); a bucket holds one minute's worth and refills steadily.

    Runs on real time, not on the sandbox's clock: the limits guard real load.
    """

    time: Callable[[], float] = time.monotonic
    _levels: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, brand: str, endpoint: str, overrides: dict[str, float]) -> None:
        """Spend one call; a Refusal with `Retry-After` when the bucket is empty."""
        for name in ("brand", endpoint):
            rate = overrides.get(name, PER_MINUTE.get(name))
            if rate is not None:
                self._take(brand, name, rate)

    def _take(self, brand: str, name: str, rate: float) -> None:
        now = self.time()
        with self._lock:
            level, seen = self._levels.get((brand, name), (rate, now))
            level = min(rate, level + (now - seen) * rate / 60)
            if level < 1:
                self._levels[brand, name] = (level, now)
                wait = 60 if rate <= 0 else max(1, ceil((1 - level) * 60 / rate))
                raise Refusal(429, "SBX_429", "Rate limit exceeded.", retry_after=str(wait))
            self._levels[brand, name] = (level - 1, now)

    def reset(self) -> None:
        """Fill every bucket."""
        with self._lock:
            self._levels.clear()
