"""A machine that plays respondents, editors, faults, crashes and time against the sync, and looks after each step."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from feedback import items
from feedback.models import FeedbackItem, Question, Response
from integrations.erasure import erasing
from integrations.models import Delivery, Fetch, SurveyFeed
from integrations.qualtrics.events import Completed
from integrations.sync import dispatch, engine, failpoints, loading, requests
from integrations.webhooks import inbox
from kpis.counting.recount import differences
from kpis.models import DayHistogram
from sandbox.state.clock import to_ms
from tests.integrations.sync.conftest import mirrored, work
from tests.integrations.webhooks.conftest import make_watch

pytestmark = pytest.mark.django_db
_numbers = itertools.count()
MILLISECOND = timedelta(milliseconds=1)
LEAPS = [timedelta(days=-400), timedelta(days=-3), timedelta(hours=-1), timedelta(hours=1), timedelta(days=8)]
FAULTS = ["500", "429", "empty_body", "cut_before_answer", "lost_answer", "truncated_zip", "export_failed", "html_200"]


class Crash(BaseException):
    """The process is gone: nothing of the product may catch this."""


def machine(sandbox, connection, add_item) -> type[RuleBasedStateMachine]:
    control, vendors_clock = sandbox.control, sandbox.world.clock

    class Sync(RuleBasedStateMachine):
        @initialize()
        def begin(self) -> None:
            self.key = f"machine-{next(_numbers)}"
            control.add_survey(self.key, key=self.key, like="post-journey", active=True)
            self.survey = mirrored(connection, sandbox, self.key)
            self.item = add_item(self.survey, "QID2")
            self.draft = add_item(self.survey, "QID4", retrieve=False)
            self.watch = make_watch(self.survey)
            self.lead = vendors_clock.now() - to_ms(timezone.now())
            self.clock = time_machine.travel(timezone.now())
            self.hands = self.clock.start()
            self.watermark = None
            self.erased: set[str] = set()

        def teardown(self) -> None:
            failpoints.on_reach = None
            control.switch_faults_off()
            if hasattr(self, "key"):
                try:
                    self.final_look()
                finally:
                    self.clock.stop()
                    vendors_clock.set(to_ms(timezone.now()) + self.lead)
                    control.remove_survey(self.key)

        # --- the world ------------------------------------------------------------------------------------------------

        @rule(number=st.integers(1, 5))
        def people_answer(self, number: int) -> None:
            control.add_responses(self.key, number)

        @rule(score=st.integers(0, 10), data=st.data())
        def somebody_edits(self, score: int, data: st.DataObject) -> None:
            if rows := control.truth(self.key):
                control.edit_response(self.key, data.draw(st.sampled_from(rows))["id"], {"QID2": score})

        @rule(data=st.data())
        def a_response_is_deleted(self, data: st.DataObject) -> None:
            if rows := control.truth(self.key):
                control.delete_response(self.key, data.draw(st.sampled_from(rows))["id"])

        @rule(kind=st.sampled_from(FAULTS), count=st.integers(1, 3))
        def calls_will_fail(self, kind: str, count: int) -> None:
            control.switch_fault_on(kind, count=count)

        @rule(share=st.sampled_from([0.0, 0.5]), shuffled=st.booleans())
        def files_are_odd(self, share: float, shuffled: bool) -> None:
            control.change_settings(data={"duplicates": share, "shuffled": shuffled})

        # --- time -----------------------------------------------------------------------------------------------------

        @rule(hours=st.sampled_from([1, 30, 200]))
        def time_passes(self, hours: int) -> None:
            self.hands.shift(timedelta(hours=hours))

        @rule(leap=st.sampled_from(LEAPS))
        def our_clock_is_set(self, leap: timedelta) -> None:
            self.hands.shift(leap)
            vendors_clock.advance(-leap // MILLISECOND)

        @rule(leap=st.sampled_from(LEAPS))
        def the_vendors_clock_is_set(self, leap: timedelta) -> None:
            vendors_clock.advance(leap // MILLISECOND)

        # --- people ---------------------------------------------------------------------------------------------------

        @rule()
        def pause(self) -> None:
            self.item.refresh_from_db()
            if self.item.chosen_state == FeedbackItem.Chosen.RETRIEVING:
                items.pause(self.item)

        @rule()
        def resume(self) -> None:
            self.item.refresh_from_db()
            if self.item.chosen_state == FeedbackItem.Chosen.PAUSED:
                items.resume(self.item)

        @rule()
        @precondition(lambda self: self.chosen(self.item) == FeedbackItem.Chosen.PAUSED)
        def nothing_is_fetched_while_nothing_retrieves(self) -> None:
            control.forget_calls()
            with pytest.raises(requests.CannotFetch):
                requests.ask_for_fetch(self.feed(), Fetch.Trigger.MANUAL)
            assert control.calls() == []

        @rule(data=st.data())
        def somebody_is_erased(self, data: st.DataObject) -> None:
            known = {row["id"] for row in control.truth(self.key)} | set(self.stored())
            if known:
                response_id = data.draw(st.sampled_from(sorted(known)))
                erasing.erase([response_id], by=None)
                self.erased.add(response_id)

        # --- work -----------------------------------------------------------------------------------------------------

        @rule(trigger=st.sampled_from([Fetch.Trigger.MANUAL, Fetch.Trigger.SCHEDULE, Fetch.Trigger.RECONCILE]))
        def fetch(self, trigger: str) -> None:
            if self.ask(trigger):
                work(self.survey, turns=100)

        @rule(trigger=st.sampled_from([Fetch.Trigger.MANUAL, Fetch.Trigger.RECONCILE]),
              point=st.sampled_from([point for point in failpoints.POINTS if point != "publish"]),
              number=st.integers(1, 3))  # fmt: skip
        def a_worker_dies(self, trigger: str, point: str, number: int) -> None:
            if not self.ask(trigger):
                return
            left = [number]

            def die(name: str) -> None:
                if name == point:
                    left[0] -= 1
                    if left[0] == 0:
                        raise Crash

            failpoints.on_reach = die
            try:
                work(self.survey, turns=100)
            except Crash:
                held = Fetch.objects.filter(feed__survey=self.survey, state=Fetch.State.RUNNING)
                held.update(lease_until=timezone.now() - timedelta(seconds=1))
            finally:
                failpoints.on_reach = None

        @rule()
        def the_slot_comes(self) -> None:
            SurveyFeed.objects.filter(survey=self.survey).exclude(next_due_at=None).update(
                next_due_at=timezone.now() - timedelta(seconds=1)
            )
            before = Fetch.objects.filter(feed__survey=self.survey).count()
            dispatch.open_due_fetches()
            dispatch.open_due_fetches()
            assert Fetch.objects.filter(feed__survey=self.survey).count() <= before + 1

        @rule(data=st.data())
        def a_message_tells_of_a_response(self, data: st.DataObject) -> None:
            known = {row["id"] for row in control.truth(self.key)} | set(self.stored()) | {"R_nobodyKnowsThisOne"}
            told = data.draw(st.sampled_from(sorted(known)))
            inbox.keep(self.watch, Completed(self.survey.external_id, told))

        @rule()
        def messages_are_looked_into(self) -> None:
            pending = Delivery.objects.filter(watch=self.watch, verdict=Delivery.Verdict.PENDING)
            pending.update(due_at=timezone.now())
            inbox.process_due(self.watch.pk)

        # --- what always holds ----------------------------------------------------------------------------------------

        @invariant()
        def each_response_is_there_once_and_the_books_add_up(self) -> None:
            if not hasattr(self, "survey"):
                return
            rows = Response.objects.filter(survey=self.survey)
            fetches = Fetch.objects.filter(feed__survey=self.survey)
            self.survey.refresh_from_db()
            assert sum(fetches.values_list("new", flat=True)) - self.survey.erased == rows.count()
            assert rows.values("external_id").distinct().count() == rows.count()
            assert fetches.filter(state__in=Fetch.OPEN).count() <= 1

        @invariant()
        def nobody_who_was_erased_is_here(self) -> None:
            if hasattr(self, "survey"):
                assert self.erased.isdisjoint(self.stored())

        @invariant()
        def numbers_are_those_of_the_rows(self) -> None:
            if hasattr(self, "survey") and not self.survey.changed_days.exists():
                assert list(differences(self.survey)) == []

        @invariant()
        def the_watermark_never_goes_back(self) -> None:
            if not hasattr(self, "survey") or not (feed := SurveyFeed.objects.filter(survey=self.survey).first()):
                return
            if self.watermark:
                assert feed.modified_until >= self.watermark
            self.watermark = feed.modified_until

        @invariant()
        def a_draft_has_no_numbers(self) -> None:
            if hasattr(self, "draft"):
                assert not DayHistogram.objects.filter(question=self.draft.question).exists()

        def final_look(self) -> None:
            """After one clean complete fetch everything is as at the source."""
            control.change_settings(data={"duplicates": 0.0, "shuffled": False})
            self.resume()
            if self.ask(Fetch.Trigger.MANUAL):
                work(self.survey, turns=200)  # whatever was open
            self.ask(Fetch.Trigger.RECONCILE)
            found = work(self.survey, turns=200)
            live = Response.objects.filter(survey=self.survey, deleted_at=None)
            if found.error_code != "mass_disappearance":
                there = {r["id"] for r in control.truth(self.key)}
                assert set(live.values_list("external_id", flat=True)) == there - self.erased
                name = str(Question.objects.get(survey=self.survey, field="QID2").pk)
                for row in live:
                    values = control.response(self.key, row.external_id)["values"]
                    assert row.answers.get(name) == values.get("QID2")
            assert list(differences(self.survey)) == []

        # --- hands ----------------------------------------------------------------------------------------------------

        def stored(self) -> list[str]:
            return list(Response.objects.filter(survey=self.survey).values_list("external_id", flat=True))

        def chosen(self, item: FeedbackItem) -> str:
            return FeedbackItem.objects.values_list("chosen_state", flat=True).get(pk=item.pk)

        def feed(self) -> SurveyFeed:
            return SurveyFeed.objects.select_related("connection", "survey").get(survey=self.survey)

        def ask(self, trigger: str) -> bool:
            try:
                requests.ask_for_fetch(self.feed(), trigger, slot=timezone.now())
            except requests.CannotFetch:
                return False
            return True

    return Sync


@pytest.mark.parametrize(
    "examples", [6, pytest.param(30, marks=pytest.mark.soak), pytest.param(400, marks=pytest.mark.nightly)]
)
def test_whatever_happens_in_whatever_order(sandbox, connection, add_item, monkeypatch, examples):
    monkeypatch.setattr(engine, "BACKGROUND", replace(engine.BACKGROUND, longest_sleep=0.0))
    monkeypatch.setattr(loading, "BATCH", 4)
    monkeypatch.setattr(inbox, "FEW", 2)  # so that some messages lead to an export
    run_state_machine_as_test(
        machine(sandbox, connection, add_item),
        settings=settings(
            max_examples=examples,
            stateful_step_count=15,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            derandomize=examples < 400,
            database=None,
        ),
    )
