"""Conditions: the clock, the settings, faults, tokens, the live feed."""

from typing import Any

from sandbox.actions.base import Base, Moment, action
from sandbox.exports.rendering import BAD_RECORDS
from sandbox.state.clock import DAY, SECOND, iso_ms


class Conditions(Base):
    """Actions that change how the sandbox behaves."""

    @action
    def set_clock(self, now: Moment) -> dict[str, str]:
        """Jump to a moment."""
        self.world.clock.set(self._moment(now))
        return self._moved()

    @action
    def advance_clock(self, days: float = 0, hours: float = 0, seconds: float = 0) -> dict[str, str]:
        """Jump forwards; nobody answers meanwhile (see the scenario `busy_week` for that)."""
        self.world.clock.advance(round(days * DAY + hours * 3600 * SECOND + seconds * SECOND))
        return self._moved()

    @action
    def hold_clock(self, held: bool = True) -> dict[str, str]:
        """Stop time, or let it run on."""
        self.world.clock.hold(held)
        return self._moved()

    def _moved(self) -> dict[str, str]:
        self.world.settle()
        self.site.services.webhooks.wake()
        return {"now": iso_ms(self.world.clock.now())}

    @action
    def change_settings(self, **settings: Any) -> dict[str, object]:
        """Turn knobs (see `state/settings.py`); `data` holds the switches for oddities in files."""
        bad = set((settings.get("data") or {}).get("bad_records", [])) - set(BAD_RECORDS)
        if bad:
            raise ValueError(f"There are no bad records {sorted(bad)}. There are: {', '.join(BAD_RECORDS)}.")
        with self.world.lock:
            self.world.settings.change(**settings)
        self.site.services.buckets.reset()
        return self.world.settings.as_dict()

    @action
    def switch_fault_on(self, kind: str, **details: Any) -> dict[str, int]:
        """Switch a fault on (see `api/faults.py`): kind, path, method, brand, count, probability, skip, ..."""
        return {"id": self.site.faults.switch_on(kind, **details).id}

    @action
    def switch_faults_off(self, fault_id: int | None = None) -> None:
        """Switch one fault off, or all of them."""
        self.site.faults.switch_off(fault_id)

    @action
    def revoke_token(self, token: str) -> None:
        """The token, or the OAuth client of this id, is known no more: 401."""
        self.world.revoked.add(token)

    @action
    def restore_token(self, token: str) -> None:
        """The token, or the OAuth client, works again."""
        self.world.revoked.discard(token)

    @action
    def end_access_tokens(self) -> None:
        """Every access token that OAuth clients hold ends before its time."""
        self.site.services.authenticator.grants.clear()

    @action
    def move_brand(self, brand: str, data_centre: str) -> None:
        """The brand lives at another data centre from now on."""
        if data_centre not in self.world.hosts:
            raise KeyError(f"There is no data centre {data_centre!r}.")
        self.world.brands[brand].data_centre = data_centre

    @action
    def start_live_feed(self, seconds: float = 4) -> None:
        """A new response every so many seconds."""
        if not seconds > 0:
            raise ValueError("The pause between two responses must be longer than nothing.")
        self.live_feed.start(seconds)

    @action
    def stop_live_feed(self) -> None:
        """No more responses by themselves."""
        self.live_feed.stop()

    @action
    def reset(self) -> None:
        """Faults off, settings as at the start, calls and messages forgotten; responses stay."""
        world = self.world
        self.live_feed.stop()
        self.site.faults.switch_off()
        self.site.log.clear()
        self.site.services.webhooks.deliveries.clear()
        self.site.services.webhooks.subscriptions.clear()
        with world.lock:
            world.settings.change(**type(world.settings)().as_dict())
            world.revoked.clear()
        self.site.services.buckets.reset()
