from itertools import pairwise

import pytest

from sandbox.demo import build_world
from sandbox.scenarios import SCENARIOS
from sandbox.server import start


@pytest.fixture
def own():
    """A sandbox of its own: scenarios leave traces."""
    with start(small=True) as sandbox:
        yield sandbox


def total(sandbox):
    return sum(len(sandbox.control.truth(survey)) for survey in sandbox.world.surveys)


def test_a_quiet_week_brings_less_than_a_busy_one(own):
    counts, moments = [total(own)], [own.world.clock.now()]
    for name in ("silent_week", "quiet_week", "busy_week"):
        own.control.scenario(name)
        counts.append(total(own))
        moments.append(own.world.clock.now())
    silent, quiet, busy = (after - before for before, after in pairwise(counts))
    assert silent < 10 and quiet < 40 and busy > 70
    assert all(6.99 < (b - a) / 86_400_000 < 7.01 for a, b in pairwise(moments))


def test_every_scenario_runs_and_back_to_normal_ends_the_faults(own):
    for name in sorted(SCENARIOS, key=lambda name: name == "back_to_normal"):
        own.control.scenario(name)
    state = own.control.state()
    assert state["faults"] == [] and not any(user["revoked"] for user in state["users"])
    assert state["brands"][0]["data_centre"] == "fra1"
    assert next(each for each in state["surveys"] if each["key"] == "delay-compensation")["active"]


def test_a_launched_survey_is_fed_by_the_trickle():
    with start(world=build_world(history=False)) as own:
        own.control.scenario("launch_survey")
        for survey in ("post-journey", "ticket-purchase", "on-board", "complaint", "onboarding", "branch-visit"):
            own.control.close_survey(survey)
        for _ in range(20):
            own.trickle.drop()
        assert len(own.world.responses[own.control.survey_id("delay-compensation")]) == 23
