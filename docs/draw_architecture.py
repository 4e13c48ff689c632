"""Draws docs/architecture.svg from the imports of the code: `make picture`.

Apps stand in layers, each above what it imports; so do the sub-packages inside an app. Arrows join neighbouring layers only,
and each app says in numbers how many imports lead from it to the others.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from textwrap import wrap

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "architecture.svg"
NO_APPS = {"tests", "benchmarks", "docs"}
# Folders that Django looks for by name; they are no subjects of their own.
OF_DJANGO = {"migrations", "management", "templatetags"}

WIDTH, MARGIN, GAP = 1200, 24, 34  # pixels
NAME_COLUMN = 190
ROW, PAD, BETWEEN = 46, 12, 10
LETTER, SMALL_LETTER = 7.6, 6.2  # width of a letter, about

Imports = dict[str, Counter[str]]


@dataclass(frozen=True)
class App:
    """An app: its own modules side by side, and sub-packages with the number of modules in each."""

    name: str
    modules: list[str]
    parts: dict[str, int]
    imports: Imports  # between its parts

    @property
    def layers(self) -> list[list[str]]:
        return layers(self.parts, self.imports)


def modules() -> dict[str, Path]:
    """Every module of the product by its dotted name, without tests and migrations."""
    found = {}
    for package in sorted(path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name not in NO_APPS):
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if "migrations" not in parts:
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(name: str, path: Path, known: Collection[str]) -> Iterator[str]:
    """Modules of ours that this one imports, once for each name it takes."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                own = name if path.name == "__init__.py" else name.rpartition(".")[0]
                base = ".".join([*own.split(".")[: len(own.split(".")) - node.level + 1], *filter(None, [base])])
            for alias in node.names:
                longer = f"{base}.{alias.name}"
                yield from [longer] if longer in known else [base] if base in known else []


def layers(names: Collection[str], imports: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Names in rows, top first: each stands above all that it imports; a circle stands in one row."""
    reached = {name: _reach(name, names, imports) for name in names}
    circle = {name: frozenset({other for other in reached[name] if name in reached[other]} | {name}) for name in names}
    height: dict[str, int] = {}
    for name in sorted(names, key=lambda each: (len(reached[each] | circle[each]), each)):
        below = [height[other] for other in reached[name] - circle[name] if other in height]
        height[name] = max(below, default=-1) + 1
    for name in names:
        height[name] = max(height[other] for other in circle[name])
    rows = defaultdict(list)
    for name in sorted(names):
        rows[height[name]].append(name)
    return [rows[level] for level in sorted(rows, reverse=True)]


def _reach(name: str, names: Collection[str], imports: Mapping[str, Collection[str]]) -> set[str]:
    found: set[str] = set()
    ahead = [name]
    while ahead:
        for other in imports.get(ahead.pop(), ()):
            if other in names and other not in found:
                found.add(other)
                ahead.append(other)
    return found


def read() -> tuple[dict[str, App], Imports]:
    """All apps, and how many imports lead from one to another."""
    known = modules()
    between: Imports = defaultdict(Counter)
    inside: dict[str, Imports] = defaultdict(lambda: defaultdict(Counter))
    parts: dict[str, Counter[str]] = defaultdict(Counter)
    own: dict[str, list[str]] = defaultdict(list)
    for name, path in known.items():
        app, part = _place(name, known)
        if part:
            parts[app][part] += 1
        elif path.name != "__init__.py":
            own[app].append(path.stem)
        for other in imported(name, path, known):
            other_app, other_part = _place(other, known)
            if other_app != app:
                between[app][other_app] += 1
            elif other_part != part and part and other_part:
                inside[app][part][other_part] += 1
    apps = {
        app: App(app, sorted(own[app]), dict(sorted(parts[app].items())), inside[app]) for app in sorted({*parts, *own})
    }
    return apps, between


def _place(name: str, known: Mapping[str, Path]) -> tuple[str, str]:
    """App and sub-package of a module; the latter is empty for what lies in the app itself."""
    app, *rest = name.split(".")
    is_package = len(rest) > 1 or (rest and known[name].name == "__init__.py")
    return app, rest[0] if is_package and rest[0] not in OF_DJANGO else ""


@dataclass
class Drawing:
    """Lines of SVG, from the top down."""

    lines: list[str]
    y: float = 0.0

    def text(self, x: float, y: float, words: str, kind: str = "", anchor: str = "start") -> None:
        self.lines.append(f'<text x="{x:g}" y="{y:g}" class="{kind}" text-anchor="{anchor}">{escape(words)}</text>')

    def box(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        self.lines.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="6" class="{kind}"/>')

    def app(self, app: App, x: float, width: float, height: float, to_others: Mapping[str, int]) -> None:
        """One app with its rows of sub-packages."""
        y = self.y
        self.box(x, y, width, height, "app")
        self.text(x + PAD + 2, y + 28, app.name, "name")
        at, lines = self._beside(app, width)
        self.text(x + PAD + 2, y + 46, f"{len(app.modules)} module{'s' * (len(app.modules) != 1)} of its own", "small")
        for number, line in enumerate(lines):
            self.text(x + at, y + PAD + 14 + 16 * number, line, "small")
        for number, (other, count) in enumerate(to_others.items()):
            self.text(x + PAD + 2, y + 66 + 15 * number, f"→ {other} {count}", "small")
        for row in self._rows(app, width):
            at = x + NAME_COLUMN
            for part in row:
                long = self._width(part)
                self.box(at, y + PAD, long, ROW - BETWEEN, "part")
                self.text(at + long / 2, y + PAD + 16, part, "part-name", "middle")
                self.text(at + long / 2, y + PAD + 30, str(app.parts[part]), "small", "middle")
                at += long + BETWEEN
            y += ROW

    def height(self, app: App, width: float, others: int) -> float:
        """What the app needs."""
        listed = len(self._beside(app, width)[1]) * 16
        return max(len(self._rows(app, width)) * ROW + 2 * PAD - BETWEEN, 60 + 15 * others, listed + 2 * PAD, 64)

    def _beside(self, app: App, width: float) -> tuple[float, list[str]]:
        """Names of its own modules, in lines to the right of its sub-packages; and where these begin."""
        rows = self._rows(app, width)
        longest = max((sum(self._width(part) + BETWEEN for part in row) for row in rows), default=0)
        at = NAME_COLUMN + longest + (GAP / 2 if rows else 0)
        return at, wrap(" · ".join(app.modules), max(int((width - at - PAD) / SMALL_LETTER), 20))

    def _rows(self, app: App, width: float) -> list[list[str]]:
        """Its layers; one that is too long goes on in the next row."""
        rows = []
        for layer in app.layers:
            row: list[str] = []
            for part in layer:
                if row and sum(self._width(each) + BETWEEN for each in [*row, part]) > width - NAME_COLUMN - PAD:
                    rows.append(row)
                    row = []
                row.append(part)
            rows.append(row)
        return rows

    def _width(self, part: str) -> float:
        return max(len(part) * LETTER + 20, 64)

    def arrow(self, x: float, top: float, bottom: float) -> None:
        self.lines.append(f'<path d="M{x:g} {top:g}V{bottom - 9:g}" class="arrow"/>')
        self.lines.append(f'<path d="M{x - 5:g} {bottom - 10:g}h10l-5 9z" class="head"/>')


STYLE = """
  svg { --paper: #fff; --app: #f4f5f8; --part: #fff; --line: #8a93a6; --ink: #1c2430; --soft: #566073; }
  @media (prefers-color-scheme: dark) {
    svg { --paper: #14181f; --app: #1d232d; --part: #28303c; --line: #6f7b90; --ink: #eceff4; --soft: #a9b3c4; }
  }
  text { font: 13px system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--ink); }
  .name { font-size: 17px; font-weight: 600; } .part-name { font-weight: 500; }
  .small { font-size: 11.5px; fill: var(--soft); }
  .paper { fill: var(--paper); } .app { fill: var(--app); stroke: var(--line); }
  .part { fill: var(--part); stroke: var(--line); stroke-width: .75; }
  .arrow { stroke: var(--line); stroke-width: 2; fill: none; } .head { fill: var(--line); }
"""


def draw() -> str:
    """The picture."""
    apps, between = read()
    rows = layers(apps, between)
    order = {name: number for number, name in enumerate(name for row in rows for name in row)}
    wide = WIDTH - 2 * MARGIN
    joined = {name for name in apps if between.get(name) or any(name in others for others in between.values())}
    drawing = Drawing([], MARGIN)
    connected = [[name for name in row if name in joined] for row in rows]
    connected = [row for row in connected if row]
    apart = [name for name in apps if name not in joined]
    for number, row in enumerate([*connected, *([apart] if apart else [])]):
        width = (wide - (len(row) - 1) * GAP) / len(row)
        others = {name: dict(sorted(between.get(name, {}).items(), key=lambda pair: order[pair[0]])) for name in row}
        height = max(drawing.height(apps[name], width, len(others[name])) for name in row)
        for place, name in enumerate(row):
            left = MARGIN + place * (width + GAP)
            drawing.app(apps[name], left, width, height, others[name])
        if number + 1 < len(connected):
            arrows = max(len(row), len(connected[number + 1]))
            each = (wide + GAP) / arrows
            for place in range(arrows):
                drawing.arrow(MARGIN + place * each + (each - GAP) / 2, drawing.y + height, drawing.y + height + GAP)
        drawing.y += height + GAP
        if apart and number == len(connected) - 1:
            drawing.text(
                MARGIN, drawing.y - 2, "Apart: imports nothing of the above, and nothing above imports it.", "small"
            )
            drawing.y += 10
    drawing.text(MARGIN, drawing.y - 8, CAPTION, "small")
    total = drawing.y + 10
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {total:g}" width="{WIDTH}" height="{total:g}"'
        f' role="img" aria-label="The apps and their sub-packages, each above what it imports">'
    )
    paper = f'<rect width="{WIDTH}" height="{total:g}" class="paper"/>'
    return "\n".join([head, f"<style>{STYLE}</style>", paper, *drawing.lines, "</svg>"]) + "\n"


CAPTION = (
    "Each app, and each row of sub-packages in it, imports what stands below it (one that is in a circle stands in its row). "
    "Numbers: modules; after an arrow, imported names."
)


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)} is drawn.\n")
