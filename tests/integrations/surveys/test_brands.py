"""A brand is recognised when a connection is tested or saved, and said so; each survey of it is here once."""

from __future__ import annotations

import threading

import pytest
from django.db import connection as database
from django.urls import reverse

from feedback.models import Source, Survey, SurveyJoin
from integrations.connections import editing
from integrations.connections.testing import test_and_keep as run_test
from integrations.models import Connection
from integrations.qualtrics.hosts import normalise_host
from integrations.qualtrics.records import Identity
from integrations.surveys import access, brands
from integrations.surveys.catalogue import surveys_of
from integrations.vault.secret import Secret
from sandbox.demo import COLLEAGUE_TOKEN
from tests import factories

pytestmark = pytest.mark.django_db
WORDS = "is connected already: Coastline Rail"


@pytest.fixture
def tested(connection) -> Connection:
    run_test(connection)
    return connection


def colleague(sandbox) -> Connection:
    return editing.create_connection(host=normalise_host(sandbox.host), token=Secret(COLLEAGUE_TOKEN), name="Colleague")


def test_a_second_connection_to_a_brand_is_named_when_it_is_tested(sandbox, tested):
    second = colleague(sandbox)
    check = next(check for check in run_test(second) if check.key == "brand")
    assert (check.result, check.finding) == ("ok", "brand_shared") and WORDS in check.message
    second.refresh_from_db()
    assert second.source_id == tested.source_id and Source.objects.count() == 1


def test_the_first_one_is_told_that_it_is_the_only_one(connection):
    assert next(check.finding for check in run_test(connection) if check.key == "brand") == "brand_new"


def test_it_is_said_when_it_is_saved_on_the_page(sandbox, tested, client_of, admin):
    fields = {"name": "Colleague", "host": sandbox.host, "auth_method": "token", "token": COLLEAGUE_TOKEN}
    sent = fields | {"frequency": "daily", "at_time": "05:00", "weekday": "0", "enabled": "on"}
    page = client_of(admin).post(reverse("integrations:connection_new"), sent, follow=True)
    assert WORDS in page.content.decode()
    assert Connection.objects.get(name="Colleague").source == tested.source


def test_it_is_said_when_it_is_saved_over_the_api(sandbox, tested, api_of, admin):
    sent = {"name": "Colleague", "host": sandbox.host, "token": COLLEAGUE_TOKEN}
    made = api_of(admin).post("/api/v1/connections/", sent, format="json")
    assert made.status_code == 201
    assert (made.json()["same_brand"], made.json()["brand"], made.json()["source"]) == (
        [tested.pk], "coastline", tested.source_id,
    )  # fmt: skip


def test_a_vendor_that_does_not_answer_does_not_keep_anybody_from_saving(api_of, admin):
    sent = {"name": "Away", "host": "fra1", "token": "A" * 40}
    made = api_of(admin).post("/api/v1/connections/", sent, format="json")
    assert (made.status_code, made.json()["brand"], made.json()["same_brand"]) == (201, "", [])


def test_a_connection_whose_brand_is_not_known_is_asked_for_it_before_its_surveys_are_listed(sandbox, tested):
    listed = surveys_of(tested).live_rows()
    second = colleague(sandbox)
    assert {survey.pk for survey in surveys_of(second).live_rows()} == {survey.pk for survey in listed}
    assert Survey.objects.count() == len(listed)


def test_an_unknown_brand_is_a_brand_of_its_own():
    one, other = factories.make_connection(), factories.make_connection()
    for each in (one, other):
        brands.keep_owner(each, Identity("", "UR_1", "somebody", "Some Body", "", "fra1"))
    assert one.source_id != other.source_id and not brands.same_brand(one).exists()


def test_surveys_that_only_one_of_the_two_has_change_their_source_with_their_items():
    one, other = factories.make_connection(brand="acme"), factories.make_connection(brand="ACME")
    brands.settle_all()
    one.refresh_from_db()
    other.refresh_from_db()
    assert one.source_id == other.source_id  # upper case or lower: it is a part of a host's name
    third = factories.make_connection(brand="acme")
    alone = factories.make_survey(third.source)
    item = factories.make_item(factories.make_question(alone))
    shared = factories.make_survey(one.source)
    twin = factories.make_survey(third.source, external_id=shared.external_id)
    assert brands.settle_all() == 1
    alone.refresh_from_db()
    item.refresh_from_db()
    assert (alone.source_id, item.source_id) == (one.source_id, one.source_id)
    assert (SurveyJoin.objects.get().survey, SurveyJoin.objects.get().twin) == (shared, twin)
    assert brands.settle_all() == 0


def test_pages_and_api_say_which_connection_feeds_and_which_stand_by(sandbox, tested, client_of, api_of, admin):
    second = colleague(sandbox)
    run_test(second)
    second.refresh_from_db()
    survey = surveys_of(tested).live_rows()[0]
    access.note_list(second, [survey])
    factories.make_feed(tested, survey, next_due_at=factories.at("2026-12-01 05:00"))
    client = client_of(admin)
    listed = client.get(reverse("integrations:survey_list")).content.decode()
    assert listed.count(survey.name) == 1
    assert "Standing by:" in listed and "Colleague" in listed
    shown = client.get(reverse("integrations:survey", args=[survey.pk])).content.decode()
    assert "Fed by" in shown and "Standing by" in shown
    page = client.get(reverse("integrations:connection", args=[second.pk])).content.decode()
    assert "Stands by for" in page and survey.name in page
    told = api_of(admin).get(f"/api/v1/surveys/{survey.pk}/questionnaire/").json()
    assert (told["fed_by"], told["standing_by"]) == (tested.pk, [second.pk])
    Connection.objects.filter(pk=second.pk).update(stopped_code="token_refused")
    stopped = api_of(admin).get(f"/api/v1/surveys/{survey.pk}/questionnaire/").json()
    assert stopped["standing_by"] == []  # it could not take over
    Connection.objects.filter(pk=second.pk).update(stopped_code="")
    choices = {each["name"]: each for each in api_of(admin).get("/api/v1/connections/choices/").json()}
    assert choices["Colleague"]["health"]["label"] == "Standing by"
    assert choices["Colleague"]["source"] == choices["Coastline Rail"]["source"]


def test_who_sees_what_is_read_once_a_day_where_it_matters(connection):
    alone = factories.make_connection(brand="acme")
    shared = [factories.make_connection(brand="twice"), factories.make_connection(brand="twice")]
    brands.settle_all()
    Connection.objects.filter(pk=shared[1].pk).update(stopped_code="token_refused")
    assert access.lists_to_read() == sorted([connection.pk, shared[0].pk])
    assert alone.pk not in access.lists_to_read()


@pytest.mark.django_db(transaction=True)
def test_two_connections_of_one_brand_recognised_at_one_moment_have_one_source():
    pair = [factories.make_connection(), factories.make_connection()]
    for each in pair:
        factories.make_survey(each.source, external_id="SV_both")
    together, failed = threading.Barrier(2), []

    def recognise(found: Connection) -> None:
        try:
            together.wait(60)
            brands.keep_owner(found, Identity("acme", "UR_1", "somebody", "Some Body", "", "fra1"))
        except Exception as error:
            failed.append(error)
        finally:
            database.close()

    threads = [threading.Thread(target=recognise, args=[each]) for each in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert {each.source.brand_key for each in Connection.objects.select_related("source")} == {"qualtrics:acme"}
    assert len({each.source_id for each in Connection.objects.all()}) == 1
    assert SurveyJoin.objects.count() == 1
