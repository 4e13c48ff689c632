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


def test_every_fault_is_in_the_table_once():
    ids = re.findall(r"^\| ([ABCG]\d+) \|", TABLE, re.MULTILINE)
    assert sorted(ids) == sorted(
        [f"A{n}" for n in range(1, 32)]
        + [f"B{n}" for n in range(1, 18)]
        + [f"C{n}" for n in range(1, 13)]
        + [f"G{n}" for n in range(1, 7)]
    )
    assert len(NAMED) > 60
