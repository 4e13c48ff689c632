"""The control surface: every deed is a method here, and a POST under `/_sandbox/` (see `control_http.py`)."""

from typing import Any

from sandbox.control.answering import Answering
from sandbox.control.base import DEEDS, deed
from sandbox.control.conditions import Conditions
from sandbox.control.designing import Designing
from sandbox.control.looking import Looking
from sandbox.scenarios import SCENARIOS

__all__ = ["DEEDS", "Control"]


class Control(Looking, Answering, Designing, Conditions):
    """Changes the world from outside. Times are ISO texts or datetimes; surveys are named by id or short key.

    Wrong arguments raise ValueError; what does not exist, KeyError.
    """

    @deed
    def scenario(self, name: str) -> Any:
        """Run a named scenario."""
        if name not in SCENARIOS:
            raise KeyError(f"There is no scenario {name!r}. There are: {', '.join(SCENARIOS)}.")
        return SCENARIOS[name](self)
