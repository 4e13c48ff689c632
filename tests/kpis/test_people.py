"""Answers of the same people: counted together behind the refresh, and used wherever a KPI puts them together."""

import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Organisation
from feedback import erasure, intake, items, retention
from feedback.intake import NewResponse
from feedback.models import SurveyJoin
from feedback.signals import survey_joined
from integrations.sync import audit
from kpis.counting import notes
from kpis.counting.histograms import usable
from kpis.counting.mapped import Mapped
from kpis.counting.periods import Window
from kpis.counting.recount import joint_differences
from kpis.counting.refresh import rebuild, refresh_changed_days
from kpis.counting.together import Usable, count_noted, surveys_to_count
from kpis.metrics.formulas import Formula
from kpis.models import Counting, Joint, JointDay, JointPlan
from kpis.people.plans import bring_in_line, note_changed_plans, wanted
from kpis.scoring.scores import read_journeys
from kpis.tasks import count_people
from tests.factories import change_question, make_item, make_journey, make_question, make_survey
from tests.kpis.blocks import under_threshold

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]
CSAT = {"metric": "csat", "scale_min": 1, "scale_max": 5, "positive_values": ["4", "5"]}
ZONE = ZoneInfo("Europe/Paris")


@pytest.fixture
def today():
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False):
        organisation = Organisation.current()
        organisation.time_zone = ZONE.key
        organisation.save()
        yield


@pytest.fixture
def journey():
    return make_journey()


@pytest.fixture
def survey():
    return make_survey()


def ask(survey, journey, n=2, **fields):
    """Questions of one survey, each with an item in the journey's first stage."""
    questions = [make_question(survey, kind="choice", scale_min=1, scale_max=5) for _ in range(n)]
    for question in questions:
        make_item(question, stage=journey.stages.first(), **CSAT | fields)
    return questions


def store(survey, people, day="2026-11-01", kind="counted", prefix="R", fetch=1):
    """Responses, as a fetch or a pushing system brings them: people as {question: answer}."""
    batch = [
        NewResponse(
            external_id=f"{prefix}_{number}",
            recorded_at=datetime.fromisoformat(f"{day} 09:00").replace(tzinfo=UTC),
            modified_at=None,
            kind=kind,
            status=0,
            finished=kind == "counted",
            language="",
            channel="",
            answers={question.pk: value for question, value in answers.items()},
            content_hash=repr((day, kind, sorted((q.pk, v) for q, v in answers.items()))).encode(),
        )
        for number, answers in enumerate(people)
    ]
    asked = {pk for response in batch for pk in response.answers}
    with transaction.atomic():
        intake.store(survey, batch, asked=asked, fetch_number=fetch, zone=ZONE)
    refresh_changed_days(survey)


def figure_of(journey, window=None):
    (figure,) = read_journeys([journey], *([window] if window else [])).for_journeys()[journey.pk]
    return figure.measure


def same_answers(questions, good=12, bad=8):
    return [dict.fromkeys(questions, 5)] * good + [dict.fromkeys(questions, 1)] * bad


def test_twenty_people_who_answered_two_questions_alike_are_twenty_people(survey, journey, api_of, viewer):
    questions = ask(survey, journey)
    store(survey, same_answers(questions))
    assert surveys_to_count(10) == [survey.pk]
    count_people(survey.pk)
    assert surveys_to_count(10) == []
    stage = journey.stages.first()
    for path in (f"journeys/{journey.pk}", f"stages/{stage.pk}"):
        (kpi,) = api_of(viewer).get(f"/api/v1/kpis/{path}/").json()["kpis"]
        assert (kpi["value"], kpi["n"], kpi["people"]) == (60.0, 40, 20)
        assert [round(end, 1) for end in kpi["ci95"]] == [37.7, 78.8]


def test_the_page_says_how_many_people_gave_the_answers(survey, journey, client_of, viewer):
    store(survey, same_answers(ask(survey, journey)))
    bring_in_line(survey)
    page = client_of(viewer).get(f"/kpis/journeys/{journey.pk}/").content.decode()
    assert "40 answers" in page and "of 20 people" in page


def test_answers_that_are_not_counted_together_yet_are_wholly_dependent(survey, journey):
    questions = ask(survey, journey)
    # Of one person none was satisfied with both: independent, were it known.
    store(survey, [{questions[0]: 5, questions[1]: 1}, {questions[0]: 1, questions[1]: 5}] * 10)
    waiting = figure_of(journey)
    assert (waiting.n, waiting.people) == (40, 20) and waiting.n_effective < 20
    bring_in_line(survey)
    counted = figure_of(journey)
    assert (counted.people, counted.n_effective) == (20, 40)
    store(survey, [{questions[0]: 5}] * 7, "2026-11-02", prefix="S")
    later = figure_of(journey)  # these seven are not counted together yet
    assert (later.n, later.people) == (47, 27)


def test_people_counted_before_the_last_answers_changed_are_read_as_far_as_they_hold(survey, journey):
    """The value that nobody gives any more is in the joint counts still."""
    questions = ask(survey, journey)
    store(survey, [{questions[0]: 3, questions[1]: 5}, *same_answers(questions)])
    bring_in_line(survey)
    store(survey, [dict.fromkeys(questions, 5)], fetch=2)
    found = figure_of(journey)
    assert (found.n, found.people) == (42, 21) and 18 < found.n_effective < 21


def test_people_are_exact_from_three_questions_on(survey, journey):
    a, b, c = ask(survey, journey, 3)
    store(survey, [{a: 5, b: 4}, {b: 5, c: 1}, {a: 1, c: 2}, {a: 5, b: 5, c: 5}, {c: 3}, {a: None}])
    bring_in_line(survey)
    found = figure_of(journey)
    assert (found.n, found.people) == (10, 5)


def test_answers_stand_for_what_the_mapping_says(survey, journey):
    """Labels 1 to 5 with codes 11 to 15 in the other direction, and one that is left out."""
    entries = [{"code": str(16 - value), "value": str(value)} for value in range(1, 6)]
    entries.append({"code": "16", "left_out": "not_applicable"})
    first, second = ask(survey, journey, mapping=entries)
    store(survey, [{first: 11, second: 15}, {first: 15, second: 11}] * 10 + [{first: 16, second: 4}] * 3)
    bring_in_line(survey)
    found = figure_of(journey)
    assert (found.value, found.n, found.people, found.n_effective) == (50.0, 40, 20, 40)
    assert not list(joint_differences(survey))
    first.items.update(mapping=[*entries[:5], {"code": "16", "value": "3"}])  # the other way round: now it counts
    assert note_changed_plans() == 1
    bring_in_line(survey)
    assert (figure_of(journey).n, figure_of(journey).people) == (43, 23)


def test_another_value_of_a_code_needs_no_other_plan(survey, journey):
    entries = [{"code": str(10 + value), "value": str(value)} for value in range(1, 6)]
    first, second = ask(survey, journey, mapping=entries)
    store(survey, [{first: 15, second: 11}, {first: 11, second: 15}] * 10)
    bring_in_line(survey)
    assert figure_of(journey).n_effective == 40
    second.items.update(mapping=[{"code": str(10 + value), "value": str(6 - value)} for value in range(1, 6)])
    assert note_changed_plans() == 0
    assert (figure_of(journey).people, round(figure_of(journey).n_effective)) == (20, 18)


codes = st.sampled_from(["", "?", "1", "2", "3.5", "7", "-2", "mixed", "other", "99"])


@given(
    st.dictionaries(codes, st.sampled_from(["-2", "1", "3", "7", "mixed", "left out"]), max_size=6),
    st.booleans(),
    st.sampled_from([Formula("csat", 1, 5, ("4", "5")), Formula("mean", None, None), Formula("sentiment", -2, 2)]),
)
def test_what_is_counted_together_is_what_is_counted(entries, are_codes, formula):
    """Each code is used here if it is in n there; but mixed ones."""
    mapping = Mapped(
        {code: code if are_codes else value for code, value in entries.items() if value != "left out"},
        dict.fromkeys((code for code, value in entries.items() if value == "left out"), "not_applicable"),
    )
    used = Usable.of(formula, mapping)
    assert Usable.read(json.loads(json.dumps(used.as_json()))) == used
    for code in ("", "?", "1", "2", "3.5", "7", "-2", "mixed", "other", "99"):
        counted, _ = usable({"counted": {code: 1}}, formula, mapping=mapping)
        assert used.holds(code) == bool(set(counted) - {"mixed"}), code


def test_a_plan_is_made_only_where_two_questions_can_meet_in_a_kpi(survey, journey):
    first, second = ask(survey, journey)
    plan = wanted(survey)
    assert [row["question"] for row in plan[0]] == [first.pk, second.pk] and plan[1] == [[0, 1]]
    second.items.update(metric="mean", positive_values=[])
    assert wanted(survey) is None  # another formula
    make_item(
        make_question(survey, kind="choice", scale_min=1, scale_max=5), stage=make_journey().stages.first(), **CSAT
    )
    assert wanted(survey) is None  # another map, which has nothing to do with this one
    child = make_journey(parent=journey)
    make_item(make_question(survey, kind="choice", scale_min=1, scale_max=5), stage=child.stages.first(), **CSAT)
    assert len(wanted(survey)[0]) == 2


def test_the_nearest_pairs_are_counted_first(survey, journey):
    child = make_journey(parent=journey)
    make_item(make_question(survey, kind="choice", scale_min=1, scale_max=5), stage=child.stages.first(), **CSAT)
    near = [question.pk for question in ask(survey, journey, 14)]
    questions, pairs = wanted(survey)
    assert len(questions) == 15 and len(pairs) == 66
    assert {questions[place]["question"] for pair in pairs for place in pair} <= set(near)


def test_a_kpi_of_more_pairs_than_are_counted_takes_the_widest_effect_for_the_others(survey, journey):
    questions = ask(survey, journey, 13)
    store(survey, same_answers(questions))
    bring_in_line(survey)
    found = figure_of(journey)
    assert (found.n, found.people) == (260, 20) and found.n_effective < 20


def test_a_survey_that_needs_no_plan_keeps_no_notes(survey, journey):
    (question,) = ask(survey, journey, 1)
    store(survey, [{question: 5}])
    assert JointDay.objects.exists()
    bring_in_line(survey)
    assert not JointDay.objects.exists() and not JointPlan.objects.exists()


def test_a_survey_that_was_never_fetched_asks_for_no_work(survey, journey):
    ask(survey, journey)
    notes.note_look(survey)
    assert bring_in_line(survey) and surveys_to_count(10) == []
    assert not JointPlan.objects.exists()


@pytest.mark.parametrize("target", ["answers_between", "_note_version"])
def test_a_crash_leaves_the_notes_and_doubles_nothing(survey, journey, target, monkeypatch):
    questions = ask(survey, journey)
    store(survey, same_answers(questions))
    bring_in_line(survey)
    store(survey, same_answers(questions), prefix="S")

    class Killed(BaseException):
        pass

    def die(*_):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(f"kpis.counting.together.{target}", die)
        with pytest.raises(Killed):
            bring_in_line(survey)
    assert JointDay.objects.count() == 1 and '"3":20' in Joint.objects.get().counts
    bring_in_line(survey)
    bring_in_line(survey)
    assert figure_of(journey).people == 40 and not list(joint_differences(survey))


def test_an_edit_a_deletion_and_an_erasure_reach_the_people(survey, journey):
    questions = ask(survey, journey)
    store(survey, same_answers(questions))
    bring_in_line(survey)
    store(survey, [dict.fromkeys(questions, 2)], fetch=2)  # R_0 once more
    bring_in_line(survey)
    assert figure_of(journey).value == 55.0 and not list(joint_differences(survey))
    erasure.remove(["R_1"], [survey])
    refresh_changed_days(survey)
    bring_in_line(survey)
    assert figure_of(journey).people == 19 and not list(joint_differences(survey))


def test_a_day_without_responses_left_has_no_row(survey, journey):
    questions = ask(survey, journey)
    store(survey, same_answers(questions))
    bring_in_line(survey)
    survey.responses.all().delete()
    with transaction.atomic():
        intake.note_days(survey, [date(2026, 11, 1)])
    refresh_changed_days(survey)
    bring_in_line(survey)
    assert not Joint.objects.exists()


def test_a_purge_keeps_what_was_counted_also_when_the_plan_changes(survey, journey):
    questions = ask(survey, journey)
    store(survey, same_answers(questions), "2025-01-10", prefix="OLD")
    store(survey, same_answers(questions))
    bring_in_line(survey)
    survey.refresh_from_db()
    retention.purge(survey, date(2025, 6, 1), datetime(2025, 5, 31, 22, tzinfo=UTC))
    survey.refresh_from_db()
    rebuild(survey)
    bring_in_line(survey)
    assert figure_of(journey).people == 40
    ask(survey, journey, 1)  # another question, another plan; nobody has answered it
    notes.note_look(survey)
    bring_in_line(survey)
    assert [plan.number for plan in JointPlan.objects.order_by("number")] == [1, 2]
    assert (figure_of(journey).people, figure_of(journey).n) == (40, 80)
    assert not list(joint_differences(survey))


def test_a_changed_plan_keeps_the_former_until_it_is_complete(survey, journey, monkeypatch):
    questions = ask(survey, journey)
    for day in range(1, 4):
        store(survey, same_answers(questions), f"2026-11-0{day}", prefix=f"D{day}")
    bring_in_line(survey)
    ask(survey, journey, 1)
    assert note_changed_plans() == 1
    monkeypatch.setattr("kpis.counting.together._DAYS_AT_ONCE", 1)
    monkeypatch.setattr("kpis.counting.together._SLICE", 0)
    bring_in_line(survey)  # makes the plan, and has no time left to count
    assert JointPlan.objects.filter(complete=True).get().number == 1
    assert figure_of(journey).people == 60
    monkeypatch.setattr("kpis.counting.together._SLICE", 20)
    assert count_noted(survey)
    assert JointPlan.objects.get().number == 2 and JointPlan.objects.get().complete
    assert figure_of(journey).people == 60
    assert note_changed_plans() == 0


def test_a_plan_that_nothing_needs_any_more_goes(survey, journey):
    questions = ask(survey, journey)
    store(survey, same_answers(questions))
    bring_in_line(survey)
    items.archive(questions[1].items.get())  # tells of it, and leaves a note
    bring_in_line(survey)
    assert not JointPlan.objects.exists() and not Joint.objects.exists()
    assert figure_of(journey).people == 20


def test_only_the_days_of_the_window_and_of_each_item_are_read(survey, journey):
    first, second = ask(survey, journey)
    for day in ("2026-10-05", "2026-10-20", "2026-11-05"):
        store(survey, same_answers([first, second]), day, prefix=day)
    bring_in_line(survey)
    assert figure_of(journey, Window("custom", date(2026, 10, 1), date(2026, 10, 31))).people == 40
    assert figure_of(journey, Window("custom", date(2026, 10, 6), date(2026, 11, 30))).people == 40
    second.items.update(count_from=date(2026, 10, 15))
    found = figure_of(journey)
    assert (found.n, found.people) == (100, 60)
    # Forty gave two answers, and the twenty of the first day one.
    assert found.n_effective == pytest.approx(54.114, abs=0.001)


def test_unfinished_responses_count_for_the_questions_that_take_them(survey, journey):
    first, second = ask(survey, journey)
    store(survey, same_answers([first, second]))
    store(survey, same_answers([first, second], 3, 2), kind="unfinished", prefix="U")
    bring_in_line(survey)
    assert figure_of(journey).people == 20
    first.items.update(include_unfinished=True)
    assert (figure_of(journey).n, figure_of(journey).people) == (45, 25)


def test_a_person_who_answered_both_forms_of_a_question_is_one_person(survey, journey):
    first, second = ask(survey, journey)
    store(survey, same_answers([first, second]), "2026-10-01", prefix="A")
    new = change_question(first, at=datetime(2026, 10, 15, tzinfo=UTC))
    make_item(new, stage=journey.stages.last(), count_from=date(2026, 10, 15), **CSAT)
    store(survey, same_answers([first, new, second]), "2026-10-20", prefix="B")
    bring_in_line(survey)
    found = figure_of(journey)
    assert (found.n, found.people) == (80, 40)


def test_under_a_threshold_nobody_looks_who_answered(survey, journey):
    """Twenty people with two answers each, and ten more with one: it could be 25, each of one opinion."""
    questions = ask(survey, journey)
    store(survey, [{questions[0]: 5, questions[1]: 1}, {questions[0]: 1, questions[1]: 5}] * 10)
    store(survey, [{questions[0]: 5}] * 5, "2026-11-02", prefix="A")
    store(survey, [{questions[1]: 5}] * 5, "2026-11-03", prefix="B")
    bring_in_line(survey)
    assert (figure_of(journey).n, figure_of(journey).people) == (50, 30)
    under_threshold(5)
    assert Joint.objects.exists()
    found = figure_of(journey)
    assert (found.n, found.people, found.n_effective) == (50, 25, 25)


def test_each_count_is_another_version_of_the_numbers(survey, journey):
    questions = ask(survey, journey)
    store(survey, same_answers(questions))
    before = Counting.objects.get().version
    bring_in_line(survey)
    assert Counting.objects.get().version > before


def test_another_time_zone_counts_the_people_of_all_days_anew(survey, journey):
    questions = ask(survey, journey)
    store(survey, same_answers(questions), "2026-11-01")
    bring_in_line(survey)
    Organisation.objects.update(time_zone="Pacific/Kiritimati")  # 14 hours ahead: 09:00 in UTC is 23:00
    Organisation.objects.update(time_zone="Pacific/Pago_Pago")
    survey.responses.update(recorded_at=datetime(2026, 11, 1, 5, tzinfo=UTC))  # the evening before, there
    refresh_changed_days(survey)
    bring_in_line(survey)
    assert [row.day for row in Joint.objects.all()] == [date(2026, 10, 31)]
    assert figure_of(journey).people == 20


def test_after_a_join_the_people_of_all_days_are_counted_anew(survey, journey):
    questions = ask(survey, journey)
    for day in ("2026-11-01", "2026-11-02"):
        store(survey, same_answers(questions), day, prefix=day)
    bring_in_line(survey)
    Joint.objects.update(counts='{"counted":{"sets":{"1":40},"pairs":{}}}')
    survey_joined.send(sender=SurveyJoin, survey=survey, twin=make_survey())
    bring_in_line(survey)
    assert not list(joint_differences(survey)) and figure_of(journey).people == 40


def test_a_count_that_is_wrong_is_found_and_mended(survey, journey):
    questions = ask(survey, journey)
    store(survey, same_answers(questions))
    bring_in_line(survey)
    Joint.objects.update(counts='{"counted":{"sets":{"1":40},"pairs":{}}}')
    found = [finding.what for finding in audit.check(survey)]
    assert "the people of 1 days are not those of the rows, the first is 2026-11-01" in found
    audit.repair(survey)
    assert not [each for each in audit.check(survey) if "people" in each.what]


def test_the_queries_do_not_grow_with_the_items(survey, journey):
    def queries():
        with CaptureQueriesContext(connection) as caught:
            scores = read_journeys([journey])
            scores.for_stages(), scores.for_phases(), scores.for_journeys()
        return len(caught)

    store(survey, same_answers(ask(survey, journey)))
    bring_in_line(survey)
    few = queries()
    for _ in range(3):
        other = make_survey()
        store(other, same_answers(ask(other, journey, 4)))
        bring_in_line(other)
    assert queries() == few
