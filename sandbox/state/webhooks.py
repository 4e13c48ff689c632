"""Event subscriptions and their deliveries: signed forms, sent from a thread of their own, with retries."""

import hashlib
import hmac
import http.client
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import deque
from dataclasses import asdict, dataclass, field

import orjson

from sandbox.state.clock import iso, plain
from sandbox.state.ids import make_id
from sandbox.state.refusal import Refusal
from sandbox.state.responses import Response
from sandbox.state.surveys import Survey
from sandbox.state.world import World

SURVEY_TOPICS = ("completedResponse", "partialResponse")
PANEL_TOPICS = ("activateSurvey", "deactivateSurvey")
RESPONSE_WITHIN = 5.0


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects)


@dataclass(slots=True)
class Subscription:
    """One topic (or wildcard) and where its messages go."""

    id: str
    brand: str
    topics: str
    url: str
    shared_key: str | None
    successful_calls: int = 0

    def shown(self) -> dict[str, object]:
        """As lists show it; the key is never given back."""
        return {
            "id": self.id,
            "scope": self.brand,
            "topics": self.topics,
            "publicationUrl": self.url,
            "encrypted": False,
            "successfulCalls": self.successful_calls,
        }

    def wants(self, topic: str) -> bool:
        """Does it listen to this topic?"""
        return self.topics in (topic, "*") or (self.topics.endswith(".*") and topic.startswith(self.topics[:-1]))


@dataclass(slots=True)
class Delivery:
    """One message to one subscription, and what became of it."""

    subscription_id: str
    url: str
    topic: str
    body: str
    due: int
    response_id: str | None = None
    tries: int = 0
    state: str = "waiting"  # waiting, delivered, given_up, lost
    outcomes: list[str] = field(default_factory=list)  # status codes or errors, one per try


@dataclass
class Webhooks:
    """All subscriptions and deliveries. Only the thread of `run` sends."""

    world: World
    subscriptions: dict[str, Subscription] = field(default_factory=dict)
    deliveries: deque[Delivery] = field(default_factory=lambda: deque(maxlen=5000))
    _wake: threading.Condition = field(default_factory=threading.Condition)
    _stopped: bool = False

    def __post_init__(self) -> None:
        self.world.listeners.append(self._tell)

    # -- subscriptions

    def subscribe(self, brand: str, wish: dict) -> Subscription:
        """Check and keep a subscription; the survey of the topic is not looked up, as in the real one."""
        unknown = set(wish) - {"topics", "publicationUrl", "encrypt", "sharedKey"}
        if unknown:
            raise Refusal(400, "RP_9", f"Unexpected json key provided: {min(unknown)}")
        for name in ("topics", "publicationUrl"):
            if not isinstance(wish.get(name), str) or not wish[name]:
                raise Refusal(400, "RP_10", f"Expected param not found: {name}")
        if not _known_topic(wish["topics"]):
            raise Refusal(400, "SBX_400", "Unknown topic.")
        if urllib.parse.urlsplit(wish["publicationUrl"]).scheme not in ("http", "https"):
            raise Refusal(400, "SBX_400", "Invalid publicationUrl.")
        if wish.get("encrypt"):
            raise Refusal(400, "SBX_400", "The sandbox does not imitate encrypted messages.")
        key = wish.get("sharedKey") or None
        if key is not None and not isinstance(key, str):
            raise Refusal(400, "SBX_400", "Invalid sharedKey.")
        with self.world.lock:
            new_id = make_id("SUB", self.world.source)
            self.subscriptions[new_id] = Subscription(new_id, brand, wish["topics"], wish["publicationUrl"], key)
            return self.subscriptions[new_id]

    def of_brand(self, brand: str) -> list[Subscription]:
        """The subscriptions of one brand."""
        return [each for each in self.subscriptions.values() if each.brand == brand]

    def find(self, brand: str, subscription_id: str) -> Subscription:
        """One subscription, or the vendor's 404 without a request id."""
        found = self.subscriptions.get(subscription_id)
        if found is None or found.brand != brand:
            raise Refusal(404, "ESSG_2", f"{subscription_id} not found", without_request_id=True)
        return found

    def remove(self, brand: str, subscription_id: str) -> None:
        """Delete one subscription; what waits for it is not sent any more."""
        self.find(brand, subscription_id)
        del self.subscriptions[subscription_id]

    # -- messages

    def _tell(self, event: str, survey: Survey, response: Response | None) -> None:
        """Make the deliveries of one event."""
        topic = f"surveyengine.{event}.{survey.id}" if event in SURVEY_TOPICS else f"controlpanel.{event}"
        settings, source = self.world.settings, self.world.source
        for subscription in self.of_brand(survey.brand):
            if not subscription.wants(topic):
                continue
            body = message(subscription, topic, survey, response, bad_signature=settings.webhook_bad_signature)
            for _ in range(1 + settings.webhook_duplicates):
                delivery = Delivery(
                    subscription.id, subscription.url, topic, body, self.world.clock.now(),
                    None if response is None else response.id,
                )  # fmt: skip
                if settings.webhook_lost and source.random() < settings.webhook_lost:
                    delivery.state = "lost"
                self.deliveries.append(delivery)
        self.wake()

    def wake(self) -> None:
        """Something may be due: a new message, or the clock was moved."""
        with self._wake:
            self._wake.notify_all()

    def run(self) -> None:
        """The sending thread."""
        while True:
            waiting = [each for each in list(self.deliveries) if each.state == "waiting"]
            now = self.world.clock.now()
            ripe = [each for each in waiting if each.due <= now]
            if not ripe:
                with self._wake:
                    if self._stopped:
                        return
                    self._wake.wait(0.2 if waiting else 5)
            for delivery in ripe:
                if self._stopped:
                    return
                self._send(delivery)

    def stop(self) -> None:
        """Let `run` return."""
        with self._wake:
            self._stopped = True
            self._wake.notify_all()

    def log(self) -> list[dict[str, object]]:
        """Every delivery so far, for the control surface."""
        return [{**asdict(each), "due": iso(each.due)} for each in list(self.deliveries)]

    def _send(self, delivery: Delivery) -> None:
        subscription = self.subscriptions.get(delivery.subscription_id)
        if subscription is None:
            delivery.state = "given_up"
            return
        delivery.tries += 1
        delivery.outcomes.append(_post(delivery.url, delivery.body))
        if delivery.outcomes[-1].startswith("2"):
            delivery.state = "delivered"
            subscription.successful_calls += 1
            return
        plan = self.world.settings.retry_plan
        if delivery.tries > len(plan):
            delivery.state = "given_up"
        else:
            delivery.due = self.world.clock.now() + round(plan[delivery.tries - 1] * 1000)


def message(
    subscription: Subscription, topic: str, survey: Survey, response: Response | None, *, bad_signature: bool = False
) -> str:
    """The form that is sent: flat without a shared key, else `Topic`, `HMAC` and `MSG`."""
    facts: dict[str, str] = {}
    if response is not None:
        facts["Status"] = "Complete" if response.finished else "Partial"
    facts["SurveyID"] = survey.id
    if response is not None:
        facts["ResponseID"] = response.id
        # The zone of this date is not known; the real one seems to be Mountain time (UTC−7 in winter).
        facts["CompletedDate"] = plain(response.ended - 7 * 3_600_000)
    facts["BrandID"] = survey.brand
    full_topic = f"{subscription.brand}.{topic}"
    if subscription.shared_key is None:
        return urllib.parse.urlencode({"Topic": full_topic, **facts})
    text = orjson.dumps(facts)
    signature = hmac.new(subscription.shared_key.encode(), text, hashlib.sha512).hexdigest()
    if bad_signature:
        signature = signature[::-1]
    return urllib.parse.urlencode({"Topic": full_topic, "HMAC": signature, "MSG": text.decode()})


def _known_topic(topic: str) -> bool:
    if topic in ("*", "threesixty.*", "controlpanel.*", *(f"controlpanel.{name}" for name in PANEL_TOPICS)):
        return True
    start, _, survey = topic.rpartition(".")
    return bool(survey) and start in {f"surveyengine.{name}" for name in SURVEY_TOPICS}


def _post(url: str, body: str) -> str:
    request = urllib.request.Request(  # noqa: S310 (the scheme was checked at subscription)
        url, body.encode(), {"Content-Type": "application/x-www-form-urlencoded", "Connection": "close"}
    )
    try:
        with _opener.open(request, timeout=RESPONSE_WITHIN) as received:
            return str(received.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return str(refused.code)
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__
