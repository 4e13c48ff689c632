"""Items made before mappings were kept get the one by which they have counted, so no number changes."""

from importlib import import_module

import pytest
from django.apps import apps

from feedback.models import FeedbackItem, FormerMapping, Survey
from kpis.scoring.scores import read_items
from tests.factories import make_days, make_item, make_question

migration = import_module("feedback.migrations.0013_items_keep_what_they_counted")

CHOICES = [
    {"value": "1", "label": "Does not apply at all"},  # was taken for no answer
    {"value": "2", "label": "Good"},
    {"value": 3.0, "label": "Better"},
    {"value": "4", "label": "Other", "analyze": False},
    {"value": "5", "label": "I did not use it"},  # was counted
    {"value": "A", "label": "Letter"},
]


def test_each_code_is_its_own_value_and_what_was_left_out_stays_so():
    said = [(entry["code"], entry.get("value") or entry["left_out"]) for entry in migration.as_counted(CHOICES)]
    assert said == [
        ("1", "not_applicable"), ("2", "2"), ("3", "3"), ("4", "not_applicable"), ("5", "5"), ("A", "out_of_scale"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_items_and_former_mappings_keep_their_figures_and_are_marked():
    question = make_question(kind="choice", choices=CHOICES)
    fields = {"metric": "csat", "scale_min": 2, "scale_max": 5, "positive_values": ["5"], "mapping": None}
    item = make_item(question, **fields)
    draft = make_item(question, chosen_state="draft", **fields)
    number = make_item(make_question(kind="number", scale_min=0, scale_max=10), metric="mean", mapping=None)
    FormerMapping.objects.create(
        item=item, number=1, question=question, metric="csat", scale_min=2, scale_max=5, positive_values=["5"],
        mapped_at=item.created_at, ended_at=item.created_at,
    )  # fmt: skip
    make_days(question, {"2026-11-01": {"1": 3, "2": 4, "5": 4, "4": 2, "9": 1}})
    Survey.objects.update(vendor_version="v1")
    migration.keep_what_items_counted(apps, None)
    migration.keep_what_items_counted(apps, None)  # cut short, and begun again
    item, draft, number = FeedbackItem.objects.order_by("pk").select_related("question", "card__stage", "card__lane")
    assert (item.mapping, item.mapping_assumed) == (migration.as_counted(CHOICES), True)
    assert FormerMapping.objects.get().mapping == item.mapping
    assert (draft.mapping, draft.mapping_assumed) == (None, False)
    assert (number.mapping, number.mapping_assumed) == ([], False)
    measured = read_items([item]).of_item(item).figure.measure
    assert (measured.value, measured.n, measured.excluded) == (50.0, 8, {"not_applicable": 5, "out_of_scale": 1})
    assert set(Survey.objects.values_list("vendor_version", flat=True)) == {""}  # forms of questions are read anew
