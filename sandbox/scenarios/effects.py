"""Situations with telling names: what happens, what to expect of the product, and how they are switched on and off.

The rows stand in `rows.py`; the page's buttons, the actions and tests call them by name.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sandbox.state.settings import Settings
from sandbox.state.surveys import Question, Survey

if TYPE_CHECKING:
    from sandbox.control.surface import Control

Action = Callable[["Control"], Any]
Words = tuple[str, str]  # English, French
SCENARIOS: dict[str, "Scenario"] = {}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the page. Without `stop` it is an event: it has happened and stays."""

    name: str
    group: str
    shows: tuple[str, ...]  # lines of docs/faults.md
    what: Words
    expect: Words
    start: Action
    stop: Action | None = None
    is_on: Callable[["Control"], bool] = lambda control: False


def add(scenario: Scenario) -> None:
    """Offer it by its name."""
    if scenario.name in SCENARIOS:
        raise ValueError(f"There are two scenarios {scenario.name!r}.")
    SCENARIOS[scenario.name] = scenario


def add_faults(name: str, group: str, shows: str, what: Words, expect: Words, *faults: dict[str, Any]) -> None:
    """A scenario made of faults. It is on until the last of them is used up or it is switched off."""

    def start(control: "Control") -> None:
        control.site.faults.switch_off_scenario(name)
        for fault in faults:
            control.switch_fault_on(**fault, scenario=name)

    def stop(control: "Control") -> None:
        control.site.faults.switch_off_scenario(name)

    def is_on(control: "Control") -> bool:
        return control.site.faults.is_under_way(name)

    add(Scenario(name, group, tuple(shows.split()), what, expect, start, stop, is_on))


def add_settings(name: str, group: str, shows: str, what: Words, expect: Words, **settings: Any) -> None:
    """A scenario made of settings; switched off, these are as they were before."""

    def start(control: "Control") -> None:
        if not is_on(control):
            control.kept[name] = _of(control.world.settings.as_dict(), settings)
        control.change_settings(**settings)

    def stop(control: "Control") -> None:
        before = control.kept.pop(name, None) or (_of(Settings().as_dict(), settings) if is_on(control) else {})
        control.change_settings(**before)

    def is_on(control: "Control") -> bool:
        return _of(control.world.settings.as_dict(), settings) == settings

    add(Scenario(name, group, tuple(shows.split()), what, expect, start, stop, is_on))


def _of(values: Any, named: dict[str, Any]) -> dict[str, Any]:
    """Of these settings the ones that are named, within `data` too."""
    return {name: _of(values[name], named[name]) if name == "data" else values[name] for name in named}


def add_edit(
    name: str, shows: str, what: Words, expect: Words, survey: str, edit: Callable[[list[Question]], None]
) -> None:
    """A scenario in which somebody edits the questions of a survey; switched off, the old ones are back."""

    def start(control: "Control") -> None:
        found = control.world.survey(survey)
        if name in control.kept:
            return
        with control.world.lock:
            control.kept[name] = copy.deepcopy(found.questions)
            edit(found.questions)
            control.world.edited(found)

    def stop(control: "Control") -> None:
        if name not in control.kept:
            return
        found = control.world.survey(survey)
        with control.world.lock:
            found.questions[:] = control.kept.pop(name)
            control.world.edited(found)

    def is_on(control: "Control") -> bool:
        return name in control.kept

    add(Scenario(name, "surveys", tuple(shows.split()), what, expect, start, stop, is_on))


def add_absence(name: str, shows: str, what: Words, expect: Words, survey: str) -> None:
    """A scenario in which a survey is out of sight; switched off, it is back with its responses."""

    def start(control: "Control") -> None:
        if not is_on(control):
            control.unshare_survey(survey)

    def stop(control: "Control") -> None:
        if is_on(control):
            control.share_survey(survey)

    def is_on(control: "Control") -> bool:
        return survey in control.world.unshared

    add(Scenario(name, "surveys", tuple(shows.split()), what, expect, start, stop, is_on))


def newest(control: "Control", survey: Survey, count: int) -> list[str]:
    """Ids of the newest counted responses."""
    rows = [each for each in control.world.recorded(survey) if not each.is_generated and each.finished]
    return [each.id for each in sorted(rows, key=lambda each: each.recorded)[-count:]]
