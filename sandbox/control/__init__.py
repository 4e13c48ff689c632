"""The control surface: every deed is a method here, and a POST under `/_sandbox/` (see `control_http.py`)."""

from typing import Any

from sandbox.control.answering import Answering
from sandbox.control.base import DEEDS, EARLIER_NAMES, deed
from sandbox.control.conditions import Conditions
from sandbox.control.designing import Designing
from sandbox.control.looking import Looking
from sandbox.scenario_list import SCENARIOS
from sandbox.scenarios import Scenario

__all__ = ["DEEDS", "EARLIER_NAMES", "Control"]


class Control(Looking, Answering, Designing, Conditions):
    """Changes the world from outside. Times are ISO texts or datetimes; surveys are named by id or short key.

    Wrong arguments raise ValueError; what does not exist, KeyError.
    """

    @deed
    def scenario(self, name: str) -> Any:
        """Run or switch on a named scenario."""
        return self._scenario(name).start(self)

    @deed
    def end_scenario(self, name: str) -> None:
        """Switch a scenario off; those that are events cannot be undone."""
        found = self._scenario(name)
        if found.stop is None:
            raise ValueError(f"The scenario {name!r} is an event: it cannot be switched off.")
        found.stop(self)

    @deed
    def scenarios(self) -> list[dict[str, Any]]:
        """All scenarios: what happens, what to expect, whether it is on."""
        return [
            {
                "name": each.name,
                "group": each.group,
                "shows": list(each.shows),
                "what": each.what[0],
                "expect": each.expect[0],
                "can_end": each.stop is not None,
                "on": each.is_on(self),
            }
            for each in SCENARIOS.values()
        ]

    def _scenario(self, name: str) -> Scenario:
        if name not in SCENARIOS:
            raise KeyError(f"There is no scenario {name!r}. There are: {', '.join(SCENARIOS)}.")
        return SCENARIOS[name]
