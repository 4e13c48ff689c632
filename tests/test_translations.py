"""The French of Parcours: complete, up to date, in the words of the domain, and in French typography."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext, pgettext

ROOT = Path(settings.BASE_DIR)
PO = ROOT / "locale/fr/LC_MESSAGES/django.po"
APPS = ("accounts", "config", "feedback", "integrations", "journeys", "kpis", "ui", "versioning")
FRENCH = polib.pofile(str(PO))

NARROW, WIDE = "\u202f", "\u00a0"


def texts(entry: polib.POEntry) -> list[str]:
    """What an entry says in French: one text, or one for each number."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


ALL_TEXTS = [(entry, text) for entry in FRENCH for text in texts(entry)]


def test_nothing_is_missing_fuzzy_or_left_over():
    assert [entry.msgid for entry in FRENCH if not entry.translated() or entry.fuzzy or entry.obsolete] == []
    assert [entry.msgid for entry, text in ALL_TEXTS if not text.strip()] == []


def test_the_plural_rule_is_djangos():
    assert FRENCH.metadata["Plural-Forms"] == "nplurals=2; plural=(n > 1);"
    assert [entry.msgid for entry in FRENCH if entry.msgid_plural and sorted(entry.msgstr_plural) != [0, 1]] == []


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"%%|%\(\w+\)[a-z]|%[a-z](?![a-z])", text))


def test_placeholders_agree():
    wrong = []
    for entry, text in ALL_TEXTS:
        allowed = [placeholders(entry.msgid)] + ([placeholders(entry.msgid_plural)] if entry.msgid_plural else [])
        if placeholders(text) not in allowed:
            wrong.append((entry.msgid, text))
    assert wrong == []


def test_markup_agrees():
    def tags(text: str) -> list[str]:
        return sorted(re.findall(r"<[^>]+>", text))

    assert [(entry.msgid, text) for entry, text in ALL_TEXTS if tags(text) != tags(entry.msgid)] == []


def test_the_compiled_file_says_the_same():
    def content(file: polib.POFile | polib.MOFile) -> dict:
        return {(e.msgctxt, e.msgid): (e.msgid_plural or "", texts(e)) for e in file if e.msgid}

    assert content(polib.mofile(str(PO.with_suffix(".mo")))) == content(FRENCH)


def test_every_text_of_code_and_templates_is_there(tmp_path):
    """As `make messages` would collect them now, into a copy."""
    if not shutil.which("xgettext"):
        pytest.skip("GNU gettext is not on this machine: install Debian's package gettext to run this test")
    for name in (*APPS, "templates", "manage.py"):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    (tmp_path / "locale").mkdir()
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "--locale", "fr", "--no-wrap", "--no-location"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": str(tmp_path)},
    )

    def keys(file: polib.POFile) -> set[tuple[str | None, str, str]]:
        return {(entry.msgctxt, entry.msgid, entry.msgid_plural or "") for entry in file}

    wanted = keys(polib.pofile(str(tmp_path / "locale/fr/LC_MESSAGES/django.po")))
    assert len(wanted) > 1000
    assert sorted(wanted - keys(FRENCH), key=str) == [], "run `make messages`, then translate"
    assert sorted(keys(FRENCH) - wanted, key=str) == [], "run `make messages`"


def test_texts_are_marked_in_a_way_that_is_collected():
    """xgettext knows the functions by their names, and `_`; under another name their texts would be overlooked."""
    hidden = []
    for file in sorted(file for app in APPS for file in (ROOT / app).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
                hidden += [f"{file.relative_to(ROOT)}: {n.asname}" for n in node.names if n.asname not in (None, "_")]
    assert hidden == []


# --- Words ------------------------------------------------------------------------------------------------------------

WORDS = {
    "Journey map": "Carte de parcours",
    "Phase": "Phase",
    "Stage": "Étape",
    "Lane": "Ligne",
    "Feedback Data": "Données de feedback",
    "Persona": "Persona",
    "Integration Centre": "Centre d’intégration",
    "Connection": "Connexion",
    "Name": "Nom",
    "Token": "Token",
    "Host": "Hôte",
    "Retrieve data frequency": "Fréquence de récupération des données",
    "Hourly": "Horaire",
    "Daily": "Quotidienne",
    "Weekly": "Hebdomadaire",
    "Test the connector": "Tester le connecteur",
    "Retrieve data": "Récupérer les données",
    "Save and complete later": "Enregistrer et compléter plus tard",
    "Consolidated CX KPIs": "KPI CX consolidés",
    "Survey": "Enquête",
    "Question": "Question",
    "Response": "Réponse",
    "Comment": "Verbatim",
    "No data yet": "Pas encore de données",
    "Low base": "Base faible",
    "Draft – to complete": "Brouillon – à compléter",
    "Waiting for responses": "En attente de réponses",
    "Old data": "Données anciennes",
    "Error": "En erreur",
    "Paused": "En pause",
    "Needs attention": "À vérifier",
    "Archived": "Archivé",
}


@pytest.mark.parametrize(("english", "french"), WORDS.items())
def test_the_words_of_the_domain(english, french):
    with translation.override("fr"):
        assert gettext(english) == french


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("Feedback Data item", "Élément de données de feedback"),
        ("95 %% confidence interval", f"Intervalle de confiance à 95{NARROW}%%"),
        ("card", "carte"),
    ],
)
def test_more_words_of_the_domain(english, french):
    with translation.override("fr"):
        assert gettext(english) == french


def test_a_live_item_is_active_and_a_live_survey_is_online():
    with translation.override("fr"):
        assert (pgettext("state of an item", "Live"), gettext("Live")) == ("Actif", "En ligne")


def test_months_keep_their_names():
    """A text of ours goes before one of Django's that reads the same: "May" of a token is no month."""
    with translation.override("fr"):
        assert gettext("May") == "mai"


# --- Typography -------------------------------------------------------------------------------------------------------


def prose(text: str) -> str:
    """Without markup, code, addresses and placeholders."""
    bare = re.sub(
        r"<code>.*?</code>|`[^`]*`|https?://\S+|manage\.py [^\xa0]*", "X", re.sub(r"</?(a|button)[^>]*>", "", text)
    )
    return re.sub(r"%\(\w+\)[a-z]|%%n", "X", bare).replace("%%", "%")


RULES = {
    "a straight apostrophe": r"'",
    "a straight or an English quotation mark": r"[\"“”]",
    "no narrow space before ; ! ?": rf"(?<!{NARROW})[;!?]",
    "no space that holds before :": rf"(?<!{WIDE}):(?!\S)",
    "no narrow space before %": rf"(?<!{NARROW})%",
    "no space that holds after «": rf"«(?!{WIDE})",
    "no space that holds before »": rf"(?<!{WIDE})»",
    "three dots": r"\.\.\.",
    "two spaces, or one at an end": r" {2}|^ | $",
    "a space before a comma or a full stop": r"\s[,.](?!\d)",
}
LEFT_AS_THEY_ARE = {  # a header is written as it is sent
    "One a line, for example Idempotency-Key: 42. The token is added by itself.",
    "Type each header on a line of its own, as Name: value.",
}


@pytest.mark.parametrize("rule", RULES)
def test_typography(rule):
    broken = [
        text for entry, text in ALL_TEXTS if entry.msgid not in LEFT_AS_THEY_ARE and re.search(RULES[rule], prose(text))
    ]
    assert broken == []


def test_a_sentence_stays_a_sentence():
    """Where the English ends with a full stop, a question mark or a colon, the French does."""

    def end(text: str) -> str:
        return text.rstrip("»” \u00a0\u202f")[-1:] if text.rstrip("»” \u00a0\u202f")[-1:] in ".?!:…" else ""

    assert [(e.msgid, text) for e, text in ALL_TEXTS if end(text) != end(e.msgid)] == []


def test_what_begins_with_a_capital_letter_still_does():
    """Labels and heads of columns stand as their text is; a sentence begins anyway."""

    def small(text: str) -> bool:
        return text[:1].islower()

    days = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}  # small in French
    wrong = [
        (entry.msgid, text)
        for entry, text in ALL_TEXTS
        if entry.msgid not in days and entry.msgid[:1].isupper() and small(text)
    ]
    assert wrong == []
