import hashlib
import hmac
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.received.append((self.headers["Content-Type"], parse_qs(body, keep_blank_values=True)))
        self.send_response(self.server.answers.pop(0) if self.server.answers else 204)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def receiver():
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.received, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def url_of(receiver):
    return f"http://127.0.0.1:{receiver.server_port}/hook?x=1"


def wait_until(condition):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "It did not happen."
        time.sleep(0.01)


def subscribe(api, receiver, topics, **more):
    answer = api.post("/eventsubscriptions", {"topics": topics, "publicationUrl": url_of(receiver), **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["result"]["id"]


def test_subscriptions_are_made_listed_shown_and_deleted(railway, bank, receiver):
    topic = "surveyengine.completedResponse.SV_SOME_SURVEY_ID"
    new = subscribe(railway, receiver, topic, encrypt=False, sharedKey="k3y")
    assert new.startswith("SUB_")
    shown = railway.result(f"/eventsubscriptions/{new}")
    assert shown == {
        "id": new, "scope": "coastline", "topics": topic, "publicationUrl": url_of(receiver), "encrypted": False,
        "successfulCalls": 0,
    }  # fmt: skip
    assert railway.result("/eventsubscriptions")["elements"] == [shown]
    assert bank.result("/eventsubscriptions")["elements"] == []
    assert bank.call("DELETE", f"/eventsubscriptions/{new}").status_code == 404
    assert set(railway.call("DELETE", f"/eventsubscriptions/{new}").json()) == {"meta"}
    assert railway.get(f"/eventsubscriptions/{new}").json()["meta"]["error"]["errorMessage"] == f"{new} not found"


def test_deleting_without_an_id_takes_all(railway, receiver):
    twins = [subscribe(railway, receiver, "*") for _ in range(2)]
    assert len(set(twins)) == 2
    railway.call("DELETE", "/eventsubscriptions")
    assert railway.result("/eventsubscriptions")["elements"] == []


@pytest.mark.parametrize(
    "body",
    [
        {"publicationUrl": "https://a.example/"},
        {"topics": "*"},
        {"topics": ["*"], "publicationUrl": "https://a.example/"},
        {"topics": "surveyengine.surprise.SV_1", "publicationUrl": "https://a.example/"},
        {"topics": "surveyengine.completedResponse.", "publicationUrl": "https://a.example/"},
        {"topics": "*", "publicationUrl": "file:///etc/passwd"},
        {"topics": "*", "publicationUrl": "https://a.example/", "encrypt": True, "sharedKey": "x" * 16},
        {"topics": "*", "publicationUrl": "https://a.example/", "surprise": 1},
    ],
)
def test_odd_subscriptions_are_refused(railway, body):
    assert railway.post("/eventsubscriptions", body).status_code == 400


def test_a_completion_is_told_with_a_signature(railway, sandbox, receiver, fresh):
    subscription = subscribe(railway, receiver, f"surveyengine.completedResponse.{fresh}", sharedKey="k3y é")
    new = sandbox.control.add_response(fresh)["id"]
    wait_until(lambda: receiver.received)
    kind, form = receiver.received[0]
    assert kind == "application/x-www-form-urlencoded"
    assert set(form) == {"Topic", "HMAC", "MSG"}
    assert form["Topic"] == [f"coastline.surveyengine.completedResponse.{fresh}"]
    assert form["HMAC"] == [hmac.new("k3y é".encode(), form["MSG"][0].encode(), hashlib.sha512).hexdigest()]
    assert f'"SurveyID":"{fresh}","ResponseID":"{new}"' in form["MSG"][0]
    wait_until(lambda: railway.result(f"/eventsubscriptions/{subscription}")["successfulCalls"] == 1)


def test_without_a_key_the_form_is_flat(railway, sandbox, receiver, fresh):
    subscribe(railway, receiver, "surveyengine.completedResponse.*")
    new = sandbox.control.add_response(fresh)["id"]
    wait_until(lambda: receiver.received)
    form = {name: values[0] for name, values in receiver.received[0][1].items()}
    assert set(form) == {"Topic", "Status", "SurveyID", "ResponseID", "CompletedDate", "BrandID"}
    assert (form["ResponseID"], form["Status"], form["BrandID"]) == (new, "Complete", "coastline")


def test_topics_choose_what_is_told(railway, sandbox, receiver, fresh):
    subscribe(railway, receiver, "controlpanel.activateSurvey")
    subscribe(railway, receiver, f"surveyengine.partialResponse.{fresh}")
    subscribe(railway, receiver, "surveyengine.completedResponse.SV_another")
    sandbox.control.add_response(fresh)
    sandbox.control.add_response(fresh, finished=False)
    sandbox.control.close_survey(fresh)
    sandbox.control.launch_survey(fresh)
    sandbox.control.advance_clock(days=7.1)
    wait_until(lambda: len(receiver.received) == 2)
    topics = {form["Topic"][0] for _, form in receiver.received}
    assert topics == {"coastline.controlpanel.activateSurvey", f"coastline.surveyengine.partialResponse.{fresh}"}


def test_failures_are_tried_again_by_plan_and_clock(railway, sandbox, receiver, fresh):
    sandbox.control.change_settings(retry_plan=[10, 60])
    sandbox.control.hold_clock()
    receiver.answers += [500, 503, 500]
    subscribe(railway, receiver, "*")
    sandbox.control.add_response(fresh)
    wait_until(lambda: len(receiver.received) == 1)
    for seconds, tries in ((11, 2), (30, 2), (31, 3)):
        sandbox.control.advance_clock(seconds=seconds)
        wait_until(lambda tries=tries: sandbox.control.deliveries()[-1]["tries"] == tries)
    wait_until(lambda: sandbox.control.deliveries()[-1]["state"] == "given_up")
    assert sandbox.control.deliveries()[-1]["outcomes"] == ["500", "503", "500"]
    assert len(receiver.received) == 3


def test_redirects_and_dead_ends_count_as_failures(railway, sandbox, receiver, fresh):
    receiver.answers.append(302)
    subscribe(railway, receiver, "*")
    body = {"topics": "*", "publicationUrl": "http://127.0.0.1:9/"}
    railway.post("/eventsubscriptions", body)
    sandbox.control.add_response(fresh)
    wait_until(lambda: all(each["tries"] for each in sandbox.control.deliveries()[-2:]))
    assert {each["outcomes"][0] for each in sandbox.control.deliveries()[-2:]} == {"302", "URLError"}


def test_messages_can_be_doubled_lost_and_wrongly_signed(railway, sandbox, receiver, fresh):
    subscribe(railway, receiver, "*", sharedKey="k3y")
    sandbox.control.change_settings(webhook_duplicates=2, webhook_bad_signature=True)
    sandbox.control.add_response(fresh)
    wait_until(lambda: len(receiver.received) == 3)
    assert len({str(form) for _, form in receiver.received}) == 1
    form = receiver.received[0][1]
    assert form["HMAC"] != [hmac.new(b"k3y", form["MSG"][0].encode(), hashlib.sha512).hexdigest()]
    sandbox.control.change_settings(webhook_lost=1)
    sandbox.control.add_response(fresh)
    assert [each["state"] for each in sandbox.control.deliveries()[-3:]] == ["lost"] * 3
