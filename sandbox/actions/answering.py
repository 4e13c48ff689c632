"""Responses: added, edited, deleted."""

from typing import Any

from sandbox.actions.base import Base, Moment, action
from sandbox.demo import life
from sandbox.state.clock import DAY, SECOND, WEEK, iso_ms
from sandbox.state.responses import Sheet


class Answering(Base):
    """Actions of respondents, and of those who tidy up after them."""

    @action
    def add_response(
        self,
        survey: str,
        answers: dict[str, Any] | None = None,
        embedded: dict[str, str] | None = None,
        text_iq: dict[str, str] | None = None,
        recorded_at: Moment = None,
        modified_at: Moment = None,
        status: int = 0,
        finished: bool = True,
        language: str | None = None,
        channel: str | None = None,
        response_id: str | None = None,
    ) -> dict[str, str]:
        """One response. Without `answers` it is made up; with them it holds just these (`{}`: none).

        An unfinished one without `recorded_at` is in progress and closed after a week of the clock.
        """
        found, world = self._survey(survey), self.world
        with world.lock:
            now = world.clock.now()
            row = life.make_response(world.source, found, now)
            row.status, row.finished = status, finished
            row.progress = 100 if finished else 40
            row.ended = row.recorded = self._moment(recorded_at, now)
            if not finished:
                if recorded_at is None:
                    row.recorded = world.partial_closing(row.ended, world.source)
                else:
                    row.ended = row.recorded - WEEK - 4 * SECOND
            row.started = row.ended - 158 * SECOND
            row.modified = self._moment(modified_at, max(now, row.recorded))
            row.language, row.channel = language or row.language, channel or row.channel
            if answers is not None:
                row.sheet = Sheet(dict(answers), {**(embedded or {})}, {**(text_iq or {})})
            else:
                row.sheet.embedded |= embedded or {}
                row.sheet.text_iq |= text_iq or {}
            row.id = response_id or row.id
            world.add_response(found, row)
            return {"id": row.id}

    @action
    def add_responses(self, survey: str, count: int) -> dict[str, list[str]]:
        """Some made-up responses that are completed right now."""
        return {"ids": [self.add_response(survey)["id"] for _ in range(count)]}

    @action
    def bulk_responses(
        self, survey: str, count: int, since: Moment = None, until: Moment = None, pool: int = 2000
    ) -> dict[str, int]:
        """Many responses at once, spread over a period (default: the last 30 days); no webhooks are sent."""
        found = self._survey(survey)
        end = self._moment(until)
        life.bulk(self.world, found, count, self._moment(since, end - 30 * DAY), end, pool)
        return self.world.counts(found)

    @action
    def edit_response(
        self,
        survey: str,
        response_id: str,
        answers: dict[str, Any] | None = None,
        embedded: dict[str, Any] | None = None,
        text_iq: dict[str, Any] | None = None,
        status: int | None = None,
        modified_at: Moment = None,
    ) -> dict[str, str]:
        """Change a response: the given answers are merged in, null takes one away; moves its modified date."""
        found = self._survey(survey)
        self._response(found, response_id)
        row = self.world.change_response(
            found,
            response_id,
            answers=answers,
            embedded=embedded,
            text_iq=text_iq,
            modified=self._moment(modified_at),
            **({} if status is None else {"status": status}),
        )
        return {"id": row.id, "modified": iso_ms(row.modified)}

    @action
    def add_text_iq(
        self, survey: str, response_id: str, sentiment: str, topics: str = "Unknown", question: str | None = None
    ) -> dict[str, str]:
        """Text iQ values that arrive late."""
        found = self._survey(survey)
        analysed = next((each for each in found.questions if each.text_iq and question in (None, each.id)), None)
        if analysed is None:
            raise KeyError("No question of this survey is analysed by Text iQ.")
        prefix = f"{analysed.id}_TEXT_{analysed.text_iq}"
        values = {f"{prefix}Sentiment": sentiment, f"{prefix}Topics": topics, f"{prefix}SenPol": "0"}
        moved = (
            None if self.world.settings.text_iq_moves_modified else iso_ms(self._response(found, response_id).modified)
        )
        return self.edit_response(survey, response_id, text_iq=values, modified_at=moved)

    @action
    def delete_response(self, survey: str, response_id: str) -> None:
        """A response vanishes."""
        found = self._survey(survey)
        self._response(found, response_id)
        self.world.delete_response(found, response_id)

    @action
    def clear_responses(self, survey: str) -> None:
        """All responses of a survey vanish."""
        found = self._survey(survey)
        with self.world.lock:
            found.deleted_responses += len(self.world.responses[found.id])
            self.world.responses[found.id].clear()
            self.world.next_step()
