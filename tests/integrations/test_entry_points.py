"""Only entry points send tasks: views, the API, receivers, commands, and tasks themselves. Actions never do."""

import ast
from pathlib import Path

import integrations

APP = Path(integrations.__file__).parent
ENTRY_POINTS = {"views", "api", "receiver", "receivers", "tasks", "commands"}
THE_TICK = APP / "timetable/steps.py"  # what the task `tick` does, step by step


def senders():
    for source in sorted(APP.rglob("*.py")):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and "tasks" in {
                (node.module or "").rpartition(".")[2],
                *(name.name for name in node.names),
            }:
                yield source


def test_the_search_finds_who_sends_tasks():
    assert {APP / "fetches/views.py", APP / "reconciliation/api.py", APP / "receivers.py", THE_TICK} <= set(senders())


def test_no_action_sends_a_task():
    actions = {source for source in senders() if not ENTRY_POINTS & {source.stem, source.parent.name}} - {THE_TICK}
    assert actions == set()
