"""Markup out of template files: whatever is not markup yet is escaped on its way in."""

from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from string import Template

HERE = Path(__file__).parent
_NUMBER = ' class="number"'


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


class _Template(Template):
    braceidpattern = r"[a-z_]+(?:\.[a-z_]+)?"  # `${words.title}`


@cache
def read(name: str) -> str:
    """The text of a file of this package."""
    return (HERE / name).read_text(encoding="utf-8")


def markup(source: str, values: Mapping[str, object]) -> Html:
    """Fill `$name` and `${words.name}` of a markup text; KeyError for one without a value."""
    return Html(_Template(source).substitute({name: as_html(value) for name, value in values.items()}))


def fill(name: str, values: Mapping[str, object]) -> Html:
    """Fill a file of `templates/`."""
    return markup(read(f"templates/{name}.html"), values)


def join(parts: Iterable[object]) -> Html:
    """These parts one after the other."""
    return Html("".join(map(as_html, parts)))


def code(text: object) -> Html:
    """Text in the type of code."""
    return markup("<code>$text</code>", {"text": text})


def table(
    label: object, head: Iterable[object], rows: Iterable[Iterable[object]], numbers: tuple[int, ...] = ()
) -> Html:
    """A table in a box that scrolls, focusable so that the keyboard reaches what a narrow window hides.

    `numbers` are the places of the columns whose values are numbers.
    """
    return fill(
        "table",
        {
            "label": label,
            "head": _cells('th scope="col"', "th", head, numbers),
            "rows": join(markup("<tr>$cells</tr>\n", {"cells": _cells("td", "td", row, numbers)}) for row in rows),
        },
    )


def as_html(value: object) -> Html:
    """Markup as it is, anything else escaped."""
    return value if isinstance(value, Html) else Html(escape(str(value)))


def _cells(start: str, end: str, cells: Iterable[object], numbers: tuple[int, ...]) -> Html:
    return join(
        markup(f"<{start}{_NUMBER if place in numbers else ''}>$cell</{end}>", {"cell": cell})
        for place, cell in enumerate(cells)
    )
