"""What others may call by name at a version, they may call for as long as the sample of that version is kept.

Addresses count, not the names of routes; an old task or variable may be a second name of a new one.
"""

from __future__ import annotations

import json

import pytest

from tests.upgrade.make import SAMPLES
from tests.upgrade.naming import names

STORED = [
    pytest.param(kind, known, id=f"{path.name.removesuffix('.names.json')} {kind}")
    for path in sorted(SAMPLES.glob("*.names.json"))
    for kind, known in json.loads(path.read_text(encoding="utf-8")).items()
]


@pytest.mark.parametrize(("kind", "known"), STORED)
def test_no_name_is_lost(kind, known):
    assert sorted(set(known) - set(names()[kind])) == []


def test_names_of_each_kind_are_stored():
    kinds = {name: sum(len(param.values[1]) for param in STORED if param.values[0] == name) for name in names()}
    assert {name: count for name, count in kinds.items() if count < 5} == {}
