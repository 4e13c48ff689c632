"""Every page, read in French by an admin: no English of ours is left on it, and dates and numbers are French."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

import polib
import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from accounts.models import User
from config.demo import maps
from feedback.models import Question, Survey
from integrations.models import Connection, Fetch
from journeys.models import Journey
from sandbox.server import start
from tests.demo_site import Tour, furnish, pages
from tests.integrations.wizard.test_wizard import Walk

pytestmark = pytest.mark.django_db
REFERENCE = "api:reference"  # what the code of the API says of itself is English, some of it word for word like ours
PO = polib.pofile(str(settings.BASE_DIR / "locale/fr/LC_MESSAGES/django.po"))


@pytest.fixture(scope="module")
def running() -> Iterator:
    with start(seed=7, small=True) as sandbox:
        yield sandbox


@pytest.fixture
def reader(running, settings, client_of) -> Client:
    """Alice, who set French in her profile, on a furnished site."""
    furnish(running, settings)
    alice = User.objects.get(email="admin@parcours.example")
    alice.language = "fr"
    alice.save()
    client = client_of(alice)
    client.raise_request_exception = True
    return client


def strings(value: object) -> Iterator[str]:
    """All texts of a nested description."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inside in value.items():
            yield from (*strings(key), *strings(inside))
    elif isinstance(value, list | tuple):
        for inside in value:
            yield from strings(inside)


def content() -> list[str]:
    """What people and surveys wrote, which is shown as it is. Longest first: a title may stand in another."""
    written = {
        *strings([maps.RAILWAY, maps.BANK]),
        *(item.title for item in (*maps.RAILWAY_ITEMS, *maps.BANK_ITEMS)),
        *Survey.objects.values_list("name", flat=True),
        *Question.objects.values_list("wording", flat=True),
        *strings(list(Question.objects.values_list("choices", flat=True))),
    }
    return sorted((re.sub(r"[ \n]+", " ", text) for text in written if len(text) > 3), key=len, reverse=True)


def visible(page: str, written: list[str]) -> str:
    """The words of a page with those of its attributes that are read out or shown, without people's own."""
    page = re.sub(r"<(script|style|pre|code)\b[^>]*>.*?</\1>", " ", page, flags=re.S)
    shown = re.findall(r'(?:aria-label|title|placeholder|data-confirm|data-label|alt)="([^"]*)"', page)
    text = re.sub(r"[ \n]+", " ", html.unescape(" ¶ ".join([re.sub(r"<[^>]+>", " ¶ ", page), *shown])))
    for words in written:
        text = text.replace(words, "")
    return text


def english() -> list[tuple[str, str]]:
    """Pieces of our English texts, between placeholders and tags, that their French does not hold as well."""
    found = []
    for entry in PO:
        french = " ".join([entry.msgstr, *entry.msgstr_plural.values()])
        for text in filter(None, (entry.msgid, entry.msgid_plural)):
            for piece in re.split(r"%\(\w+\)\w|%%|<[^>]+>|\n", text):
                piece = piece.strip()
                if len(piece) >= 12 and " " in piece and piece not in french:
                    found.append((piece, entry.msgid))
    return found


def left_over(text: str, pieces: list[tuple[str, str]]) -> list[str]:
    # Most are nowhere, which is seen faster without an expression.
    return [piece for piece, _ in pieces if piece in text and re.search(rf"(?<!\w){re.escape(piece)}(?!\w)", text)]


def test_no_page_holds_english_that_has_a_french_text(reader):
    written, pieces, tour, wrong = content(), english(), Tour(), {}
    assert len(pieces) > 700
    for name, address in tour:
        answer = reader.get(address, follow=True)
        assert answer.status_code == 200, (name, address)
        page = answer.content.decode()
        assert '<html lang="fr"' in page, address
        tour.note_links(page)
        if name != REFERENCE and (found := left_over(visible(page, written), pieces)):
            wrong[f"{name} {address}"] = found
    assert wrong == {}


def test_parts_that_replace_themselves_are_french_too(reader):
    journey, running_now = Journey.objects.get(name="A weekend by train"), Fetch.objects.get(state="running")
    for address in (
        reverse("integrations:map_progress", args=[journey.pk]),
        reverse("integrations:fetch_progress", args=[running_now.pk]),
    ):
        text = visible(reader.get(address).content.decode(), content())
        assert "Chargement\xa0: 1\u202f200 enregistrements jusqu’ici." in text
        assert left_over(text, english()) == []


def test_the_check_would_notice(reader):
    """The same search finds English on the same page when it is asked for in English."""
    User.objects.update(language="en")
    text = visible(reader.get("/settings/fetches/").content.decode(), content())
    assert "Feedback freshness" in left_over(text, english())


def test_no_step_of_the_wizard_holds_english(reader):
    written, pieces = content(), english()
    walk = Walk(reader, pages()["integrations:wizard_start"][0])
    survey = Survey.objects.get(name="Post-journey NPS")
    answers = [
        {"connection": Connection.objects.get(name="Coastline Rail").pk},
        {"survey": survey.pk},
        {"question": Question.objects.get(survey=survey, field="QID2").pk},
        {"title": "Recommandation", "target": "40"},
    ]
    steps = {walk.step: left_over(visible(walk.page, written), pieces)}
    for answer in answers:
        walk.press(**answer)
        written = content()  # the list of questions was just read
        steps[walk.step] = left_over(visible(walk.page, written), pieces)
    assert steps == {step: [] for step in ("connection", "survey", "question", "metric", "preview")}


MONTHS = r"(?:jan\.|fév\.|mars|avr\.|mai|juin|juil\.|août|sep\.|oct\.|nov\.|déc\.)"


def test_dates_and_numbers_are_french(reader):
    addresses = pages()
    for name in ("kpis:item", "kpis:journey", "integrations:ledger", "integrations:fetch", "journeys:detail"):
        for address in addresses[name]:
            page = reader.get(address).content.decode()
            times = [re.sub(r"\s+", " ", text) for text in re.findall(r"<time [^>]*>([^<]+)</time>", page)]
            assert all(re.fullmatch(rf"\d{{1,2}} {MONTHS} \d{{4}}(, \d\d:\d\d)?", text) for text in times), times
            shown = visible(page, content())
            assert re.findall(r"\b\d+\.\d+\b(?!\.)", shown.replace("0.1.0", "").replace("127.0.0.1", "")) == [], address
            assert re.findall(r"\b\d{1,3},\d{3}\b", shown) == [], address
            assert re.findall(r"\d[  ]?%", shown.replace("\u202f%", "")) == [], address
    ledger = reader.get(addresses["integrations:ledger"][0]).content.decode()
    assert "1\u202f240" in ledger
    chart = reader.get(addresses["kpis:item"][0]).content.decode()
    labels = " ".join(re.findall(r'<text class="chart-tick"[^>]*>([^<]+)</text>', chart))
    assert re.search(rf"\b{MONTHS}", labels)
    assert not re.search(r"[A-Z]", labels), labels
