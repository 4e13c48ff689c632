"""Two people edit one object: nobody's work is lost in silence."""

import ast
import json
from pathlib import Path

import pytest
from django import forms
from rest_framework import viewsets
from rest_framework.test import APIRequestFactory, force_authenticate

from config.rest_api import problems
from journeys.models import Journey
from tests.factories import make_journey
from versioning.api import VersionedSerializer, VersionedUpdates
from versioning.pages import VersionedForm
from versioning.saving import Outdated, delete_if_current, save_if_current

pytestmark = pytest.mark.django_db
APPS = ("accounts", "feedback", "integrations", "journeys", "kpis")


class JourneySerializer(VersionedSerializer):
    class Meta:
        model = Journey
        fields = ["id", "name", "description", "version"]


class JourneyViews(VersionedUpdates, viewsets.ModelViewSet):
    queryset = Journey.objects.all()
    serializer_class = JourneySerializer
    permission_classes = []


class JourneyForm(VersionedForm):
    class Meta:
        model = Journey
        fields = ["name", "description"]


def test_a_write_moves_the_version_on_and_touches_only_its_fields():
    journey = make_journey(name="Travel", description="By train")
    before = journey.updated_at
    journey.name, journey.description = "Journey home", "not meant to be written"
    save_if_current(journey, 1, ["name"])
    stored = Journey.objects.get()
    assert (stored.name, stored.description, stored.version) == ("Journey home", "By train", 2)
    assert journey.version == 2
    assert stored.updated_at > before


def test_the_second_of_two_writers_is_refused_and_told_what_the_first_wrote():
    journey = make_journey(name="Travel")
    hers, his = Journey.objects.get(), Journey.objects.get()
    hers.name, his.name = "Hers", "His"
    save_if_current(hers, 1, ["name"])
    with pytest.raises(Outdated) as refused:
        save_if_current(his, 1, ["name"])
    assert refused.value.current.name == "Hers"
    assert Journey.objects.get(pk=journey.pk).name == "Hers"


def test_what_was_changed_is_not_deleted_by_somebody_who_did_not_see_it():
    journey = make_journey()
    save_if_current(Journey.objects.get(), 1, ["name"])
    with pytest.raises(Outdated):
        delete_if_current(journey, 1)
    assert Journey.objects.count() == 1
    delete_if_current(journey, 2)
    assert Journey.objects.count() == 0


def test_a_write_to_what_is_gone_says_so():
    journey = make_journey()
    Journey.objects.get().delete()
    with pytest.raises(Journey.DoesNotExist):
        save_if_current(journey, 1, ["name"])


class TestApi:
    @pytest.fixture
    def call(self, admin):
        detail = JourneyViews.as_view(
            {"patch": "partial_update", "put": "update", "delete": "destroy", "get": "retrieve"}
        )

        def send(method, journey, data=None, **headers):
            request = APIRequestFactory().generic(
                method.upper(), "/", json.dumps(data or {}), "application/json", headers=headers
            )
            force_authenticate(request, admin)
            return detail(request, pk=journey.pk)

        return send

    @pytest.mark.parametrize("header", ['"1"', 'W/"1"', "1"])
    def test_the_version_may_stand_in_the_header(self, call, header):
        answer = call("patch", make_journey(), {"name": "New"}, **{"If-Match": header})
        assert (answer.status_code, answer.data["name"], answer.data["version"]) == (200, "New", 2)

    def test_the_version_may_stand_in_the_body(self, call):
        answer = call("put", make_journey(), {"name": "New", "version": 1})
        assert (answer.status_code, answer.data["version"]) == (200, 2)

    @pytest.mark.parametrize("stated", [None, "", True, "one", -1, 1.5, "²", [1], {}, "9" * 30])
    def test_a_change_without_a_usable_version_is_refused(self, call, stated):
        journey = make_journey(name="Travel")
        answer = call("patch", journey, {"name": "New", "version": stated})
        assert answer.status_code == 400
        assert list(answer.data["errors"]) == ["version"]
        assert Journey.objects.get().name == "Travel"

    def test_an_outdated_change_gets_409_and_the_present_state(self, call):
        journey = make_journey(name="Travel")
        call("patch", journey, {"name": "Hers", "version": 1})
        answer = call("patch", journey, {"name": "His", "version": 1})
        assert (answer.status_code, answer.data["code"]) == (409, "outdated")
        assert answer.data["current"]["name"] == "Hers"
        assert answer.data["current"]["version"] == 2
        assert Journey.objects.get().name == "Hers"

    def test_an_outdated_delete_gets_409(self, call):
        journey = make_journey()
        call("patch", journey, {"name": "Hers", "version": 1})
        assert call("delete", journey, **{"If-Match": '"1"'}).status_code == 409
        assert call("delete", journey, **{"If-Match": '"2"'}).status_code == 204
        assert not Journey.objects.exists()


class TestPage:
    def edit(self, journey, **data) -> JourneyForm:
        return JourneyForm({"description": "", **data}, instance=journey)

    def test_the_form_carries_the_version_that_was_seen(self):
        assert JourneyForm(instance=make_journey())["seen_version"].value() == 1
        assert "seen_version" not in JourneyForm().fields

    def test_a_new_object_needs_no_version(self):
        form = JourneyForm({"name": "New", "description": ""})
        assert form.is_valid() and form.save_or_explain()
        assert Journey.objects.get().version == 1

    def test_both_texts_are_shown_and_saving_again_replaces_theirs(self):
        journey = make_journey(name="Travel")
        hers = self.edit(Journey.objects.get(), name="Hers", seen_version="1")
        his = self.edit(Journey.objects.get(), name="His", seen_version="1")
        assert hers.is_valid() and hers.save_or_explain()
        assert his.is_valid() and not his.save_or_explain()
        assert his["name"].value() == "His"
        assert his.errors["name"] == ["It says now: “Hers”."]
        assert "description" not in his.errors
        assert Journey.objects.get().name == "Hers"

        again = self.edit(Journey.objects.get(), name="His", seen_version=his["seen_version"].value())
        assert again.is_valid() and again.save_or_explain()
        assert Journey.objects.get(pk=journey.pk).name == "His"

    def test_a_form_without_its_version_is_not_valid(self):
        form = self.edit(make_journey(), name="New")
        assert not form.is_valid()
        assert isinstance(form.fields["seen_version"], forms.IntegerField)


class LateViews(JourneyViews):
    """Its action does the writing, and lets `Outdated` pass."""

    def perform_update(self, serializer):
        save_if_current(serializer.instance, 7, ["name"])


class TestActionThatIsTooLate:
    def test_the_answer_shows_the_object_as_the_viewset_shows_it(self, admin):
        journey = make_journey(name="Travel")
        request = APIRequestFactory().patch("/", json.dumps({"name": "New"}), content_type="application/json")
        force_authenticate(request, admin)
        answer = LateViews.as_view({"patch": "partial_update"})(request, pk=journey.pk)
        assert (answer.status_code, answer.data["code"]) == (409, "outdated")
        assert dict(answer.data["current"]) == dict(JourneySerializer(Journey.objects.get()).data)
        assert set(answer.data["current"]) == {"id", "name", "description", "version"}

    def test_a_view_that_shows_no_such_object_answers_its_id_and_version(self):
        journey = make_journey()
        problem = problems.handle(Outdated(journey), {}).data
        assert (problem["status"], problem["current"]) == (409, {"id": journey.pk, "version": 1})


def test_no_view_of_the_api_answers_it_by_hand():
    root = Path(problems.__file__).parents[2]
    views = [source for app in APPS for source in (root / app).rglob("api.py")]
    assert len(views) > 10
    catching = [
        str(source.relative_to(root))
        for source in views
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.ExceptHandler) and node.type and "Outdated" in ast.unparse(node.type)
    ]
    assert catching == []
