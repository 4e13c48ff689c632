"""The pages of docs/decisions have one form, a number each, and a line in the list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "decisions"
PAGES = sorted(FOLDER.glob("[0-9]*.md"))
FORM = re.compile(
    r"# (?P<number>\d+)\. (?P<title>[^\n]+[^.\n])\n\n"
    r"Date: (?P<date>20\d\d-\d\d-\d\d)\nStatus: (?P<status>accepted|skipped|superseded by \d+)\n\n"
    # Paragraphs that begin with the word, or headings where the parts are long.
    r"(?:\*\*Context\.\*\* .*\n\n\*\*Decision\.\*\* .*\n\n\*\*Consequences\.\*\* .*"
    r"|## Context\n.*\n\n## Decision\n.*\n\n## Consequences\n.*)",
    re.DOTALL,
)
LISTED = re.compile(r"^\| (\d+) \| (?:\[(.+)\]\((.+)\) \| (.+) \| (.+)|\(being written\) \| \|) \|$", re.MULTILINE)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_a_page_has_number_title_date_status_and_three_parts(path):
    found = FORM.match(path.read_text(encoding="utf-8"))
    assert found, f"{path.name} has not the form that README.md describes"
    assert path.name.startswith(f"{int(found['number']):04d}-")


def test_the_list_names_every_number_once_and_says_what_its_page_says():
    listed = LISTED.findall((FOLDER / "README.md").read_text(encoding="utf-8"))
    assert [int(number) for number, *_ in listed] == list(range(1, len(listed) + 1))
    pages = [(FORM.match(path.read_text(encoding="utf-8")), path.name) for path in PAGES]
    told = [(page["number"], page["title"], name, page["date"], page["status"]) for page, name in pages if page]
    assert [line for line in listed if line[1]] == told


def test_a_status_that_names_another_page_names_one_that_exists():
    numbers = {int(path.name[:4]) for path in PAGES}
    named = [
        int(n) for path in PAGES for n in re.findall(r"Status: superseded by (\d+)", path.read_text(encoding="utf-8"))
    ]
    assert set(named) <= numbers
