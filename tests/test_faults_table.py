"""`docs/faults.md` names tests that exist, and every fault once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TABLE = (ROOT / "docs" / "faults.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TABLE)))


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _file, name in NAMED])
def test_the_named_test_exists(file, name):
    assert re.search(rf"^\s*def {name}\(", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)


# Group → how many faults it has.
GROUPS = {"A": 33, "B": 18, "C": 12, "D": 9, "E": 17, "F": 7, "G": 8, "H": 8}
TESTED, LEFT_OUT = TABLE.split("## Left out, and why")


def ids(text: str) -> list[str]:
    return re.findall(r"^\| ([A-H]\d+) \|", text, re.MULTILINE)


def test_every_fault_is_in_the_table_once():
    expected = [f"{group}{number}" for group, count in GROUPS.items() for number in range(1, count + 1)]
    assert sorted(ids(TABLE)) == sorted(expected)
    assert len(NAMED) > 200


def test_what_is_tested_names_its_tests_and_what_is_left_out_a_reason():
    rows = [line for line in TESTED.splitlines() if ids(line)]
    assert [ids(line)[0] for line in rows if not re.search(r"`tests/[\w/]+\.py::\w+` \|$", line)] == []
    assert all(len(line.split("|")[2].split()) > 3 for line in LEFT_OUT.splitlines() if ids(line))


@pytest.mark.parametrize("group", GROUPS)
def test_rows_stand_under_their_heading(group):
    part = re.split(rf"^## {group}\. .*$", TABLE, flags=re.MULTILINE)[1].split("\n## ")[0]
    assert {each[0] for each in ids(part)} == {group}
