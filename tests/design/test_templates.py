"""What the content security policy forbids is in no template, and what templates name exists."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template import Context, Template
from django.template.loader import get_template

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def each(check: Callable[[Path], None]) -> Callable[[], None]:
    """One test of all templates, that lists those which do not pass, and why."""

    def test() -> None:
        wrong = {}
        for path in TEMPLATES:
            try:
                check(path)
            except Exception as error:  # an assertion, or what Django says of a template
                wrong[str(path.relative_to(ROOT / "templates"))] = f"{type(error).__name__}: {error}"
        assert wrong == {}

    return test


FORBIDDEN = {
    "an inline style": re.compile(r"\sstyle\s*=", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "a script without src": re.compile(r"<script\b(?![^>]*\bsrc=)[^>]*>", re.I),
    "an event handler": re.compile(r"<[^>]*\son[a-z]+\s*=", re.I),
    "an htmx handler": re.compile(r"\bhx-on\b|\bhx_on\b"),
    "htmx that evaluates": re.compile(r"hx-vals=[\"']js:|hx-trigger=[\"'][^\"']*\["),
    "a foreign address to load from": re.compile(
        r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=[\"'](?:https?:)?//", re.I
    ),
}


@each
def test_nothing_that_the_policy_forbids(path: Path):
    text = path.read_text()
    assert [what for what, pattern in FORBIDDEN.items() if pattern.search(text)] == []


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('<p style="color: red">', "an inline style"),
        ("<style>p {}</style>", "a style element"),
        ("<script>alert(1)</script>", "a script without src"),
        ('<a href="#" onclick="go()">', "an event handler"),
        ('<div hx-on:click="go()">', "an htmx handler"),
        ('<script src="//cdn.example/x.js">', "a foreign address to load from"),
    ],
)
def test_the_patterns_find_what_they_look_for(text: str, what: str):
    assert FORBIDDEN[what].search(text)


@each
def test_it_is_a_template_whose_includes_exist(path: Path):
    get_template(str(path.relative_to(ROOT / "templates")))
    for name in re.findall(r"{% (?:include|extends) \"([^\"#]+)\"", path.read_text()):
        get_template(name)


@each
def test_components_that_are_named_exist(path: Path):
    for name in re.findall(r"{% component \"([\w-]+)\"", path.read_text()):
        get_template(f"_components/{name}.html")


@each
def test_static_files_that_are_named_exist(path: Path):
    for name in re.findall(r"{% static ['\"]([^'\"]+)['\"]", path.read_text()):
        assert finders.find(name), name


@each
def test_icons_that_are_named_exist(path: Path):
    # icon="…" of buttons and components, {% icon "…" %}; a wrong name would fail only where the page is drawn
    from_tags = re.findall(r"{% icon \"([\w-]+)\"|\bicon=\"([\w-]+)\"", path.read_text())
    for name in {one or other for one, other in from_tags}:
        assert "<svg" in get_icon(name)


def get_icon(name: str) -> str:
    return Template("{% load parcours %}{% icon name %}").render(Context({"name": name}))


@each
def test_comments_of_one_line_stay_on_one_line(path: Path):
    """Django prints a {# comment #} that runs over a line break."""
    assert re.search(r"\{#(?:(?!#\}).)*\n", path.read_text()) is None


LONGEST_LINE = 140


def test_lines_are_short_enough_to_be_read():
    long = [
        f"{path.relative_to(ROOT)}:{number} has {len(line)} characters"
        for path in TEMPLATES
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > LONGEST_LINE
    ]
    assert long == []


@pytest.mark.parametrize("sheet", sorted((ROOT / "static/css").glob("*.css")), ids=lambda path: path.name)
def test_stylesheets_load_only_what_exists(sheet: Path):
    for address in re.findall(r"url\([\"']?([^\"')]+)", sheet.read_text()):
        assert (sheet.parent / address).resolve().is_file(), address


def test_every_stylesheet_and_script_is_used():
    text = "\n".join(path.read_text() for path in TEMPLATES)
    for path in [*(ROOT / "static/css").glob("*.css"), *(ROOT / "static/js").glob("*.js")]:
        assert f"{path.parent.name}/{path.name}" in text, f"no page loads {path.name}"


def test_the_font_comes_with_its_licence():
    assert "SIL OPEN FONT LICENSE" in (ROOT / "static/fonts/OFL.txt").read_text()
