"""The control surface: every action is a method here, and a POST under `/_sandbox/` (see `http.py`)."""

from typing import Any

from sandbox.actions import Actions
from sandbox.actions.base import action
from sandbox.scenarios.rows import GROUPS, SCENARIOS
from sandbox.scenarios.scenario import Scenario


class Control(Actions):
    """Changes the world from outside. Times are ISO texts or datetimes; surveys are named by id or short key.

    Wrong arguments raise ValueError; what does not exist, KeyError.
    """

    @action
    def scenario(self, name: str) -> Any:
        """Run or switch on a named scenario."""
        return self._scenario(name).start(self)

    @action
    def end_scenario(self, name: str) -> None:
        """Switch a scenario off; those that are events cannot be undone."""
        self._scenario(name).stop(self)

    @action
    def scenarios(self) -> list[dict[str, Any]]:
        """All scenarios: what happens, what to expect, whether it is on."""
        return [
            {
                "name": each.name,
                "group": group,
                "shows": list(each.shows),
                "what": each.what[0],
                "expect": each.expect[0],
                "can_end": each.can_end,
                "on": each.is_on(self),
            }
            for group, rows in GROUPS.items()
            for each in rows
        ]

    def _scenario(self, name: str) -> Scenario:
        if name not in SCENARIOS:
            raise KeyError(f"There is no scenario {name!r}. There are: {', '.join(SCENARIOS)}.")
        return SCENARIOS[name]
