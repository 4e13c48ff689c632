"""What must agree inside the repository: imports, migrations, settings and their description, words."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent
APPS = ("config", "accounts", "journeys", "feedback", "kpis", "integrations", "ui", "versioning")
SOURCES = sorted(
    path for app in (*APPS, "sandbox") for path in (ROOT / app).rglob("*.py") if "migrations" not in path.parts
)


def tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def variables_read() -> set[str]:
    """Names of the environment that our code reads."""
    read = set()
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        read |= set(re.findall(r"""\benv(?:\.\w+)?\(\s*["']([A-Z_]+)["']""", text))
        read |= set(re.findall(r"""\brequired\(\s*["']([A-Z_]+)["']""", text))
        read |= set(re.findall(r"""\benviron(?:\.get\(|\[)\s*["']([A-Z_]+)["']""", text))
    return read


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it with these settings, whatever settings the tests themselves run with."""
    ours = variables_read() | {"DJANGO_ALLOW_ASYNC_UNSAFE"}
    inherited = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        command, cwd=ROOT, env=inherited | environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_rooms_look_downward():
    checked = run(tool("lint-imports"), "--no-cache")
    assert checked.returncode == 0, checked.stdout


def test_no_import_hides_in_a_function():
    hidden = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        # Models, and whatever needs them, are there only once Django is ready.
        and not (function.name == "ready" and path.name == "apps.py")
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert hidden == []


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_migrations_tell_their_story():
    names = [path.stem for app in APPS for path in (ROOT / app).glob("migrations/0*.py")]
    assert len(names) >= 5
    assert [name for name in names if "_auto_" in name] == []


def test_every_variable_is_explained_in_the_example():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    explained = set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))
    of_compose = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text(encoding="utf-8")))
    assert explained == variables_read() | of_compose
    # Each has a sentence above it.
    paragraphs = [block for block in example.split("\n\n") if re.search(r"^#?[A-Z_]+=", block, re.MULTILINE)]
    assert [block for block in paragraphs if not block.startswith("# ")] == []


def test_the_example_sets_nothing_by_itself():
    """Copied as it is, it changes nothing: the embedded mode starts with it."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


PRODUCTION = {
    "DATABASE_URL": "postgres://parcours:x@127.0.0.1:1/parcours",
    "SECRET_KEY": "v7Jb2kQ9sYpL4tW8nXc3mZr6gHd5fEa1uTqRoPiVlKjBhNwM0yCxSzUeGD",
    "ENCRYPTION_KEYS": "k1:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "ALLOWED_HOSTS": "parcours.example.org",
    "PUBLIC_URL": "https://parcours.example.org",
    "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
    "CACHE_URL": "redis://127.0.0.1:1/1",
}


def test_production_settings_pass_the_deployment_check(tmp_path):
    checked = run(
        *(sys.executable, "-W", "error", "manage.py", "check", "--deploy", "--fail-level", "WARNING"),
        **PRODUCTION,
        PARCOURS_VAR_DIR=str(tmp_path),
    )
    assert checked.returncode == 0, checked.stderr
    assert "no issues (0 silenced)" in checked.stdout


@pytest.mark.parametrize("missing", ["SECRET_KEY", "PUBLIC_URL"])
def test_a_missing_setting_explains_itself(tmp_path, missing):
    environment = PRODUCTION | {missing: "", "PARCOURS_VAR_DIR": str(tmp_path)}
    checked = run(sys.executable, "manage.py", "check", **environment)
    assert checked.returncode != 0
    assert re.search(rf"{missing} is not set\. It is .+\. Put it in the environment or in \.env\.", checked.stderr)


def test_production_cookies_and_headers(tmp_path):
    script = (
        "from django.conf import settings as s; "
        "print(s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, "
        "s.SECURE_HSTS_SECONDS, s.DEBUG, s.QUALTRICS_TEST_HOSTS)"
    )
    shown = run(
        *(sys.executable, "manage.py", "shell", "--no-imports", "-c", script),
        **PRODUCTION,
        PARCOURS_VAR_DIR=str(tmp_path),
    )
    assert shown.stdout.split() == ["__Host-session", "True", "True", "True", "31536000", "False", "[]"], shown.stderr


# A term that has one name has no second one; and nothing here is a placeholder.
FORBIDDEN = re.compile(
    r"(?i)\b(touch ?point (?:poll|survey)|poll(?:s|ster)? question|"
    r"lorem ipsum|fixme|xxx+|todo)\b"
)


def tracked_files() -> list[Path]:
    listed = run("git", "ls-files")
    if listed.returncode:
        pytest.skip("not a checkout")
    ours = [ROOT / name for name in listed.stdout.splitlines() if "vendor" not in name and not name.endswith(".lock")]
    return [path for path in ours if path.suffix in {".py", ".html", ".js", ".css", ".md", ".toml", ".yml"}]


def test_no_word_that_does_not_belong_here():
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match[0]}"
        for path in tracked_files()
        if path.exists() and path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if (match := FORBIDDEN.search(line))
    ]
    assert found == []


def test_there_is_no_junk_drawer():
    drawers = {"utils", "helpers", "common", "misc", "services", "managers"}
    assert [str(path) for path in SOURCES if drawers & {path.stem, *path.relative_to(ROOT).parts}] == []
