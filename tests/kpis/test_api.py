"""KPIs over the REST API, in the one shape."""

import pytest
import time_machine

from accounts.models import Organisation
from feedback.models import FeedbackItem
from kpis.models import Consolidation
from tests.factories import at, make_days, make_item, make_journey, make_manual_item
from tests.kpis.blocks import under_threshold
from tests.kpis.flagging import decide_all

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("today")]
URL = "/api/v1/kpis/"


@pytest.fixture
def today():
    with time_machine.travel("2026-11-22 12:00:00+00:00", tick=False):
        Organisation.objects.update_or_create(pk=1, defaults={"time_zone": "Europe/Paris"})
        yield


@pytest.fixture
def api(api_of, viewer):
    return api_of(viewer)


@pytest.fixture
def item():
    item = make_item()
    item.survey.last_good_fetch_at = at("2026-11-22 05:00")
    item.survey.save()
    make_days(
        item.question,
        {
            "2026-11-01": {"10": 30, "9": 10, "8": 25},
            "2026-11-20": {"counted": {"9": 20, "3": 15, "": 41}, "unfinished": {"1": 12}, "preview": {"1": 3}},
        },
    )
    return item


def test_an_items_figure_has_the_one_shape(api, item):
    told = api.get(f"{URL}items/{item.pk}/").json()
    assert (told["item"], told["state"], told["stage"]) == (item.pk, "live", item.card.stage_id)
    figure = told["figure"]
    assert [round(end, 1) for end in figure.pop("ci95")] == [29.3, 58.0]
    assert figure == {
        "kpi": "nps",
        "formula": "nps_0_10",
        "value": 45.0,
        "n": 100,
        "people": 100,
        "n_effective": 100.0,
        "ci_method": "adjusted_wald",
        "weighting": "pooled",
        "items_used": 1,
        "items_total": 1,
        "left_out": [],
        "state": "live",
        "window": {"from": None, "to": None, "tz": "Europe/Paris"},
        "as_of": "2026-11-22T05:00:00Z",
        "excluded": {"unfinished": 12, "preview": 3, "unanswered": 41},
        "secondary": {"promoters": 60, "passives": 25, "detractors": 15},
        "low_base": False,
        "oldest_response_on": "2026-11-01",
        "newest_response_on": "2026-11-20",
    }


def test_without_data_value_and_interval_are_null(api):
    told = api.get(f"{URL}items/{make_item().pk}/").json()
    figure = told["figure"]
    assert (told["state"], figure["state"], figure["value"], figure["n"], figure["ci95"]) == (
        "waiting", "waiting", None, 0, None,
    )  # fmt: skip


def test_a_draft_has_no_figure(api):
    told = api.get(f"{URL}items/{make_item(chosen_state='draft').pk}/").json()
    assert (told["state"], told["figure"]) == ("draft", None)


def test_days_are_chosen_by_period_or_by_dates(api, item):
    def n(**query):
        return api.get(f"{URL}items/{item.pk}/", query).json()["figure"]["n"]

    assert n(period="last_7_days") == 35
    assert n(**{"from": "2026-11-01", "to": "2026-11-19"}) == 65
    assert n(to="2026-11-19") == 65


@pytest.mark.parametrize("query", [{"period": "ever"}, {"from": "x"}, {"from": "2026-02-02", "to": "2026-02-01"}])
def test_days_that_cannot_be_are_refused(api, item, query):
    for path in (f"items/{item.pk}/", f"items/{item.pk}/trend/", f"journeys/{item.card.lane.journey_id}/"):
        assert api.get(URL + path, query).status_code == 400


def test_stages_phases_and_journeys_have_one_figure_per_formula(api, item):
    journey, stage = item.card.lane.journey, item.card.stage
    phase = journey.phases.create(name="Prepare")
    stage.phase = phase
    stage.save()
    for path in (f"stages/{stage.pk}/", f"phases/{phase.pk}/", f"journeys/{journey.pk}/"):
        told = api.get(URL + path).json()
        assert [(figure["value"], figure["n"]) for figure in told["kpis"]] == [(45.0, 100)]
    assert api.get(f"{URL}stages/{journey.stages.last().pk}/").json()["kpis"] == []


def test_a_parent_is_the_sum_of_its_children(api, item):
    parent = make_journey()
    for child in (item.card.lane.journey, make_item().card.lane.journey):
        child.parent = parent
        child.save()
    (figure,) = api.get(f"{URL}journeys/{parent.pk}/").json()["kpis"]
    assert (figure["n"], figure["items_used"], figure["items_total"]) == (100, 1, 2)
    (left_out,) = figure["left_out"]
    assert left_out["reason"] == "waiting"
    assert left_out["item"] != item.pk


def test_the_weighting_is_changed_by_who_draws_maps(api, api_of, analyst, item):
    url = f"{URL}journeys/{item.card.lane.journey_id}/"
    assert api.patch(url, {"weighting": "equal_items"}).status_code == 403
    told = api_of(analyst).patch(url, {"weighting": "equal_items"}).json()
    assert (told["weighting"], told["kpis"][0]["weighting"]) == ("equal_items", "equal_items")
    assert api_of(analyst).patch(url, {"weighting": "by_magic"}).status_code == 400
    assert Consolidation.objects.get().weighting == "equal_items"


def test_the_trend_is_recomputed_for_each_bucket_and_gaps_are_null(api, item):
    told = api.get(f"{URL}items/{item.pk}/trend/", {"bucket": "week", "from": "2026-10-26"}).json()
    assert [(b["from"], b["to"], b["n"], b["partial"]) for b in told["buckets"]] == [
        ("2026-10-26", "2026-11-01", 65, False),
        ("2026-11-02", "2026-11-08", 0, False),
        ("2026-11-09", "2026-11-15", 0, False),
        ("2026-11-16", "2026-11-22", 35, True),
    ]
    assert [b["value"] and round(b["value"], 1) for b in told["buckets"]] == [61.5, None, None, 14.3]
    assert len(api.get(f"{URL}items/{item.pk}/trend/", {"bucket": "day"}).json()["buckets"]) == 22
    assert api.get(f"{URL}items/{item.pk}/trend/", {"bucket": "hour"}).status_code == 400


def test_the_trend_of_a_manual_item_is_its_values(api):
    item = make_manual_item(values={"2026-01-05": (10, 50), "2026-02-05": 20})
    told = api.get(f"{URL}items/{item.pk}/trend/").json()
    assert [(b["from"], b["value"], b["n"]) for b in told["buckets"]] == [
        ("2026-01-05", 10.0, 50),
        ("2026-02-05", 20.0, None),
    ]


def test_answers_are_counted_by_value(api, item):
    told = api.get(f"{URL}items/{item.pk}/answers/").json()
    assert {answer["value"]: answer["n"] for answer in told["answers"] if answer["n"]} == {
        "10": 30, "9": 30, "8": 25, "3": 15,
    }  # fmt: skip
    assert len(told["answers"]) == 11
    assert told["excluded"] == {"unfinished": 12, "preview": 3, "unanswered": 41}


def test_small_samples_are_hidden_in_every_answer(api, item):
    under_threshold(101)
    journey = item.card.lane.journey
    for path in (f"items/{item.pk}/", f"stages/{item.card.stage_id}/", f"journeys/{journey.pk}/"):
        told = api.get(URL + path).json()
        figure = told.get("figure") or told["kpis"][0]
        assert (figure["state"], figure["value"], figure["ci95"], figure["n"]) == ("suppressed", None, None, 0)
        assert figure["window"]["blocks"]["waiting"] == 100
        assert (figure["excluded"], figure["secondary"], figure["newest_response_on"]) == ({}, {}, None)
    trend = api.get(f"{URL}items/{item.pk}/trend/").json()["buckets"]
    assert {bucket["value"] for bucket in trend} == {None}
    told = api.get(f"{URL}items/{item.pk}/answers/").json()
    assert (told["answers"], told["excluded"], told["suppressed"]) == ([], {}, True)


@pytest.mark.parametrize("size", [1, 3])
def test_the_list_of_items_takes_constantly_many_queries(api, size, django_assert_num_queries):
    journey = make_journey(stages=size)
    for stage in journey.stages.all():
        make_days(make_item(stage=stage).question, {"2026-11-01": {"9": 3}})
    make_item()
    url = f"{URL}items/?journey={journey.pk}"
    api.get(url)
    with django_assert_num_queries(7):  # two organisations, count, page, items, version of the data, flags
        rows = api.get(url).json()["results"]
    assert [row["figure"]["n"] for row in rows] == [3] * size


def test_what_is_not_there_is_not_found(api):
    for path in ("items/999/", "items/x/", "items/999/trend/", "stages/999/", "journeys/999/"):
        assert api.get(URL + path).status_code == 404


def test_a_rolling_trend_has_a_point_for_each_day(api, item):
    told = api.get(f"{URL}items/{item.pk}/trend/", {"bucket": "rolling"}).json()
    assert told["bucket"] == "rolling"
    assert [row["to"] for row in told["buckets"]][:2] == ["2026-11-01", "2026-11-02"]
    assert [row["n"] for row in told["buckets"]][-3:] == [100, 100, 100]
    assert told["buckets"][0]["partial"] is True


def test_an_items_target_is_judged(api, item):
    assert api.get(f"{URL}items/{item.pk}/").json()["target"] is None
    for target, verdict in ((20, "met"), (70, "missed"), (45, "undecided")):
        FeedbackItem.objects.update(target=target)
        told = api.get(f"{URL}items/{item.pk}/").json()["target"]
        assert told == {"value": target, "direction": "at_least", "verdict": verdict}


def test_an_items_change_is_flagged_for_complete_months_only(api):
    item = make_item()
    make_days(item.question, {"2026-09-10": {"0": 50, "9": 10}, "2026-10-10": {"9": 60}})
    october = {"from": "2026-10-01", "to": "2026-10-31"}
    told = api.get(f"{URL}items/{item.pk}/change/", october).json()["change"]
    assert (told["kind"], told["flagged"], told["flag"]) == ("up", False, None)  # nobody looked at it so far
    decide_all()
    told = api.get(f"{URL}items/{item.pk}/change/", october).json()["change"]
    assert (told["kind"], told["flagged"], round(told["difference"])) == ("up", True, 167)
    assert told["ci95"][0] <= told["difference"] <= told["ci95"][1]
    assert (told["before"]["n"], told["after"]["n"]) == (60, 60)
    assert (told["flag"]["kind"], told["flag"]["looked_at"], told["flag"]["before"]["people"]) == ("up", 3, 60)
    for path in (f"items/{item.pk}", f"stages/{item.card.stage_id}", f"journeys/{item.card.lane.journey_id}"):
        flags = api.get(f"{URL}{path}/", {"from": "2026-01-01"}).json()["flags"]
        assert [flag["period"] for flag in flags] == [{"level": "month", "from": "2026-10-01", "to": "2026-10-31"}]
        assert api.get(f"{URL}{path}/", {"from": "2026-11-01"}).json()["flags"] == []
    assert told["p"] < 0.001 < told["smallest_that_would_show"]
    open_ended = {"from": "2026-10-01", "to": "2026-10-30"}
    told = api.get(f"{URL}items/{item.pk}/change/", open_ended).json()["change"]
    assert (told["kind"], told["flagged"]) == ("up", False)
    assert api.get(f"{URL}items/{item.pk}/change/").json()["change"] is None
