"""The export: numbers stay numbers, and no text becomes a formula."""

import csv
import io
import re

import pytest
from django.urls import reverse

from kpis.pages.spreadsheet import COLUMNS, as_csv, safe
from tests.factories import make_days, make_item

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "|x", "%x", "＝1", "＋1", "－1", "＠x"]
# The byte order mark, zero widths, spaces of every kind, controls, letters of which nothing is seen.
UNSEEN = [
    "\ufeff", "\u200b", "\u200e", "\u2060", "\u00ad", " ", "\u00a0", "\u2003", "\u3000", "\u2028", "\t", "\r", "\n", "\0", "\x01",
    "\x7f", "\x85", "\u115f", "\u3164", "\u2800", "\ufe0f", "\u034f", "\u200b\ufeff \u00a0",
]  # fmt: skip


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_would_be_computed_is_quoted(text):
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("before", UNSEEN)
@pytest.mark.parametrize("text", FORMULAS)
def test_so_is_one_behind_what_is_not_seen(text, before):
    assert safe(before + text).replace(before.replace("\0", ""), "", 1) == f"'{text}"


@pytest.mark.parametrize("separator", [",", ";", "\t", "\n", "\r", "; ", ';"', "\t\ufeff", "';"])
@pytest.mark.parametrize("text", FORMULAS)
def test_so_is_one_behind_whatever_may_separate_cells(text, separator):
    """In no file of these cells, split at any separator, with quotes understood or not, does a cell begin a formula."""
    written = as_csv([[f"Booking{separator}{text}", f"{separator}{text}", text]])
    for split in (",", ";", "\t"):
        rows = [line.split(split) for line in written.splitlines()]
        rows += csv.reader(re.split("[\r\n]+", written), delimiter=split)
        begun = [cell.lstrip("".join(UNSEEN) + '"') for row in rows for cell in row]
        assert [cell for cell in begun if cell.startswith(tuple("=+-@|%＝＋－＠"))] == []


@pytest.mark.parametrize(
    "value", ["Booking", "", -4.5, 0, None, "a=b", "Fast, 5 - 10 minutes", "1;2", "eva@example.org", "–", "N/A (-)"]
)
def test_everything_else_stays_as_it_is(value):
    assert safe(value) == value


@pytest.mark.django_db
def test_a_journeys_export_has_every_level_and_no_zero_for_no_data(client_of, viewer):
    item = make_item()
    journey, stage = item.card.lane.journey, item.card.stage
    make_days(item.question, {"2026-11-01": {"9": 3, "0": 4, "": 2}})
    stage.name = "=cmd|' /C calc'!A0"
    stage.save()
    empty = make_item(stage=journey.stages.last())
    draft = make_item(stage=journey.stages.last(), chosen_state="draft")
    response = client_of(viewer).get(reverse("kpis:journey_export", args=[journey.pk]))
    assert response["Content-Disposition"].startswith('attachment; filename="')
    text = response.content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["level"] for row in rows] == ["journey", "stage", "item", "stage", "item", "item"]
    assert {row["name"] for row in rows} >= {journey.name, "'" + stage.name, item.card.title}
    first = rows[0]
    assert (float(first["value"]), first["n"], first["excluded"]) == (pytest.approx(-100 / 7), "7", "unanswered 2")
    without = {row["name"]: row for row in rows if row["level"] == "item"}
    assert (without[empty.card.title]["value"], without[empty.card.title]["n"]) == ("", "0")
    assert (without[draft.card.title]["value"], without[draft.card.title]["state"]) == ("", "draft")


@pytest.mark.django_db
def test_a_french_spreadsheet_opens_it_by_a_double_click(client_of, viewer):
    item = make_item()
    make_days(item.question, {"2026-11-01": {"9": 3, "0": 4}})
    address = reverse("kpis:journey_export", args=[item.card.lane.journey_id])
    english, french = (
        client_of(viewer).get(address, headers={"Accept-Language": language}).content.decode("utf-8-sig")
        for language in ("en", "fr")
    )
    rows = list(csv.reader(io.StringIO(french), delimiter=";"))
    assert rows[0][:6] == ["niveau", "nom", "kpi", "formule", "valeur", "n"]
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert rows[1][4].startswith("-14,28")
    assert "." not in "".join(rows[1][4:8])
    plain = list(csv.reader(io.StringIO(english)))
    assert [plain[0][0], plain[1][4][:6]] == ["level", "-14.28"]
