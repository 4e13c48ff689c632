"""Situations with telling names, for the page's buttons and for tests."""

import random
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandbox.clock import DAY
from sandbox.demo import RAILWAY_TOKEN
from sandbox.demo.life import responses_of_day

if TYPE_CHECKING:
    from sandbox.control import Control

Scenario = Callable[["Control"], Any]
SCENARIOS: dict[str, Scenario] = {}


def scenario(function: Scenario) -> Scenario:
    """Offer it by its name."""
    SCENARIOS[function.__name__] = function
    return function


def _days_pass(control: "Control", days: int, brisk: float) -> dict[str, int]:
    """Move the clock day by day; on each, people answer as they would (times `brisk`)."""
    world, added = control.world, 0
    for _ in range(days):
        start = world.clock.now()
        day = datetime.fromtimestamp(start / 1000, tz=UTC).date()
        world.clock.advance(DAY)
        with world.lock:
            for survey in [each for each in world.surveys.values() if each.is_active]:
                source = random.Random(f"{world.seed}:{survey.key}:{day}:later")
                for response in responses_of_day(source, survey, day, 0.0, brisk):
                    if not start < response.ended <= world.clock.now():
                        response.ended += DAY  # the part of the day that had passed already is played tomorrow
                        response.started, response.recorded = response.started + DAY, response.recorded + DAY
                        response.modified += DAY
                    if response.ended <= world.clock.now():
                        world.add_response(survey, response)
                        added += 1
        world.settle()
    control.site.desk.webhooks.wake()
    return {"added": added}


@scenario
def quiet_week(control: "Control") -> Any:
    """A week passes and hardly anybody answers."""
    return _days_pass(control, 7, 0.1)


@scenario
def busy_week(control: "Control") -> Any:
    """A week passes with the usual number of answers."""
    return _days_pass(control, 7, 1.0)


@scenario
def silent_week(control: "Control") -> Any:
    """A week passes and nobody answers."""
    return control.advance_clock(days=7)


@scenario
def launch_survey(control: "Control") -> Any:
    """The survey on delay compensation is published."""
    return control.launch_survey("delay-compensation")


@scenario
def expired_token(control: "Control") -> Any:
    """Somebody generated a new token: the railway's one is refused."""
    return control.revoke_token(RAILWAY_TOKEN)


@scenario
def too_many_requests(control: "Control") -> Any:
    """The next ten calls are answered 429 with Retry-After 7."""
    return control.switch_fault_on("429", count=10, retry_after="7")


@scenario
def server_errors(control: "Control") -> Any:
    """Every call fails with 500 or 503 until you go back to normal."""
    return control.switch_fault_on("soup", soup=["500", "503"])


@scenario
def shaky_network(control: "Control") -> Any:
    """A third of the calls go wrong in one way or another."""
    return control.switch_fault_on("soup", probability=0.33)


@scenario
def corrupt_zip(control: "Control") -> Any:
    """The next export file is damaged."""
    return control.switch_fault_on("corrupt_zip", count=1)


@scenario
def cut_connection(control: "Control") -> Any:
    """The next export file breaks off after 2,000 bytes."""
    return control.switch_fault_on("cut", path="*/file", size=2000, count=1)


@scenario
def failed_export(control: "Control") -> Any:
    """The next export fails."""
    return control.switch_fault_on("export_failed", count=1)


@scenario
def slow_exports(control: "Control") -> Any:
    """Exports take four times as long."""
    return control.change_settings(export_mode="slow")


@scenario
def survey_edited(control: "Control") -> Any:
    """The staff question of the post-journey survey is removed."""
    return control.remove_question("post-journey", "QID3")


@scenario
def survey_gone(control: "Control") -> Any:
    """The survey on complaints is deleted."""
    return control.remove_survey("complaint")


@scenario
def wrong_data_centre(control: "Control") -> Any:
    """The railway moves to the other data centre."""
    home = control.world.brands["coastline"].data_centre
    return control.move_brand("coastline", next(name for name in control.world.hosts if name != home))


@scenario
def back_to_normal(control: "Control") -> Any:
    """Faults off, settings and tokens as at the start; the railway is back at its data centre."""
    control.switch_faults_off()
    control.world.revoked.clear()
    control.change_settings(export_mode="normal")
    control.move_brand("coastline", next(iter(control.world.hosts)))
