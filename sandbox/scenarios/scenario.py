"""What a scenario is: one row of the list, and one of the page."""

from dataclasses import dataclass
from typing import Any

from sandbox.actions import Actions
from sandbox.scenarios.effects import Effect

LANGUAGES = {"en": "English", "fr": "Français"}
Words = tuple[str, str]  # in these languages


@dataclass(frozen=True, slots=True)
class Scenario:
    """A situation with a telling name."""

    name: str
    shows: tuple[str, ...]  # lines of docs/faults.md
    what: Words
    expect: Words
    effect: Effect
    lasts: bool = False  # no trouble: stays when all is put back to normal

    @property
    def can_end(self) -> bool:
        """Can it be switched off? An event cannot."""
        return self.effect.can_end

    def start(self, actions: Actions) -> Any:
        """Switch it on, or let it happen."""
        return self.effect.start(actions, self.name)

    def stop(self, actions: Actions) -> None:
        """Switch it off; ValueError for an event."""
        self.effect.stop(actions, self.name)

    def is_on(self, actions: Actions) -> bool:
        """Is it switched on?"""
        return self.effect.is_on(actions, self.name)
