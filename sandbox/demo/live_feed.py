"""New responses while the sandbox runs: one every few seconds, over the active surveys."""

import threading

from sandbox.demo.life import live_response
from sandbox.state.responses import Response
from sandbox.state.world import World


class LiveFeed:
    """A thread that adds responses until it is stopped."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Is it adding responses?"""
        return self._thread is not None and self._thread.is_alive()

    def start(self, seconds: float) -> None:
        """Add a response every so many seconds, in place of any earlier rhythm."""
        self.stop()
        self._stopped.clear()
        self._thread = threading.Thread(target=self._run, args=(seconds,), name="sandbox-live-feed", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop adding."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(10)
            self._thread = None

    def add_one(self) -> Response | None:
        """One response, for one of the active surveys; the busy ones come up more often."""
        world = self._world
        with world.lock:
            world.settle()
            active = [survey for survey in world.surveys.values() if survey.is_active]
            if not active:
                return None
            weights = [survey.busyness for survey in active]
            return live_response(world, world.source.choices(active, weights)[0])

    def _run(self, seconds: float) -> None:
        while not self._stopped.wait(seconds):
            self.add_one()
