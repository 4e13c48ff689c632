"""A filled database of each earlier version comes to the present state, with all that it holds and means.

The samples and how they are made: README.md beside this file.
"""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import reverse

from tests.demo_site import readable
from tests.upgrade.comparing import differences
from tests.upgrade.databases import POSTGRESQL, SQLITE, Database, scratch
from tests.upgrade.make import SAMPLES, asked

VERSIONS = sorted(path.name.removesuffix(".facts.json") for path in SAMPLES.glob("*.facts.json"))
ENGINE = SQLITE if settings.EMBEDDED else POSTGRESQL
GOOD = (200, 302)
NO_VENDOR = 502  # of a page that shows what only a vendor knows; there is none here

# What is meant to differ from an earlier version, each with its reason. By version: parts of what `differences` says.
INTENDED: dict[str, tuple[str, ...]] = {
    "0.1.0": (
        # Intervals of means, of one answer, and of weighted KPIs have another rule, and hold their value.
        *("/ci95/", "/ci95 is ", "/ci_method is "),
        # A share of which few failed (or did not) is of a low base, however many answers there are.
        "/low_base is True instead of False",
        # "The last 30 days" end yesterday, so that they are whole days.
        "?period=last_",
        # Comments that are both positive and negative are left out, with the reason.
        "/api/v1/kpis/items/8/answers//answers has 5 instead of 6",
        # What the choices of the changed question stand for would be a guess: it is asked.
        "changed/formula is None instead of",
        # A question that has a row of its own by now differs as well.
        "/question_differs is True instead of False",
        # Sentences say what to do after what was done: a call by hand, or one whose answer was lost, does not go on by itself.
        *(
            "/error is 'Qualtrics has a fault or is too busy",
            "/error is 'What was asked for does not exist in Qualtrics",
        ),
        # An item of few answers was left out of the sum; now its answers wait for their block.
        *("/api/v1/kpis/journeys/1//kpis/0/", "/api/v1/kpis/phases/2//kpis/0/"),
    )
}
# Tables that lose rows on purpose. What Django itself keeps about the models may change with these.
INTENDED_TABLES: dict[str, tuple[str, ...]] = {}
OF_DJANGO = ("auth_permission", "auth_group_permissions", "django_content_type", "django_migrations")

# Half a minute of work: it runs in `.ci/run`, on both databases.
pytestmark = [pytest.mark.soak, pytest.mark.timeout(900), pytest.mark.xdist_group("upgrade")]


@dataclass(frozen=True)
class Upgraded:
    """A database after the upgrade, and what was seen on the way."""

    version: str
    facts: dict[str, Any]
    database: Database
    counts: dict[str, int]
    second: str  # what a second `migrate` said
    found: dict[str, Any]
    blocks: dict[str, Any]  # figures under the threshold that the organisation had set


def _facts(version: str) -> dict[str, Any]:
    facts = json.loads((SAMPLES / f"{version}.facts.json").read_text(encoding="utf-8"))
    return facts | {"api": json.loads(_unpacked(f"{version}.answers.json.gz"))}


def _unpacked(name: str) -> str:
    return gzip.decompress((SAMPLES / name).read_bytes()).decode()


@pytest.fixture(scope="module", params=VERSIONS)
def upgraded(request, tmp_path_factory) -> Iterator[Upgraded]:
    """The sample in an empty database, after `migrate`, and what the site then answers."""
    folder, version = tmp_path_factory.mktemp("upgrade"), request.param
    with scratch(ENGINE, folder, os.environ.get("DATABASE_URL", "")) as database:
        database.load(_unpacked(f"{version}.{ENGINE}.sql.gz"))
        facts = _facts(version)
        assert database.counts() == facts["rows"], "the sample is not what its facts say"
        database.manage("migrate", "--verbosity", "1")
        counts, second = database.counts(), database.manage("migrate", "--verbosity", "1")
        database.manage("settle_store")
        blocks = asked(database, facts | {"api": _figures(facts), "pages": []})["api"]
        # What few answers stood behind was hidden; now it waits for its block. So all values are compared in the open.
        database.manage("shell", "-c", _OPEN)
        wanted = {"api": list(facts["api"]), "pages": sorted({*facts["pages"], *_new_pages(facts["pages"])})}
        yield Upgraded(version, facts, database, counts, second, asked(database, facts | wanted), blocks)


def _shown(value: Any) -> Any:
    """What the earlier version showed, without the places in which it hid that few answers stood behind a figure."""
    if isinstance(value, list):
        return [_shown(each) for each in value]
    if not isinstance(value, dict):
        return value
    few = value.get("value", 0) is None and value.get("n", 0) in (1, 2, None)
    if few or value.get("state") == "suppressed" or value.get("suppressed") is True:
        return {}
    return {key: _shown(each) for key, each in value.items() if key != "suppression_threshold"}


_OPEN = "from accounts.models import Organisation; Organisation.objects.update(suppression_threshold=None)"


def _figures(facts: dict[str, Any]) -> list[str]:
    return [path for path in facts["api"] if _is_item(path)]


def _new_pages(seen: Collection[str]) -> set[str]:
    """Pages without a parameter that no stored address leads to, with or without a query."""
    known = {urlsplit(address).path for address in seen}
    return {reverse(name) for name, route in readable().items() if not route.converters} - known


def test_there_is_a_sample_of_both_engines_with_rows_in_every_table():
    assert VERSIONS
    for version in VERSIONS:
        assert all((SAMPLES / f"{version}.{engine}.sql.gz").exists() for engine in (SQLITE, POSTGRESQL))
        empty = {table for table, rows in _facts(version)["rows"].items() if not rows and not table.startswith("axes_")}
        assert empty == {"accounts_user_user_permissions"}, "nobody has rights but by their role"


def test_no_row_is_lost(upgraded):
    meant = INTENDED_TABLES.get(upgraded.version, ())
    lost = {
        table: (rows, upgraded.counts.get(table))
        for table, rows in upgraded.facts["rows"].items()
        if table not in (*OF_DJANGO, *meant) and upgraded.counts.get(table) != rows
    }
    assert lost == {}


def test_a_second_migrate_does_nothing(upgraded):
    assert "No migrations to apply." in upgraded.second
    assert "Applying" not in upgraded.second


def test_models_and_database_agree(upgraded):
    assert "No changes detected" in upgraded.database.manage("makemigrations", "--check", "--dry-run")


def test_every_value_is_the_one_that_the_earlier_version_gave(upgraded):
    """Every list and thing of the API, every KPI with its n, asked with a token of that version."""
    before, now = _shown(upgraded.facts["api"]), upgraded.found["api"]
    meant = INTENDED.get(upgraded.version, ())
    differing = [each for each in differences(before, now) if not any(part in each for part in meant)]
    assert differing[:20] == []


def test_under_its_threshold_every_figure_is_made_of_blocks(upgraded):
    figures = [answer["figure"] for answer in upgraded.blocks.values() if answer["figure"]]
    in_blocks = [figure["window"]["blocks"] for figure in figures if "blocks" in figure["window"]]
    assert len(in_blocks) > 5
    assert None not in in_blocks
    assert {figure["n"] for figure in figures if figure["n"]} - {1, 2} != set()
    assert not any(figure["n"] in (1, 2) for figure in figures)


def test_the_answers_hold_what_matters(upgraded):
    """Lest the comparison above compare nothing."""
    figures = [answer["figure"] for path, answer in upgraded.facts["api"].items() if _is_item(path)]
    assert len(figures) > 10
    assert sum(figure is not None and figure["n"] is not None and figure["n"] > 0 for figure in figures) > 5
    assert {answer["state"] for path, answer in upgraded.facts["api"].items() if _is_item(path)} >= {
        "draft", "waiting", "live", "paused", "archived", "needs_attention", "error", "stale",
    }  # fmt: skip


def _is_item(path: str) -> bool:
    return path.startswith("/api/v1/kpis/items/") and path.removesuffix("/").rpartition("/")[2].isdecimal()


def test_every_secret_still_opens(upgraded):
    assert upgraded.found["secrets"] == upgraded.facts["secrets"]
    assert len(upgraded.facts["secrets"]) > 10


def test_every_page_answers_as_before(upgraded):
    """For each role, signed in with the password of that version."""
    before, now = upgraded.facts["pages"], upgraded.found["pages"]
    assert {path: now[path] for path in before if now[path] != before[path]} == {}
    new = {path: statuses["Admin"] for path, statuses in now.items() if path not in before}
    assert {path: status for path, status in new.items() if status not in (*GOOD, NO_VENDOR)} == {}


def test_the_pages_of_the_sample_are_worth_seeing(upgraded):
    pages = upgraded.facts["pages"]
    assert len(pages) > 80
    assert {statuses["Admin"] for statuses in pages.values()} <= set(GOOD)
    assert {status for statuses in pages.values() for status in statuses.values()} == {*GOOD, 403}


def test_the_samples_are_small():
    assert {path.name: path.stat().st_size for path in Path(SAMPLES).iterdir() if path.stat().st_size > 400_000} == {}
