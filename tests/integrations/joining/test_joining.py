"""One survey that was stored twice becomes one: each answer counts once, nothing is lost, and it is said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string

from feedback import twins as rows
from feedback.models import FeedbackItem, FormerMapping, Question, Response, Source, Survey, SurveyJoin
from feedback.signals import survey_joined
from integrations.connections import editing
from integrations.joining import joining
from integrations.models import Connection, Fetch, ResponseWatch, SurveyAccess, SurveyFeed
from integrations.qualtrics.hosts import normalise_host
from integrations.surveys import brands
from integrations.sync import audit, requests
from integrations.vault.secret import Secret
from integrations.webhooks import subscriptions
from kpis.counting.histograms import total
from kpis.counting.recount import differences
from kpis.counting.refresh import refresh_changed_days
from kpis.models import Block, Counting, DayHistogram, Stream
from sandbox.demo import RAILWAY_TOKEN
from tests import factories
from tests.integrations.joining.conftest import KEY, question_of
from tests.integrations.sync.conftest import mirrored, work
from tests.kpis.blocks import under_threshold

pytestmark = pytest.mark.django_db


def pooled(api, item: FeedbackItem) -> dict:
    """The stage's NPS over all its items."""
    found = api.get(f"/api/v1/kpis/stages/{item.card.stage_id}/").json()
    return found["figures"][0] if "figures" in found else found["kpis"][0]


def counted(question: Question) -> dict:
    return total(DayHistogram.objects.filter(question=question).values_list("counts", flat=True))


def test_four_answers_seen_through_two_connections_count_as_four(
    twins, recognised, join_all, api_of, viewer, connection, second
):
    assert pooled(api_of(viewer), twins[0])["n"] == 8  # until they are joined
    join_all()
    survey = Survey.objects.get(external_id=recognised.survey.external_id)
    assert Response.objects.count() == 4
    assert counted(question_of(survey)) == {"counted": {"10": 1, "9": 1, "8": 1, "0": 1}}
    figure = pooled(api_of(viewer), twins[0])
    assert (figure["n"], figure["people"], figure["value"], figure["items_used"]) == (4, 4, 25.0, 2)
    assert list(differences(survey)) == [] and list(audit.check(survey)) == []
    assert {item.survey_id for item in FeedbackItem.objects.all()} == {survey.pk}
    assert {item.question.survey_id for item in FeedbackItem.objects.all()} == {survey.pk}
    assert {item.source_id for item in FeedbackItem.objects.all()} == {connection.source_id}
    assert Source.objects.count() == 1 and Source.objects.get().brand_key == "qualtrics:coastline"
    assert {each.source_id for each in Connection.objects.all()} == {connection.source_id}


def test_the_ledger_becomes_one_and_the_next_fetch_goes_on_from_the_watermark(
    sandbox, twins, recognised, join_all, connection, second
):
    moments = [feed.modified_until for feed in SurveyFeed.objects.all()]
    SurveyFeed.objects.update(continuation_token="of its owner")
    join_all()
    feed = SurveyFeed.objects.select_related("connection", "survey").get()
    assert (feed.connection, feed.modified_until, feed.continuation_token) == (connection, min(moments), "")
    assert feed.next_due_at <= timezone.now()
    assert sorted(Fetch.objects.values_list("connection__name", flat=True)) == ["Coastline Rail", "Colleague"]
    assert {fetch.feed_id for fetch in Fetch.objects.all()} == {feed.pk}
    new = sandbox.control.add_response(KEY, answers={"QID2": 10})["id"]
    requests.ask_for_fetch(feed, "manual")
    fetch = work(feed.survey)
    assert (fetch.state, fetch.full, fetch.new) == ("done", False, 1)
    assert Response.objects.filter(external_id=new).count() == 1 and Response.objects.count() == 5
    assert list(audit.check(Survey.objects.get(pk=feed.survey_id))) == []
    assert set(SurveyAccess.objects.filter(lost_at=None, survey=feed.survey).values_list("connection", flat=True)) == {
        connection.pk, second.pk,
    }  # fmt: skip


def test_nothing_is_fetched_and_nothing_recounted_while_rows_move(twins, recognised):
    for feed in SurveyFeed.objects.select_related("connection", "survey"):
        with pytest.raises(requests.CannotFetch, match="being_joined"):
            requests.ask_for_fetch(feed, "manual")
    keeper, twin = recognised.survey, recognised.twin
    before = {item.pk: counted(item.question) for item in twins}
    rows.note_days(keeper, {timezone.now().date()})
    assert (refresh_changed_days(keeper), refresh_changed_days(twin)) == (0, 0)
    assert {item.pk: counted(item.question) for item in twins} == before


def test_a_fetch_that_began_before_ends_first(twins, recognised):
    feed = SurveyFeed.objects.get(survey=recognised.twin)
    fetch = Fetch.objects.create(feed=feed, trigger="manual", due_at=timezone.now())
    assert joining.work(recognised.pk) == joining.REST
    assert Response.objects.filter(survey=recognised.twin).count() == 4
    Fetch.objects.filter(pk=fetch.pk).update(state=Fetch.State.DONE)
    SurveyJoin.objects.update(due_at=timezone.now())
    assert joining.work(recognised.pk) is None
    assert Response.objects.count() == 4


STEPS = [
    "feedback.twins.note_days", "integrations.joining.joining.refresh_changed_days",
    "kpis.counting.joining.unite_purged_days", "feedback.twins.give_items", "integrations.joining.joining._give_access",
    "integrations.joining.joining._give_watch", "integrations.joining.joining._give_feed", "feedback.twins.end",
    "integrations.joining.joining._forget_source",
]  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
def test_cut_short_anywhere_it_goes_on_and_counts_the_same(twins, recognised, join_all, monkeypatch, step):
    monkeypatch.setattr(rows, "AT_ONCE", 2)  # so that it may be cut between batches, too

    class Killed(BaseException):
        pass

    passes = []

    def die(*_arguments, **_options):
        passes.append(step)
        raise Killed

    real = import_string(step)
    if step == "feedback.twins.note_days":  # within the second batch

        def die(*arguments, **options):
            passes.append(step)
            if len(passes) == 2:
                raise Killed
            return real(*arguments, **options)

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(step, die)
        joining.work(recognised.pk)
    assert passes
    SurveyJoin.objects.update(due_at=timezone.now())  # the lease of the dead worker runs out
    join_all()
    done = SurveyJoin.objects.get(pk=recognised.pk)
    assert (done.responses, done.doubles, done.items) == (4, 4, 1)
    assert Response.objects.count() == 4 and Survey.objects.filter(external_id=done.survey.external_id).count() == 1
    assert counted(question_of(done.survey)) == {"counted": {"10": 1, "9": 1, "8": 1, "0": 1}}
    assert list(audit.check(done.survey)) == []


def test_a_question_that_only_the_twin_has_comes_along_with_answers_and_numbers(twins, recognised, join_all):
    keeper, twin = recognised.survey, recognised.twin
    theirs = factories.make_question(twin, field="QID99")
    Question.objects.filter(survey=keeper, field="QID99").delete()
    for response in Response.objects.filter(survey=twin):
        response.answers[str(theirs.pk)] = 7
        response.save()
    factories.make_days(theirs, {"2026-11-02": {"7": 2}, "2026-11-03": {"7": 1}, "2026-11-04": {"7": 1}})
    item = factories.make_item(theirs)
    join_all()
    item.refresh_from_db()
    assert (item.question_id, item.survey_id) == (theirs.pk, keeper.pk)
    assert counted(theirs) == {"counted": {"7": 4}}
    assert counted(question_of(keeper)) == {"counted": {"10": 1, "9": 1, "8": 1, "0": 1}}
    assert {len(answers) for answers in Response.objects.values_list("answers", flat=True)} == {2}


def test_under_a_threshold_a_question_that_only_the_twin_has_begins_new_blocks(twins, recognised, join_all):
    keeper, twin = recognised.survey, recognised.twin
    theirs = factories.make_question(twin, field="QID99")
    for response in Response.objects.filter(survey=twin):
        response.answers[str(theirs.pk)] = 7
        response.save()
    factories.make_days(theirs, {"2026-11-02": {"7": 2}, "2026-11-03": {"7": 1}, "2026-11-04": {"7": 1}})
    factories.make_item(theirs)
    SurveyJoin.objects.update(ended_at=timezone.now())  # not yet
    under_threshold(2)
    assert Stream.objects.filter(question=theirs).exists()
    SurveyJoin.objects.update(ended_at=None)
    join_all()
    refresh_changed_days(keeper, complete=[theirs.pk])
    blocks = Block.objects.filter(stream__question=theirs, replaced_at=None)
    assert sum(block.n for block in blocks) == 4
    keeper.refresh_from_db()
    assert theirs.pk in keeper.in_blocks and list(audit.check(keeper)) == []


def test_a_question_that_differs_keeps_its_own_numbers_behind_the_one_of_the_survey(
    sandbox, twins, recognised, join_all
):
    keeper, twin = recognised.survey, recognised.twin
    former = question_of(twin)
    Question.objects.filter(pk=former.pk).update(fingerprint="before an edit")
    FeedbackItem.objects.filter(question=former).update(mapped_fingerprint="before an edit")
    join_all()
    former.refresh_from_db()
    assert (former.survey_id, former.successor) == (keeper.pk, question_of_now(keeper))
    assert former.gone_at is not None
    assert counted(former) == {"counted": {"10": 1, "9": 1, "8": 1, "0": 1}}
    # The next fetch reads the questions first: the one that is asked now stays, or comes back.
    work_feed = SurveyFeed.objects.select_related("connection", "survey").get()
    requests.ask_for_fetch(work_feed, "manual")
    work(keeper)
    assert question_of_now(keeper).fingerprint != "before an edit"


def question_of_now(survey: Survey) -> Question:
    return Question.objects.get(survey=survey, field="QID2", successor=None)


def test_former_mappings_follow(twins, recognised, join_all):
    theirs = question_of(recognised.twin)
    now = timezone.now()
    former = FormerMapping.objects.create(
        item=twins[1], number=1, question=theirs, metric="nps", mapped_at=now, ended_at=now
    )
    ours = question_of(recognised.survey)
    join_all()
    former.refresh_from_db()
    assert former.question == ours


def test_days_that_are_purged_take_the_larger_count(twins, recognised, join_all):
    """One side has purged a day that the other has never had: what was counted of it stays."""
    keeper, twin = recognised.survey, recognised.twin
    ours, theirs = question_of(keeper), question_of(twin)
    factories.make_days(theirs, {"2024-01-05": {"10": 3, "0": 1}, "2024-01-06": {"9": 2}})
    factories.make_days(ours, {"2024-01-05": {"10": 1, "0": 4}})
    until = factories.at("2024-02-01 00:00")
    Survey.objects.filter(pk=twin.pk).update(purged_until=until)
    join_all()
    of_old = DayHistogram.objects.filter(question=ours, day__year=2024).order_by("day")
    assert [row.counts for row in of_old] == [{"counted": {"10": 3, "0": 4}}, {"counted": {"9": 2}}]
    keeper.refresh_from_db()
    assert keeper.purged_until == until
    assert list(differences(keeper)) == []


def test_the_watch_of_the_survey_stays_and_the_other_is_ended(twins, recognised, join_all, settings):
    settings.PUBLIC_URL = "https://parcours.example"
    now = timezone.now()
    for survey, connection in ((recognised.survey, "Coastline Rail"), (recognised.twin, "Colleague")):
        watch = ResponseWatch(
            connection=Connection.objects.get(name=connection), survey=survey, name=survey.name, key_set_at=now,
            next_check_at=now + timedelta(days=1), subscription_id=f"SUB_{survey.pk}",
        )  # fmt: skip
        watch.key_envelope = subscriptions._sealed(watch, subscriptions._new_key())
        watch.save()
    join_all()
    kept, ending = ResponseWatch.objects.order_by("is_ending")
    assert (kept.connection.name, kept.is_ending) == ("Coastline Rail", False)
    assert (ending.connection.name, ending.is_ending) == ("Colleague", True)
    assert ending.next_check_at <= timezone.now()
    assert {kept.survey_id, ending.survey_id} == {recognised.survey_id}


def test_three_connections_of_one_brand_are_joined_one_after_the_other(
    sandbox, twins, connection, second, add_item, join_all
):
    third = editing.create_connection(
        host=normalise_host(sandbox.host), token=Secret(RAILWAY_TOKEN), name="Third", frequency="daily"
    )
    add_item(found := mirrored(third, sandbox, KEY))
    work(found)
    Connection.objects.update(brand="coastline")
    brands.settle_all()
    assert SurveyJoin.objects.filter(survey=twins[0].survey).count() == 2
    join_all()
    assert Response.objects.count() == 4 and SurveyFeed.objects.count() == 1
    assert counted(question_of(SurveyFeed.objects.get().survey)) == {"counted": {"10": 1, "9": 1, "8": 1, "0": 1}}


def test_it_says_what_it_joined(twins, recognised, join_all, client_of, api_of, admin, caplog, connection):
    page, health = reverse("integrations:connection", args=[connection.pk]), reverse("integrations:health")
    client = client_of(admin)
    assert "being joined with that of Colleague" in client.get(page).content.decode()
    assert "Surveys that two connections see are being joined" in client.get(health).content.decode()
    with caplog.at_level("INFO"):
        join_all()
    assert "4 responses, 4 of them known, 1 items" in caplog.text
    shown = " ".join(client.get(page).content.decode().split())
    assert "with that of Colleague" in shown and "Responses there: 4, of which known here: 4" in shown
    assert "are being joined" not in client.get(health).content.decode()
    told = api_of(admin).get(f"/api/v1/connections/{connection.pk}/health/").json()
    (joined,) = told["joins"]
    assert (joined["twin_source"], joined["responses"], joined["doubles"], joined["items"]) == ("Colleague", 4, 4, 1)
    assert told["same_brand"] == [Connection.objects.get(name="Colleague").pk]


def test_others_hear_of_it_before_the_twin_goes(twins, recognised, join_all):
    heard = []

    def hear(sender, survey, twin, **_kwargs):
        heard.append((survey.pk, twin.pk, Survey.objects.filter(pk=twin.pk).exists()))

    survey_joined.connect(hear)
    try:
        join_all()
    finally:
        survey_joined.disconnect(hear)
    assert (recognised.survey_id, recognised.twin_id, True) in heard


def test_everything_that_names_a_survey_or_a_question_is_given_away_or_counted_anew():
    """Whoever adds a table that names one of them says here what becomes of it in a join."""
    known = {
        "Question": "moved or paired", "Response": "moved", "ChangedDay": "the survey's days are noted anew",
        "SurveyJoin": "the job", "FeedbackItem": "given", "FormerMapping": "given", "SurveyFeed": "merged",
        "SurveyAccess": "given", "ResponseWatch": "given or ended", "Alert": "goes: the survey's own facts open others",
        "DayHistogram": "recounted; purged days united", "Counting": "the survey's own",
        "Stream": "its blocks are made anew", "EarlierAnswer": "goes: blocks are made anew",
        "JointPlan": "made anew", "Joint": "counted anew", "JointDay": "noted anew",
    }  # fmt: skip
    naming = {each.related_model.__name__ for model in (Survey, Question) for each in model._meta.related_objects}
    assert naming == set(known)
    assert Counting in {each.related_model for each in Survey._meta.related_objects}
