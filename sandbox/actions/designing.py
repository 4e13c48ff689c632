"""Surveys: launched, edited, removed."""

import copy
from typing import Any

from sandbox.actions.base import Base, Moment, action
from sandbox.state.ids import make_id
from sandbox.state.surveys import Choice, Question, Survey


class Designing(Base):
    """Actions of those who make surveys."""

    @action
    def launch_survey(self, survey: str = "delay-compensation") -> dict[str, Any]:
        """Publish a survey: it is active from now on."""
        found = self._survey(survey)
        self.world.set_active(found, True)
        return self._shown(found)

    @action
    def close_survey(self, survey: str) -> dict[str, Any]:
        """Stop collecting."""
        found = self._survey(survey)
        self.world.set_active(found, False)
        return self._shown(found)

    @action
    def add_survey(
        self, name: str, brand: str = "coastline", key: str = "", like: str | None = None, active: bool = False
    ) -> dict[str, Any]:
        """A further survey without responses, with the questions of another one."""
        world = self.world
        model = self._survey(like or next(each.key for each in world.surveys.values() if each.brand == brand))
        with world.lock:
            now = world.clock.now()
            survey = Survey(
                id=make_id("SV", world.source), key=key or name, name=name, brand=brand,
                owner=next(user.id for user in world.users if user.brand == brand), created=now, modified=now,
                questions=copy.deepcopy(model.questions), embedded=dict(model.embedded),
                numbers=dict(model.numbers), dates=model.dates, scores=dict(model.scores),
                language=model.language, is_active=False, busyness=model.busyness, mood=model.mood,
            )  # fmt: skip
            world.add_survey(survey)
            world.set_active(survey, active)
            return self._shown(survey)

    @action
    def remove_survey(self, survey: str) -> None:
        """The survey is deleted, or not shared any more: 404 from now on."""
        self.world.remove_survey(self._survey(survey))

    @action
    def unshare_survey(self, survey: str, token: str = "") -> None:
        """The survey is not shared any more: 404, until `share_survey`. With a token, with this user only."""
        found = self._survey(survey)
        with self.world.lock:
            if user := self.world.user_of(token):
                user.not_shared.add(found.id)
                return
            self.world.unshared[found.key] = (found, self.world.responses[found.id])
            self.world.remove_survey(found)

    @action
    def share_survey(self, survey: str, token: str = "") -> dict[str, Any]:
        """The survey is shared again, with its responses. With a token, with this user."""
        with self.world.lock:
            if user := self.world.user_of(token):
                found = self._survey(survey)
                user.not_shared.discard(found.id)
                return self._shown(found)
            if survey not in self.world.unshared:
                raise KeyError(f"The survey {survey!r} is not one that was unshared.")
            found, responses = self.world.unshared.pop(survey)
            self.world.add_survey(found)
            self.world.responses[found.id] = responses
        return self._shown(found)

    @action
    def edit_survey(
        self,
        survey: str,
        name: str | None = None,
        starts: Moment = None,
        expires: Moment = None,
        anonymised: bool | None = None,
    ) -> dict[str, Any]:
        """Change the name, the expiration window or the anonymity of a survey."""
        found = self._survey(survey)
        with self.world.lock:
            found.name = name or found.name
            found.starts = found.starts if starts is None else self._moment(starts)
            found.expires = found.expires if expires is None else self._moment(expires)
            found.anonymised = found.anonymised if anonymised is None else anonymised
            self.world.edited(found)
        return self._shown(found)

    @action
    def remove_question(self, survey: str, question: str) -> None:
        """The question goes to the trash; its answers are exported no more."""
        found = self._survey(survey)
        with self.world.lock:
            gone = self._question(found, question)
            found.questions.remove(gone)
            found.trash.append(gone)
            self.world.edited(found)

    @action
    def restore_question(self, survey: str, question: str) -> None:
        """A question comes back from the trash, at the end of the survey."""
        found = self._survey(survey)
        with self.world.lock:
            kept = next((each for each in found.trash if each.id == question), None)
            if kept is None:
                raise KeyError(f"There is no question {question!r} in the trash.")
            found.trash.remove(kept)
            found.questions.append(kept)
            self.world.edited(found)

    @action
    def edit_question(
        self,
        survey: str,
        question: str,
        text: str | None = None,
        recodes: dict[str, str] | None = None,
        choices: list[dict[str, Any]] | None = None,
    ) -> None:
        """Change the wording, some recodes (choice id -> recode), or all choices of a question."""
        found = self._survey(survey)
        with self.world.lock:
            changed = self._question(found, question)
            changed.text = text or changed.text
            for choice in changed.choices:
                choice.recode = (recodes or {}).get(choice.id, choice.recode)
            if choices is not None:
                changed.choices = [Choice(**each) for each in choices]
            self.world.edited(found)

    def _question(self, survey: Survey, qid: str) -> Question:
        found = survey.question(qid)
        if found is None:
            raise KeyError(f"There is no question {qid!r}.")
        return found
