"""The state behind the answers: brands, users, surveys, responses, and the actions that change them."""

import random
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sandbox.state.clock import DAY, WEEK, Clock
from sandbox.state.directory import Directory, Library
from sandbox.state.ids import make_id
from sandbox.state.responses import Response, Sheet
from sandbox.state.settings import Settings
from sandbox.state.surveys import Survey

Listener = Callable[[str, Survey, Response | None], None]


@dataclass(slots=True)
class User:
    """Somebody with an API token."""

    id: str
    token: str
    brand: str
    first_name: str
    last_name: str
    email: str
    account_type: str = "UT_BRANDADMIN"
    may: frozenset[str] = frozenset({"surveys", "export", "webhooks", "directory", "distribute"})
    client: tuple[str, str] = ("", "")  # OAuth client id and secret
    scopes: frozenset[str] = frozenset({"manage:all"})  # what that client may ask for
    not_shared: set[str] = field(default_factory=set)  # ids of surveys of the brand that this user does not see


@dataclass(slots=True)
class Brand:
    """One customer of the vendor."""

    id: str
    name: str
    data_centre: str


@dataclass(slots=True)
class World:
    """Everything the pretend Qualtrics knows. Take `lock` around anything that reads or changes it."""

    seed: int = 7
    clock: Clock = field(default_factory=Clock)
    settings: Settings = field(default_factory=Settings)
    brands: dict[str, Brand] = field(default_factory=dict)
    users: list[User] = field(default_factory=list)
    surveys: dict[str, Survey] = field(default_factory=dict)
    responses: dict[str, dict[str, Response]] = field(default_factory=dict)  # by survey id, then response id
    directories: dict[str, Directory] = field(default_factory=dict)
    libraries: dict[str, Library] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)  # tokens and ids of OAuth clients that are known no more
    hosts: dict[str, str] = field(default_factory=dict)  # data centre -> host:port
    unshared: dict[str, tuple[Survey, dict[str, Response]]] = field(default_factory=dict)  # by key, with responses
    step: int = 0  # counts every change of a response
    lock: threading.RLock = field(default_factory=threading.RLock)
    listeners: list[Listener] = field(default_factory=list)
    due: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)  # moment, order, action
    source: random.Random = field(init=False)
    _scratch: tempfile.TemporaryDirectory | None = None

    def __post_init__(self) -> None:
        self.source = random.Random(f"{self.seed}:live")

    # -- finding

    def user_of(self, token: str) -> User | None:
        """Whose token is this?"""
        if token in self.revoked:
            return None
        return next((user for user in self.users if user.token == token), None)

    def survey(self, name: str) -> Survey:
        """A survey by its id or its short key; KeyError if there is none."""
        if name in self.surveys:
            return self.surveys[name]
        return next(survey for survey in self.surveys.values() if survey.key == name)

    def visible(self, user: User) -> list[Survey]:
        """The surveys that this user sees."""
        if "surveys" not in user.may:
            return []
        of_brand = (survey for survey in self.surveys.values() if survey.brand == user.brand)
        return [survey for survey in of_brand if survey.id not in user.not_shared]

    def recorded(self, survey: Survey) -> Iterator[Response]:
        """What is recorded by now: finished responses, and partial ones once they were closed."""
        now = self.clock.now()
        return (each for each in self.responses[survey.id].values() if each.recorded <= now)

    def counts(self, survey: Survey) -> dict[str, int]:
        """`responseCounts` of the survey."""
        generated = [each.is_generated for each in self.recorded(survey)]
        return {
            "auditable": len(generated) - sum(generated),
            "generated": sum(generated),
            "deleted": survey.deleted_responses,
        }

    @property
    def scratch(self) -> Path:
        """A directory for rendered files, gone when the world closes."""
        with self.lock:
            if self._scratch is None:
                self._scratch = tempfile.TemporaryDirectory(prefix="sandbox-")
            return Path(self._scratch.name)

    def close(self) -> None:
        """Remove what lies on disk."""
        with self.lock:
            if self._scratch is not None:
                self._scratch.cleanup()
                self._scratch = None

    # -- surveys

    def add_survey(self, survey: Survey) -> Survey:
        """Put a survey on the shelf."""
        with self.lock:
            self.surveys[survey.id] = survey
            self.responses.setdefault(survey.id, {})
        return survey

    def remove_survey(self, survey: Survey) -> None:
        """Delete (or unshare) a survey: from now on 404."""
        with self.lock:
            self.surveys.pop(survey.id, None)
            self.responses.pop(survey.id, None)

    def set_active(self, survey: Survey, active: bool) -> None:
        """Launch or close a survey; subscribers of the control panel topics are told."""
        with self.lock:
            if survey.is_active == active:
                return
            now = self.clock.now()
            survey.is_active = active
            survey.modified = now
            if active:
                survey.last_activated = now
            self._tell("activateSurvey" if active else "deactivateSurvey", survey, None)

    def edited(self, survey: Survey) -> None:
        """Note that the survey was changed."""
        with self.lock:
            survey.version += 1
            survey.modified = self.clock.now()

    # -- responses

    def next_step(self) -> int:
        """One more change."""
        self.step += 1
        return self.step

    def add_response(self, survey: Survey, response: Response) -> Response:
        """Take in a response; completions are told to subscribers, unfinished ones once they are closed."""
        with self.lock:
            response.created_at_step = response.changed_at_step = self.next_step()
            self.responses[survey.id][response.id] = response
            if response.recorded <= self.clock.now():
                self._tell("completedResponse" if response.finished else "partialResponse", survey, response)
            else:
                self.later(response.recorded, lambda: self._closed(survey, response.id))
        return response

    def change_response(
        self,
        survey: Survey,
        response_id: str,
        *,
        answers: dict[str, object] | None = None,
        embedded: dict[str, str] | None = None,
        text_iq: dict[str, str] | None = None,
        modified: int | None = None,
        **facts: object,
    ) -> Response:
        """Edit a response (a None value takes an answer away); moves its modified date."""
        with self.lock:
            old = self.responses[survey.id][response_id]
            sheet = Sheet(
                _merged(old.sheet.answers, answers),
                _merged(old.sheet.embedded, embedded),
                _merged(old.sheet.text_iq, text_iq),
                old.sheet.hidden,
            )
            new = replace(old, sheet=sheet, **facts)  # type: ignore[arg-type]
            new.modified = self.clock.now() if modified is None else modified
            new.changed_at_step = self.next_step()
            self.responses[survey.id][response_id] = new
        return new

    def delete_response(self, survey: Survey, response_id: str) -> None:
        """A response vanishes without a trace but for the count."""
        with self.lock:
            del self.responses[survey.id][response_id]
            survey.deleted_responses += 1
            self.next_step()

    def new_response_id(self) -> str:
        """A fresh id."""
        with self.lock:
            return make_id("R", self.source)

    def _closed(self, survey: Survey, response_id: str) -> None:
        response = self.responses.get(survey.id, {}).get(response_id)
        if response is not None:
            self._tell("completedResponse" if response.finished else "partialResponse", survey, response)

    # -- time

    def later(self, moment: int, action: Callable[[], None]) -> None:
        """Do this once the clock has reached the moment."""
        with self.lock:
            self.due.append((moment, self.next_step(), action))

    def settle(self) -> None:
        """Catch up with the clock: closes partial responses, lets Text iQ arrive."""
        if not self.due:
            return
        with self.lock:
            now = self.clock.now()
            ripe = sorted((each for each in self.due if each[0] <= now), key=lambda each: each[:2])
            if ripe:
                self.due = [each for each in self.due if each[0] > now]
            for _, _, action in ripe:
                action()

    def partial_closing(self, ended: int, source: random.Random) -> int:
        """When an answer that was left unfinished is recorded: a week later, and some seconds."""
        return ended + WEEK + source.randint(1000, 25_000)

    def _tell(self, topic: str, survey: Survey, response: Response | None) -> None:
        for listener in self.listeners:
            listener(topic, survey, response)


def _merged(old: dict, changes: dict | None) -> dict:
    if not changes:
        return old
    return {name: value for name, value in {**old, **changes}.items() if value is not None}


def days_before(now: int, days: float) -> int:
    """A moment that many days ago."""
    return now - round(days * DAY)
