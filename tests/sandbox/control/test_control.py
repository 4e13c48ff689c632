import subprocess
import sys
import time
from pathlib import Path

import pytest

from sandbox.actions.base import ACTIONS
from sandbox.control.client import ControlClient, ControlError
from sandbox.demo import RAILWAY_TOKEN
from sandbox.scenarios.rows import SCENARIOS

README = Path(__file__).resolve().parents[3] / "sandbox" / "README.md"


@pytest.fixture
def client(sandbox):
    return ControlClient(sandbox.url)


def test_the_imitated_credentials_do_not_open_the_control_surface(sandbox, session):
    for header in ({"X-API-TOKEN": RAILWAY_TOKEN}, {"Authorization": "Bearer x"}):
        for method, path in (("GET", "/_sandbox"), ("POST", "/_sandbox/state")):
            assert session.request(method, sandbox.url + path, headers=header, json={}, timeout=30).status_code == 403
    assert session.get(f"{sandbox.url}/API/v3/_sandbox/state", headers=header, timeout=30).status_code != 200
    assert session.get(f"{sandbox.url}/API/v3/../../_sandbox", headers=header, timeout=30).status_code == 403


def test_other_sites_cannot_press_its_buttons(sandbox, session):
    form = {"name": "quiet_week"}
    url = f"{sandbox.url}/_sandbox/scenario"
    before = sandbox.world.clock.now()
    assert session.post(url, form, headers={"Origin": "http://evil.example"}, timeout=30).status_code == 403
    assert session.post(url, form, headers={"Origin": "null"}, timeout=30).status_code == 403
    assert sandbox.world.clock.now() - before < 60_000


def test_every_action_says_what_it_does(sandbox, session):
    described = session.get(f"{sandbox.url}/_sandbox", timeout=30).json()
    assert set(described) == set(ACTIONS)
    assert all(described.values())


def test_the_readme_names_every_action():
    text = README.read_text(encoding="utf-8")
    assert [name for name in ACTIONS if f"`{name}(" not in text and f"`{name}`" not in text] == []


def test_actions_work_over_http(client, sandbox, fresh):
    new = client.add_response(survey=fresh, answers={"QID2": 9})["id"]
    assert client.response(survey=fresh, response_id=new)["values"]["QID2"] == 9
    assert [row["id"] for row in client.truth(survey=fresh)] == [new]
    assert client.state()["surveys"][-1]["counts"]["auditable"] == 1
    assert client.change_settings(page_size=7)["page_size"] == 7


@pytest.mark.parametrize(
    ("action", "arguments", "words"),
    [
        ("surprise", {}, "no action"),
        ("truth", {"survey": "nothing"}, "no survey 'nothing'"),
        ("truth", {}, "missing a required argument"),
        ("response", {"survey": "complaint", "response_id": "R_no"}, "no response"),
        ("set_clock", {"now": "tomorrow"}, "not a moment"),
        ("change_settings", {"surprise": 1}, "no setting"),
        ("change_settings", {"page_size": "many"}, "takes a int"),
        ("change_settings", {"page_size": 0}, "at least one"),
        ("change_settings", {"data": {"bad_records": ["surprise"]}}, "no bad records"),
        ("switch_fault_on", {"kind": "surprise"}, "no fault"),
        ("scenario", {"name": "surprise"}, "no scenario"),
        ("start_live_feed", {"seconds": 0}, "longer than nothing"),
    ],
)
def test_wrong_actions_are_explained(client, action, arguments, words):
    with pytest.raises(ControlError, match=words):
        getattr(client, action)(**arguments)


def test_a_refused_setting_changes_nothing(client, sandbox):
    before = sandbox.world.settings.as_dict()
    with pytest.raises(ControlError):
        client.change_settings(page_size=3, surprise=1)
    assert sandbox.world.settings.as_dict() == before


def test_calls_are_listed_and_counted(client, railway, sandbox):
    client.forget_calls()
    railway.get("/surveys?offset=0")
    railway.post(f"/surveys/{sandbox.control.survey_id('complaint')}/export-responses", {"format": "json"})
    sandbox.control.switch_fault_on("503", count=1)
    railway.get("/whoami")
    listed = client.calls()
    assert [(call["method"], call["query"], call["status"], call["fault"]) for call in listed] == [
        ("GET", "offset=0", 200, None), ("POST", "", 200, None), ("GET", "", 503, "503"),
    ]  # fmt: skip
    assert listed[1]["body"] == '{"format": "json"}'
    assert client.call_counts() == {"GET /surveys 200": 1, "POST export-responses 200": 1, "GET /whoami 503": 1}
    assert len(client.calls(method="POST")) == 1


def test_the_clock_moves_and_can_be_held(client, sandbox):
    client.hold_clock()
    client.set_clock(now="2026-03-01T00:00:00Z")
    assert client.advance_clock(days=1, hours=1, seconds=1)["now"] == "2026-03-02T01:00:01.000Z"
    time.sleep(0.01)
    assert client.state()["now"] == "2026-03-02T01:00:01Z"
    client.hold_clock(held=False)
    sandbox.world.clock.set(time.time_ns() // 1_000_000)


def test_the_live_feed_serves_active_surveys_only(sandbox):
    before = sum(len(rows) for rows in sandbox.world.responses.values())
    sandbox.control.start_live_feed(0.005)
    deadline = time.monotonic() + 60
    while sum(len(rows) for rows in sandbox.world.responses.values()) < before + 20:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    sandbox.control.stop_live_feed()
    after = sum(len(rows) for rows in sandbox.world.responses.values())
    assert not sandbox.live_feed.is_running
    assert len(sandbox.world.responses[sandbox.control.survey_id("delay-compensation")]) == 3
    time.sleep(0.03)
    assert sum(len(rows) for rows in sandbox.world.responses.values()) == after


def test_the_live_feed_starts_at_its_earlier_address_too(client, sandbox):
    client.start_trickle(seconds=60)
    assert sandbox.live_feed.is_running
    client.stop_trickle()
    assert not sandbox.live_feed.is_running


def test_the_page_shows_tokens_surveys_and_buttons_under_a_strict_policy(sandbox, session):
    page = session.get(f"{sandbox.url}/", timeout=30)
    assert page.status_code == 200
    for text in (RAILWAY_TOKEN, "Post-journey NPS", "Banque Méridian"[:6].lower() and "meridian", *SCENARIOS):
        assert text in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "style=" not in page.text and "<script" not in page.text
    assert session.get(f"{sandbox.url}/?style", timeout=30).headers["content-type"].startswith("text/css")


def test_a_button_starts_a_scenario(sandbox, session):
    pressed = session.post(
        f"{sandbox.url}/_sandbox/scenario", {"name": "too_many_requests"}, allow_redirects=False, timeout=30,
        headers={"Origin": sandbox.url},
    )  # fmt: skip
    assert (pressed.status_code, pressed.headers["Location"]) == (303, "/")
    assert sandbox.control.state()["faults"][0]["kind"] == "429"


@pytest.mark.parametrize("option", ["--live-feed", "--trickle"])
def test_the_command_line_starts_and_ends(option):
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "sandbox", "--port", "0", "--small", option, "1"],
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        line = process.stdout.readline()
        url = line.split()[3]
        assert ControlClient(url).state()["live_feed"] is True
        assert ControlClient(url).state()["settings"]["limits"] is True
        process.terminate()
        assert process.wait(60) == 0
