"""A page says in one field which version the person saw."""

import pytest
from django import forms
from django.test import RequestFactory
from django.urls import reverse

from tests.factories import make_item
from versioning.pages import see, seen_version

NONE = 0  # no object stands at it: whatever names it is refused


@pytest.mark.parametrize(
    ("posted", "seen"),
    [
        ({"seen_version": "3"}, 3),
        ({}, NONE),
        *(({"seen_version": text}, NONE) for text in ("", "-3", "3.0", "٣", "3²", "3\0", "three", "9" * 10)),
    ],
)
def test_the_version_that_was_seen_is_read_from_the_form(posted, seen):
    assert seen_version(RequestFactory().post("/", posted)) == seen


def test_a_page_opened_before_the_upgrade_still_says_which_version_it_showed():
    assert seen_version(RequestFactory().post("/", {"version": "3"})) == 3
    # What the page says under the new name counts, also if it is nothing.
    assert seen_version(RequestFactory().post("/", {"version": "3", "seen_version": "4"})) == 4
    assert seen_version(RequestFactory().post("/", {"version": "3", "seen_version": ""})) == NONE


def test_the_address_says_nothing_of_it():
    assert seen_version(RequestFactory().post("/?seen_version=3")) == NONE


class Named(forms.Form):
    seen_version = forms.IntegerField(widget=forms.HiddenInput)


def test_the_next_attempt_names_the_present_version():
    posted = RequestFactory().post("/", {"seen_version": "3", "name": "Mine"}).POST
    form = Named(posted)
    see(form, 4)
    assert (form["seen_version"].value(), form.data["name"], posted["seen_version"]) == ("4", "Mine", "3")


@pytest.mark.django_db
@pytest.mark.parametrize("field", ["seen_version", "version"])
def test_a_wizard_opened_before_the_upgrade_carries_the_version_through_its_steps(client_of, analyst, field):
    item = make_item()
    address = reverse("integrations:wizard_edit", args=[item.pk])
    page = client_of(analyst).post(address, {field: "3", "step": "connection", "go": "refresh"})
    assert page.context["form"].data["seen_version"] == "3"
