"""What scenarios do: kinds of effects, each of which starts, stops and knows whether it is on.

Each is given the name of its scenario: by it `actions.kept` remembers what was before, and faults know whose they are.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from sandbox.actions import Actions
from sandbox.state.clock import HOUR
from sandbox.state.settings import Settings
from sandbox.state.surveys import Question


class Effect(ABC):
    """An effect that lasts until it is stopped; to start or stop it twice changes nothing more."""

    can_end = True

    @abstractmethod
    def start(self, actions: Actions, name: str) -> Any:
        """Switch it on."""

    @abstractmethod
    def stop(self, actions: Actions, name: str) -> None:
        """Put back what was before."""

    @abstractmethod
    def is_on(self, actions: Actions, name: str) -> bool:
        """Is it on now?"""


class Event(Effect):
    """Something happens and stays."""

    can_end = False

    def __init__(self, happen: Callable[..., Any], **details: Any) -> None:
        self._happen = happen
        self._details = details

    def start(self, actions: Actions, name: str) -> Any:
        """Let it happen."""
        return self._happen(actions, **self._details)

    def stop(self, actions: Actions, name: str) -> None:
        """ValueError: what has happened stays."""
        raise ValueError(f"The scenario {name!r} is an event: it cannot be switched off.")

    def is_on(self, actions: Actions, name: str) -> bool:
        """Never."""
        return False


class FaultsOn(Effect):
    """Faults meet calls until the last of them is used up, or they are switched off."""

    def __init__(self, *faults: dict[str, Any]) -> None:
        self._faults = faults

    def start(self, actions: Actions, name: str) -> None:
        """Switch them on, anew if some are used up."""
        actions.site.faults.switch_off_scenario(name)
        for fault in self._faults:
            actions.switch_fault_on(**fault, scenario=name)

    def stop(self, actions: Actions, name: str) -> None:
        """Switch them off."""
        actions.site.faults.switch_off_scenario(name)

    def is_on(self, actions: Actions, name: str) -> bool:
        """Will one still meet a call?"""
        return actions.site.faults.is_under_way(name)


class SettingsChanged(Effect):
    """Settings differ; afterwards these are as they were before."""

    def __init__(self, **settings: Any) -> None:
        self._settings = settings

    def start(self, actions: Actions, name: str) -> None:
        """Change them, and remember what was."""
        if not self.is_on(actions, name):
            actions.kept[name] = self._of(actions.world.settings)
        actions.change_settings(**self._settings)

    def stop(self, actions: Actions, name: str) -> None:
        """Put them back: as remembered, else as at the start of the sandbox."""
        before = actions.kept.pop(name, None) or (self._of(Settings()) if self.is_on(actions, name) else {})
        actions.change_settings(**before)

    def is_on(self, actions: Actions, name: str) -> bool:
        """Are they all as wanted?"""
        return self._of(actions.world.settings) == self._settings

    def _of(self, settings: Settings) -> dict[str, Any]:
        """Of these settings the ones that are changed."""
        return _named(settings.as_dict(), self._settings)


def _named(values: Any, names: dict[str, Any]) -> dict[str, Any]:
    """Of these values the named ones, within `data` too."""
    return {name: _named(values[name], names[name]) if name == "data" else values[name] for name in names}


class SurveyEdited(Effect):
    """Somebody edited the questions of a survey; afterwards the old ones are back."""

    def __init__(self, survey: str, edit: Callable[[list[Question]], None]) -> None:
        self._survey = survey
        self._edit = edit

    def start(self, actions: Actions, name: str) -> None:
        """Edit them, and remember the old ones."""
        if name in actions.kept:
            return
        found = actions.world.survey(self._survey)
        with actions.world.lock:
            actions.kept[name] = copy.deepcopy(found.questions)
            self._edit(found.questions)
            actions.world.edited(found)

    def stop(self, actions: Actions, name: str) -> None:
        """Put the old ones back."""
        if name not in actions.kept:
            return
        found = actions.world.survey(self._survey)
        with actions.world.lock:
            found.questions[:] = actions.kept.pop(name)
            actions.world.edited(found)

    def is_on(self, actions: Actions, name: str) -> bool:
        """Are old ones remembered?"""
        return name in actions.kept


class SurveyAbsent(Effect):
    """A survey is out of sight; afterwards it is back with its responses."""

    def __init__(self, survey: str) -> None:
        self._survey = survey

    def start(self, actions: Actions, name: str) -> None:
        """Take it away."""
        if not self.is_on(actions, name):
            actions.unshare_survey(self._survey)

    def stop(self, actions: Actions, name: str) -> None:
        """Bring it back."""
        if self.is_on(actions, name):
            actions.share_survey(self._survey)

    def is_on(self, actions: Actions, name: str) -> bool:
        """Is it away?"""
        return self._survey in actions.world.unshared


class SurveyActive(Effect):
    """A survey is launched, or closed; afterwards the opposite."""

    def __init__(self, survey: str, *, active: bool) -> None:
        self._survey = survey
        self._active = active

    def start(self, actions: Actions, name: str) -> dict[str, Any]:
        """Launch or close it."""
        return actions.launch_survey(self._survey) if self._active else actions.close_survey(self._survey)

    def stop(self, actions: Actions, name: str) -> None:
        """Close or launch it."""
        (actions.close_survey if self._active else actions.launch_survey)(self._survey)

    def is_on(self, actions: Actions, name: str) -> bool:
        """Is it as wanted?"""
        return actions.world.survey(self._survey).is_active == self._active


class TokenRevoked(Effect):
    """A token is known no more."""

    def __init__(self, token: str) -> None:
        self._token = token

    def start(self, actions: Actions, name: str) -> None:
        """Revoke it."""
        actions.revoke_token(self._token)

    def stop(self, actions: Actions, name: str) -> None:
        """Know it again."""
        actions.restore_token(self._token)

    def is_on(self, actions: Actions, name: str) -> bool:
        """Is it revoked?"""
        return self._token in actions.world.revoked


class BrandMoved(Effect):
    """A brand of the first data centre lives at the other one."""

    def __init__(self, brand: str) -> None:
        self._brand = brand

    def start(self, actions: Actions, name: str) -> None:
        """Move it away."""
        _home, elsewhere = actions.world.hosts
        actions.move_brand(self._brand, elsewhere)

    def stop(self, actions: Actions, name: str) -> None:
        """Move it home."""
        home, _elsewhere = actions.world.hosts
        actions.move_brand(self._brand, home)

    def is_on(self, actions: Actions, name: str) -> bool:
        """Is it away from home?"""
        home, _elsewhere = actions.world.hosts
        return actions.world.brands[self._brand].data_centre != home


class ClockAhead(Effect):
    """The clock is some hours ahead."""

    def __init__(self, hours: int) -> None:
        self._hours = hours

    def start(self, actions: Actions, name: str) -> None:
        """Put it ahead, once."""
        if name not in actions.kept:
            actions.kept[name] = True
            actions.advance_clock(hours=self._hours)

    def stop(self, actions: Actions, name: str) -> None:
        """Put it back."""
        if actions.kept.pop(name, False):
            actions.world.clock.advance(-self._hours * HOUR)

    def is_on(self, actions: Actions, name: str) -> bool:
        """Was it put ahead?"""
        return name in actions.kept
