"""Makes the samples of the version at hand: see README.md beside it."""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from tests.upgrade.comparing import differences
from tests.upgrade.databases import POSTGRESQL, ROOT, SQLITE, Database, scratch

SAMPLES = Path(__file__).resolve().parent / "samples"
LARGEST = 400_000  # bytes of a compressed sample
MACHINE = (Path("/etc/machine-id"), Path("/proc/sys/kernel/random/boot_id"))
# Made by `migrate` itself, with ids of its own.
MADE_ANEW = ("contenttypes", "auth.permission", "auth.group")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default="postgres://postgres@127.0.0.1:5432/postgres", help="of PostgreSQL")
    server = parser.parse_args().server
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        facts, rows = _filled(folder, server)
        answers = _answers(folder, server, facts, rows)
    for engine, dump in rows.items():
        _write(f"{version}.{engine}.sql.gz", dump)
    _write(f"{version}.answers.json.gz", _text(answers["api"]))
    # Left out: pages that show what only a vendor knows.
    pages = {path: statuses for path, statuses in answers["pages"].items() if max(statuses.values()) < 500}
    facts |= {"pages": pages, "secrets": answers["secrets"]}
    del facts["api"]
    _write(f"{version}.facts.json", _text(facts))
    _write(f"{version}.names.json", _text(answers["names"]))


def _filled(folder: Path, server: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The facts, and the same rows as SQL for each engine."""
    with scratch(SQLITE, folder) as lite, scratch(POSTGRESQL, folder, server) as postgres:
        lite.manage("migrate", "--verbosity", "0")
        lite.run("-m", "tests.upgrade.filling", str(folder / "facts.json"), timeout=900)
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        rows = str(folder / "rows.xml")  # its JSON drops microseconds
        excluded = [part for app in MADE_ANEW for part in ("--exclude", app)]
        lite.manage("dumpdata", "--natural-foreign", "--format", "xml", *excluded, "--output", rows)
        postgres.manage("migrate", "--verbosity", "0")
        postgres.manage("loaddata", rows)
        assert lite.counts() == postgres.counts()
        return facts | {"rows": lite.counts()}, {SQLITE: lite.dump(), POSTGRESQL: postgres.dump()}


def _answers(folder: Path, server: str, facts: dict[str, Any], rows: dict[str, str]) -> dict[str, Any]:
    """What a site answers that was filled from the samples; both engines must say the same."""
    found = {}
    for engine, dump in rows.items():
        with scratch(engine, folder, server) as database:
            database.load(dump)
            assert database.counts() == facts["rows"]
            found[engine] = asked(database, facts)
    wrong = list(differences(found[SQLITE], found[POSTGRESQL]))
    assert not wrong, wrong
    return found[SQLITE]


def asked(database: Database, facts: dict[str, Any]) -> dict[str, Any]:
    """What `asking.py` finds on this database."""
    source, target = database.folder / "wanted.json", database.folder / "found.json"
    source.write_text(json.dumps(facts), encoding="utf-8")
    database.run("-m", "tests.upgrade.asking", str(source), str(target))
    return json.loads(target.read_text(encoding="utf-8"))


def _text(what: Any) -> str:
    return json.dumps(what, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _write(name: str, text: str) -> None:
    """Keep it in the repository, unless it tells of this machine or is too large."""
    machine = [path.read_text(encoding="ascii").strip() for path in MACHINE if path.exists()]
    for told in (*machine, str(ROOT), f"{Path.home()}/", f"{tempfile.gettempdir()}/"):
        assert told not in text, f"{name} names {told}"
    data = text.encode()
    if name.endswith(".gz"):
        data = gzip.compress(data, 9, mtime=0)
    assert len(data) < LARGEST, f"{name} has {len(data)} bytes"
    (SAMPLES / name).write_bytes(data)
    sys.stdout.write(f"{name}: {len(data)} bytes\n")


if __name__ == "__main__":
    main()
