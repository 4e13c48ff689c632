"""Numbers on pages and in the API: read in the person's language, bounded, and shown wherever they are accepted."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse

from accounts.models import Organisation
from feedback.models import FeedbackItem, ManualValue
from tests.factories import make_days, make_item, make_journey, make_lane, make_manual_item
from ui.typed_numbers import FIRST_DAY, LAST_DAY

pytestmark = pytest.mark.django_db
FRENCH = {"HTTP_ACCEPT_LANGUAGE": "fr"}


@pytest.fixture
def client(client_of, analyst):
    return client_of(analyst)


def new_mean(client, **values):
    lane = make_lane(make_journey())
    url = f"{reverse('feedback:manual_new')}?lane={lane.pk}&stage={lane.journey.stages.first().pk}"
    fields = {"title": "Study", "measure": "mean", "day": "2026-01-05"} | values
    language = fields.pop("language", "fr")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
    return client.post(url, fields)


def test_values_and_scale_ends_are_read_in_french(client):
    assert new_mean(client, value="8,5", scale_min="−2,5", scale_max="1 000", n="1 234").status_code == 302
    entered = ManualValue.objects.get()
    item = entered.item
    assert (entered.value, entered.n, item.scale_min, item.scale_max) == (8.5, 1234, -2.5, 1000.0)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"value": "8,5 %"}, "nombre"),
        ({"value": "1.234"}, "deux façons"),
        ({"value": "1e26"}, "nombre"),
        ({"value": "9" * 27}, "chiffres"),
        ({"value": "1" + "0" * 26}, "ou moins"),
        ({"value": "8,5", "n": "1,5"}, "nombre entier"),
        ({"value": "8,5", "n": "9" * 12}, "ou moins"),
        ({"value": "8,5", "scale_max": "0,0000001"}, "trop proche"),
    ],
)
def test_what_is_not_understood_or_too_large_is_refused_with_the_reason(client, values, said):
    answer = new_mean(client, **values)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not ManualValue.objects.exists()


def test_targets_and_weights_are_read_and_shown_in_french(client):
    item = make_item()
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "fr"
    url = reverse("feedback:item_settings", args=[item.pk])
    fields = {"title": "T", "target": "−12,5", "target_direction": "at_least", "weight": "0,25", "frequency": ""}
    assert client.post(url, fields | {"seen_version": 1}).status_code == 302
    item.refresh_from_db()
    assert (item.target, item.weight) == (-12.5, 0.25)
    page = client.get(url).content.decode()
    assert 'value="-12,5"' in page and 'value="0,25"' in page
    refused = client.post(url, fields | {"weight": "1" + "0" * 308, "seen_version": 2})
    assert refused.status_code == 422


def test_a_threshold_is_a_whole_number_from_two_on(client_of, admin):
    client = client_of(admin)
    fields = {"name": "Rail", "time_zone": "Europe/Paris"}
    url = reverse("accounts:organisation")
    for refused in ("0", "1", "5.5", "1e3", "9" * 20):
        assert client.post(url, fields | {"suppression_threshold": refused}).status_code in (200, 422)
        assert Organisation.current().suppression_threshold is None
    client.post(url, fields | {"suppression_threshold": "1,000"})
    assert Organisation.current().suppression_threshold == 1000


@pytest.mark.parametrize(
    ("field", "value"), [("target", 1e26), ("weight", 1e308), ("scale_max", 1e26), ("target", "8,5"), ("weight", True)]
)
def test_the_api_has_the_same_bounds(api_of, analyst, field, value):
    item = make_item(metric="mean")
    answer = api_of(analyst).patch(f"/api/v1/feedback-items/{item.pk}/", {field: value, "version": 1}, format="json")
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {field}


def test_values_by_hand_have_bounds_in_the_api(api_of, analyst):
    item = make_manual_item(metric="mean", scale_min=None, scale_max=None)
    url = f"/api/v1/feedback-items/{item.pk}/manual-values/"
    for value, n in ((1e26, 5), (-1e26, 5), (1e999, 5), (4.5, 10**12)):
        answer = api_of(analyst).post(
            url, f'{{"day": "2026-01-05", "value": {value}, "n": {n}}}', content_type="application/json"
        )
        assert answer.status_code == 400
    assert not ManualValue.objects.exists()


@pytest.mark.parametrize("value", [1e12, -1e12, 1e-6, 123456.789, 0.1 + 0.2])
@pytest.mark.parametrize("weight", [1e6, 1e-6])
def test_whatever_is_accepted_is_shown_on_every_page(api_of, analyst, client, value, weight):
    by_hand = make_manual_item(metric="mean", scale_min=None, scale_max=None)
    other = make_item(stage=by_hand.card.stage, metric="mean", scale_min=None, scale_max=None)
    make_days(other.question, {"2026-01-05": {"5": 40}})
    api = api_of(analyst)
    told = api.post(
        f"/api/v1/feedback-items/{by_hand.pk}/manual-values/",
        {"day": "2026-01-05", "value": value, "n": 10**9},
        format="json",
    )
    assert told.status_code in (200, 201), told.content
    first = {"day": str(FIRST_DAY), "value": -value, "n": 1}
    assert api.post(f"/api/v1/feedback-items/{by_hand.pk}/manual-values/", first, format="json").status_code == 201
    for item in (by_hand, other):
        fields = {"target": value, "weight": weight, "version": item.version, "backfill": "date"}
        fields["count_from"] = str(FIRST_DAY if weight > 1 else LAST_DAY)
        assert api.patch(f"/api/v1/feedback-items/{item.pk}/", fields, format="json").status_code == 200
    journey = by_hand.card.lane.journey
    for weighting in ("pooled", "custom"):
        assert (
            api.patch(f"/api/v1/kpis/journeys/{journey.pk}/", {"weighting": weighting}, format="json").status_code
            == 200
        )
        for url in (
            reverse("journeys:list"),
            reverse("journeys:detail", args=[journey.pk]),
            reverse("kpis:journey", args=[journey.pk]),
            reverse("kpis:journey_export", args=[journey.pk]),
            *(reverse("kpis:item", args=[item.pk]) for item in (by_hand, other)),
            *(reverse("feedback:item_settings", args=[item.pk]) for item in (by_hand, other)),
        ):
            assert client.get(url).status_code == 200


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31"])
def test_a_day_that_cannot_be_meant_is_refused(api_of, analyst, client, day):
    item = make_manual_item()
    value = {"day": day, "value": 5, "n": ""}
    answer = api_of(analyst).post(
        f"/api/v1/feedback-items/{item.pk}/manual-values/", value | {"n": None}, format="json"
    )
    assert set(answer.json()["errors"]) == {"day"}
    page = client.post(reverse("feedback:value_set", args=[item.pk]), value)
    assert "Choose a day from" in page.content.decode()
    assert not ManualValue.objects.exists()
    other = make_item()
    fields = {"backfill": "date", "count_from": "9999-12-31" if day < "1" else day, "version": other.version}
    answer = api_of(analyst).patch(f"/api/v1/feedback-items/{other.pk}/", fields, format="json")
    assert set(answer.json()["errors"]) == {"count_from"}


def test_a_number_from_before_there_were_bounds_is_shown_and_does_not_keep_the_item_from_being_changed(client):
    item = make_manual_item(metric="mean", scale_min=None, scale_max=None, values={"2026-01-05": (1e26, 5)})
    FeedbackItem.objects.update(weight=1e308, target=1e26)
    for url in (reverse("journeys:list"), reverse("kpis:item", args=[item.pk])):
        assert client.get(url).status_code == 200
