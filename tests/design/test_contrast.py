"""Text on every ground it stands on keeps the AA contrast of WCAG, in both themes, computed from the tokens."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

TOKENS = (Path(settings.BASE_DIR) / "static/css/tokens.css").read_text()
COLOURS = {
    name: {"light": light, "dark": dark}
    for name, light, dark in re.findall(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);", TOKENS)
}
GROUNDS = ("sunken", "paper", "surface", "raised")
TONES = ("good", "info", "warn", "bad", "calm", "muted")

TEXT = 4.5
SHAPE = 3.0  # borders of controls, focus rings, marks in charts

PAIRS = [
    *((ink, ground, TEXT) for ink in ("ink", "ink-soft", "ink-faint", "brand", "brand-strong") for ground in GROUNDS),
    *((tone, ground, TEXT) for tone in TONES for ground in ("paper", "surface", "raised", f"{tone}-wash")),
    *(("ink", f"{tone}-wash", TEXT) for tone in TONES),
    *((ink, "brand-wash", TEXT) for ink in ("ink", "ink-soft", "brand")),
    *(("on-brand", ground, TEXT) for ground in ("brand", "brand-strong")),
    *(("on-danger", ground, TEXT) for ground in ("danger", "danger-strong")),
    *(("on-line", f"line-{number}", TEXT) for number in range(1, 7)),
    *((f"line-{number}", "surface", SHAPE) for number in range(1, 7)),
    *((shape, ground, SHAPE) for shape in ("edge", "focus", "here") for ground in ("paper", "surface", "raised")),
]


def luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "needed"), PAIRS)
def test_contrast(front: str, ground: str, needed: float, theme: str):
    assert contrast(COLOURS[front][theme], COLOURS[ground][theme]) >= needed


def test_no_stylesheet_has_colours_of_its_own():
    """A colour outside the tokens would have no dark twin, and nobody would check its contrast."""
    for sheet in (Path(settings.BASE_DIR) / "static/css").glob("*.css"):
        if sheet.name != "tokens.css":
            assert re.findall(r"#[0-9a-fA-F]{3,8}\b(?=[;,\s)])|\brgba?\(|\bhsla?\(", sheet.read_text()) == [], (
                sheet.name
            )


def test_every_token_that_is_used_exists():
    """A misspelt custom property fails silently in the browser."""
    sheets = list((Path(settings.BASE_DIR) / "static/css").glob("*.css"))
    text = "\n".join(sheet.read_text() for sheet in sheets)
    defined = set(re.findall(r"(--[\w-]+)\s*:", text))
    used = set(re.findall(r"var\((--[\w-]+)", text))
    assert used - defined == set()
