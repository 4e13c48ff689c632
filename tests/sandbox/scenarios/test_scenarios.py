import re
from itertools import pairwise
from pathlib import Path

import pytest

from sandbox.demo import build_world
from sandbox.scenarios.rows import GROUPS, SCENARIOS
from sandbox.server import start


@pytest.fixture
def own():
    """A sandbox of its own: scenarios leave traces."""
    with start(small=True) as sandbox:
        yield sandbox


ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "sandbox" / "README.md"
TABLE = ROOT / "docs" / "faults.md"
# Names, certificates and the calendar are no matter of what an HTTP server answers.
NOT_SWITCHED_HERE = {"A5", "A30"}


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


def test_no_two_scenarios_have_one_name():
    assert len(SCENARIOS) == sum(len(rows) for rows in GROUPS.values())


def test_every_scenario_runs_and_back_to_normal_ends_the_faults(own):
    for name in sorted(SCENARIOS, key=lambda name: name == "back_to_normal"):
        own.control.scenario(name)
    state = own.control.state()
    assert state["faults"] == [] and not any(user["revoked"] for user in state["users"])
    assert state["brands"][0]["data_centre"] == "fra1"
    assert next(each for each in state["surveys"] if each["key"] == "delay-compensation")["active"]


def test_a_launched_survey_is_served_by_the_live_feed():
    with start(world=build_world(history=False)) as own:
        own.control.scenario("launch_survey")
        for survey in ("post-journey", "ticket-purchase", "on-board", "complaint", "onboarding", "branch-visit"):
            own.control.close_survey(survey)
        for _ in range(20):
            own.live_feed.add_one()
        assert len(own.world.responses[own.control.survey_id("delay-compensation")]) == 23


def test_every_fault_of_the_vendor_has_a_scenario():
    lines = set(re.findall(r"^\| (A\d+) \|", TABLE.read_text(encoding="utf-8"), re.MULTILINE))
    shown = {line for each in SCENARIOS.values() for line in each.shows}
    assert lines - shown == NOT_SWITCHED_HERE
    assert {line for line in shown if line[0] == "A"} <= lines


def test_scenarios_speak_both_languages():
    for each in SCENARIOS.values():
        for english, french in (each.what, each.expect):
            assert english and french and english != french, each.name
            assert not re.search(r"[^\u00a0][;:?!](?!\d)|«[^\u00a0]", french), french


def facts(sandbox):
    """What a scenario may change and must put back; the clock to the minute."""
    control = sandbox.control
    state = control.state()
    faults = [each for each in state["faults"] if each["count"] != 0]
    questions = {survey.key: repr(survey.questions) for survey in sandbox.world.surveys.values()}
    counts = {survey["id"]: (survey["active"], survey["counts"]) for survey in state["surveys"]}
    revoked = [user["revoked"] for user in state["users"]]
    return faults, state["settings"], questions, counts, revoked, state["brands"]


CAN_END = sorted(each.name for each in SCENARIOS.values() if each.can_end)


@pytest.fixture(scope="module")
def shared():
    with start(small=True) as sandbox:
        sandbox.control.change_settings(limits=True)
        yield sandbox


@pytest.mark.parametrize("name", CAN_END)
def test_what_is_switched_on_is_switched_off_without_a_trace(shared, name):
    def is_on():
        return next(each["on"] for each in shared.control.scenarios() if each["name"] == name)

    before, moment = facts(shared), shared.world.clock.now()
    assert not is_on()
    shared.control.scenario(name)
    shared.control.scenario(name)  # pressed twice
    assert is_on()
    assert (facts(shared) != before) or shared.world.clock.now() - moment > 7_000_000
    shared.control.end_scenario(name)
    shared.control.end_scenario(name)
    assert not is_on()
    assert facts(shared) == before
    assert 0 <= shared.world.clock.now() - moment < 60_000


def test_all_at_once_end_with_back_to_normal(own):
    before = facts(own)
    for name in CAN_END:
        if name != "launch_survey":
            own.control.scenario(name)
    own.control.scenario("back_to_normal")
    assert facts(own) == before


def test_every_event_leaves_its_trace(own):
    for each in SCENARIOS.values():
        if each.can_end or each.name == "back_to_normal":
            continue
        before, moment = facts(own), own.world.clock.now()
        answers = [own.control.truth(survey) for survey in own.world.surveys]
        own.control.scenario(each.name)
        changed = facts(own) != before or answers != [own.control.truth(survey) for survey in own.world.surveys]
        assert changed or own.world.clock.now() - moment > 86_400_000, each.name


def test_the_readme_lists_every_scenario_and_no_other():
    listed = re.findall(
        r"^\| (\w+) \| (`.*`) \|$", README.read_text(encoding="utf-8").split("## Faults")[0], re.MULTILINE
    )
    groups = {group: re.findall(r"`(\w+)`", names) for group, names in listed if group in GROUPS}
    assert groups == {group: [each.name for each in rows] for group, rows in GROUPS.items()}


def test_an_event_cannot_be_switched_off(own):
    with pytest.raises(ValueError, match="is an event"):
        own.control.end_scenario("quiet_week")


@pytest.mark.parametrize(
    ("name", "counted"),
    [("responses_edited", {"edited": 20}), ("responses_deleted", {"deleted": 5}), ("late_text_iq", {"analysed": 10})],
)
def test_events_change_answers(own, name, counted):
    before = {row["id"]: row["hash"] for row in own.control.truth("post-journey")}
    assert own.control.scenario(name) == counted
    after = {row["id"]: row["hash"] for row in own.control.truth("post-journey")}
    changed = sum(1 for each, value in after.items() if before[each] != value)
    assert {"edited": changed, "deleted": len(before) - len(after), "analysed": changed} | counted == {
        "edited": changed,
        "deleted": len(before) - len(after),
        "analysed": changed,
    }


def test_most_answers_vanish_and_a_flood_arrives(own):
    before = len(own.control.truth("ticket-purchase"))
    own.control.scenario("mass_deletion")
    assert len(own.control.truth("ticket-purchase")) < before * 0.45
    before = len(own.control.truth("post-journey"))
    own.control.scenario("webhook_flood")
    assert len(own.control.truth("post-journey")) == before + 300
