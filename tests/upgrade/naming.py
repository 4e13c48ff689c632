"""What others may call by name: tasks, commands, addresses, variables of the environment, codes of errors."""

from __future__ import annotations

import re

from django.core.management import get_commands

from config.celery import app
from config.routes import all_routes
from tests.upgrade.databases import ROOT
from tests.upgrade.present import known_error_codes

OURS = {"config", "accounts", "journeys", "feedback", "kpis", "integrations"}


def names() -> dict[str, list[str]]:
    """All of them by kind, sorted."""
    app.loader.import_default_modules()
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    return {
        "tasks": sorted(name for name in app.tasks if not name.startswith("celery.")),
        "commands": sorted(name for name, where in get_commands().items() if str(where).split(".")[0] in OURS),
        "addresses": sorted({route.form for route in all_routes()}),
        "variables": sorted(set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))),
        "error codes": sorted(known_error_codes()),
    }
