"""docs/architecture.svg shows the imports as they are."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from docs import draw_architecture


def test_the_committed_picture_is_current():
    committed = draw_architecture.PICTURE.read_text(encoding="utf-8")
    assert committed == draw_architecture.draw(), "The imports have changed: run `make picture` and commit the result."


def test_every_app_and_sub_package_is_in_the_picture():
    words = [element.text for element in ElementTree.parse(draw_architecture.PICTURE).iter() if element.text]  # noqa: S314
    for app in ("config", "integrations", "kpis", "feedback", "journeys", "accounts", "sandbox", "sync", "qualtrics"):
        assert app in words


def test_what_imports_stands_above_and_a_circle_in_one_row():
    imports = {"a": Counter("b"), "b": Counter("cd"), "c": Counter("b"), "d": Counter(), "e": Counter("d")}
    assert draw_architecture.layers("abcde", imports) == [["a"], ["b", "c", "e"], ["d"]]


def test_relative_imports_and_packages_are_found(tmp_path: Path):
    source = "import a.b\nfrom a import c\nfrom a.c import word\nfrom . import d\nfrom ..a.c import other\nimport re\n"
    path = tmp_path / "here.py"
    path.write_text(source)
    assert ast.parse(source)
    known = {"a", "a.b", "a.c", "x", "x.d", "x.here"}
    assert list(draw_architecture.imported("x.here", path, known)) == ["a.b", "a.c", "a.c", "x.d", "a.c"]
