"""What is measured. Each case makes fresh installations, lets processes run in them, and compares."""

from __future__ import annotations

import contextlib
import http.client
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from benchmarks import data
from benchmarks.installation import FOLDER, ROOT, Installation, free_port, vendor
from benchmarks.report import Line, ratio
from benchmarks.senders import KINDS, seconds_to_answer, slow_senders
from config.running.supervisor import web

NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
MOST_OF_FLOOR = {"postgresql": 2.0, "sqlite": 2.5}

FETCH_WORDS = (
    "The floor is a tight script without the product's code: the same download, the same rows and hashes in the same"
    " tables, histograms counted on the way, one transaction. The product commits each batch with its checkpoint (5,000"
    " responses; 1,000 in SQLite), reads the archive to its end before it loads any of it, and counts every day from its"
    " stored rows. A complete fetch again looks every response up and compares the ids with all that are stored; where statistics"
    " are stale, PostgreSQL was never told that the table has filled."
)
MEMORY_WORDS = (
    "Peak resident memory of a Celery worker (pool of threads, beat inside) that runs the backfill. One run of each"
    " size."
)
NUMBERS_WORDS = (
    "After the backfill, 274 responses a day. A recount replaces the histograms of the noted days and of no others; KPIs"
    " and trends are read from histograms."
)
RIVALS_WORDS = (
    "The same file from the vendor; a row per response and a row per answer, upserted, and one statement that counts the"
    " histograms at the end. The rivals check nothing, and keep neither ledger nor checkpoints."
)
PAGES_WORDS = (
    "The demo's railway map, drawn by Django for a signed-in analyst. The bare view of the same process answers three"
    " words through the same middleware. As a rule a map is as it was when it was drawn last, and is shown as it was kept;"
    " each process keeps its own. During the backfill web server, worker and database share the machine."
    " The slow senders stay in the middle of headers, of short and long bodies, and of chunks."
)
MIGRATIONS_WORDS = (
    "One run of all migrations since the first tables, over five times as many stored responses, while somebody goes on changing"
    " single ones. SQLite lets one write at a time, so that there everybody waits until the last migration is through."
)
TICKS_WORDS = (
    "Due feeds are found along partial indexes. Two workers share surveys of a vendor whose every call takes a while."
)


@dataclass
class Bench:
    """What all cases share."""

    rows: int
    times: int
    engines: Sequence[str]
    host: str
    templates: dict[str, Installation]
    ids: dict[str, Any]
    maps: dict[str, Any]

    def fresh(self, engine: str, name: str = "bench", host: str = "") -> Installation:
        """An installation as it is before its first fetch."""
        installation = Installation(engine, name, [host or self.host])
        installation.copy_from(self.templates[engine])
        installation.settle()
        return installation

    def floor(self, installation: Installation, *more: str) -> dict[str, Any]:
        where = installation.url if installation.engine == "postgresql" else installation.sqlite_file
        return installation.run("floor", where, self.host, json.dumps(self.ids[installation.engine]), *more)


@contextlib.contextmanager
def opened(rows: int, times: int, engines: Sequence[str]) -> Iterator[Bench]:
    """Data, vendor and the installations that runs are copied from."""
    backfill, increment = data.export(FOLDER / "data", rows), data.increment(FOLDER / "data")
    with vendor(backfill, increment) as host:
        templates = {engine: Installation(engine, "bench_template", [host]) for engine in engines}
        ids, maps = {}, {}
        for engine, template in templates.items():
            template.make_empty()
            ids[engine] = template.run("prepare", host)
            maps[engine] = template.run("maps", "seed")
        yield Bench(rows, times, engines, host, templates, ids, maps)


def median(runs: Sequence[dict[str, Any]], key: str = "seconds") -> float:
    return statistics.median(run[key] for run in runs)


def checked(run: dict[str, Any], **expected: int) -> dict[str, Any]:
    """A run that did what it should; anything else is no measurement."""
    wrong = {name: run[name] for name, value in expected.items() if run[name] != value}
    if run["state"] != "done" or wrong:
        raise RuntimeError(f"The fetch went wrong: {run}")
    return run


def fetch(bench: Bench) -> list[Line]:
    lines = []
    for engine in bench.engines:
        floors, products, further, again = [], [], [], []
        _compare(bench, engine)
        for _ in range(bench.times):
            floors.append(bench.floor(bench.fresh(engine)))
            installation = bench.fresh(engine)
            first, second, third = installation.run("product", "fetch", "--full", "--further", "2")
            products.append(checked(first, new=bench.rows))
            further.append(checked(second, new=data.INCREMENT))
            again.append(checked(third, new=0, changed=0, unchanged=data.INCREMENT))
        name, product = NAMES[engine], median(products)
        times = f"{product:.1f} s beside {median(floors):.1f} s"
        if engine == "postgresql":
            work = (
                [run["cpu"] + run["server_cpu"] for run in products],
                [run["cpu"] + run["server_cpu"] for run in floors],
            )
            times += (
                f"; processor time of client and server {statistics.median(work[0]) / statistics.median(work[1]):.2f} ×"
            )
        lines += [
            ratio(f"{name}: fetch to KPIs, beside the floor", product / median(floors), MOST_OF_FLOOR[engine], times),
            ratio(
                f"{name}: {data.INCREMENT:,} further responses, share of the backfill",
                100 * median(further) / product,
                2,
                f"{median(further) * 1000:.0f} ms",
                unit="%",
            ),
            Line(
                f"{name}: a fetch that brings nothing new",
                f"{again[0]['new'] + again[0]['changed']} rows written",
                "0 rows",
                True,
                f"{median(again) * 1000:.0f} ms for {data.INCREMENT:,} known responses",
            ),
        ]
        if engine == "postgresql":
            lines.append(_complete_again(bench))
    return lines


def _complete_again(bench: Bench) -> Line:
    """All of it once more, compared with what is stored: slow plans show where PostgreSQL has no statistics."""
    repeats: dict[str, list[dict[str, Any]]] = {"analysed": [], "stale": []}
    for _ in range(bench.times):
        for statistics_are, runs in repeats.items():
            first, again = bench.fresh("postgresql").run("product", "fetch", "--full", "--again", statistics_are)
            checked(first, new=bench.rows)
            runs.append(checked(again, new=0, changed=0, unchanged=bench.rows))
    stale, ordinary = median(repeats["stale"]), median(repeats["analysed"])
    return ratio(
        f"PostgreSQL: complete fetch again, {bench.rows:,}, statistics stale, beside the ordinary one",
        stale / ordinary,
        1.5,
        f"{stale:.1f} s beside {ordinary:.1f} s",
    )


def _compare(bench: Bench, engine: str) -> None:
    """Floor and product must leave the same, or their times say nothing."""
    installation = bench.fresh(engine)
    bench.floor(installation)
    left = installation.contents()
    installation = bench.fresh(engine)
    checked(installation.run("product", "fetch", "--full")[0], new=bench.rows)
    if installation.contents() != left:
        raise RuntimeError("Floor and product do not leave the same rows.")


def memory(bench: Bench) -> list[Line]:
    lines = []
    increment = data.increment(FOLDER / "data")
    for engine in bench.engines:
        peaks = []
        for rows in (bench.rows, 5 * bench.rows):
            with vendor(data.export(FOLDER / "data", rows), increment) as host:
                installation = bench.fresh(engine, host=host)
                installation.run("product", "move", host)
                command = [sys.executable, "-m", "benchmarks.worker"]
                with installation.process(*command) as worker:
                    uuid = installation.run("product", "ask", "--full")
                    checked(installation.run("product", "wait", uuid), new=rows)
                    peaks.append(_peak_of(worker.pid))
        name = NAMES[engine]
        lines += [
            ratio(f"{name}: worker's peak at {bench.rows:,}", peaks[0], 200, unit="MB"),
            ratio(
                f"{name}: worker's peak at {5 * bench.rows:,}, beside that",
                peaks[1] / peaks[0],
                1.1,
                f"{peaks[1]:.0f} MB",
            ),
        ]
    return lines


def _peak_of(pid: int) -> float:
    """The peak of this process, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def numbers(bench: Bench) -> list[Line]:
    lines = []
    for engine in bench.engines:
        runs = []
        for _ in range(bench.times):
            installation = bench.fresh(engine)
            checked(installation.run("product", "fetch", "--full")[0], new=bench.rows)
            runs.append(installation.run("recounts"))
        name, few, more, every = NAMES[engine], median(runs, "few"), median(runs, "more"), median(runs, "all")
        reads = [runs[0][what] for what in ("kpi", "trend", "page")]
        note = ", ".join(f"{what} {runs[0][what]['ms']:.0f} ms" for what in ("kpi", "trend", "page"))
        lines += [
            ratio(
                f"{name}: recounting 70 days, beside 7", more / few, 11, f"{more * 1000:.0f} ms, {few * 1000:.0f} ms"
            ),
            ratio(f"{name}: recounting 7 of 730 days, share of all", 100 * few / every, 2, f"{every:.1f} s", unit="%"),
            ratio(
                f"{name}: queries that read responses, of a KPI, a two-year trend and an item's page",
                sum(read["response_queries"] for read in reads),
                0,
                f"{note}; {sum(read['queries'] for read in reads)} queries",
                unit="",
            ),
        ]
    return lines


def rivals(bench: Bench) -> list[Line]:
    if "postgresql" not in bench.engines:
        return [Line("PostgreSQL", "left out", note="no server here")]
    products = [
        checked(bench.fresh("postgresql").run("product", "fetch", "--full")[0], new=bench.rows)
        for _ in range(bench.times)
    ]
    product = median(products)
    lines = []
    for name, label in (("executemany", "psycopg executemany"), ("bulk_create", "Django bulk_create")):
        runs = []
        for _ in range(bench.times):
            installation = bench.fresh("postgresql")
            runs.append(installation.run("rivals", name, installation.url, bench.host))
        lines.append(_ahead(label, median(runs), product))
    python, trouble = _dlt()
    if trouble:
        return [*lines, Line("dlt", "left out", "≥ 3 ×", None, trouble)]
    runs = []
    for _ in range(bench.times):
        installation = bench.fresh("postgresql")
        command = [python, "-m", "benchmarks.rival_dlt", _with_password(installation.url), bench.host]
        own = {"DLT_DATA_DIR": str(installation.var / "dlt"), "RUNTIME__DLTHUB_TELEMETRY": "false"}
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=installation.environment | own,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    return [*lines, _ahead("dlt, merge, CSV files", median(runs), product)]


def _ahead(label: str, seconds: float, product: float) -> Line:
    note = f"{seconds:.1f} s beside {product:.1f} s"
    return ratio(f"ahead of {label}", seconds / product, 3, note, at_least=True)


def _with_password(url: str) -> str:
    """dlt insists on a password, also where the server does not ask for one."""
    parts = urlsplit(url)
    person, _, where = parts.netloc.rpartition("@")
    name, _, password = person.partition(":")
    return urlunsplit(("postgresql", f"{name or 'postgres'}:{password or 'none'}@{where}", parts.path, "", ""))


def _dlt() -> tuple[str, str]:
    """A Python that has dlt, made on first use; or why there is none."""
    folder = FOLDER / "dlt-venv"
    python = str(folder / "bin" / "python")
    if not (folder / ".ready").exists():
        for command in (
            [sys.executable, "-m", "venv", str(folder)],
            [python, "-m", "pip", "install", "-q", "dlt[postgres]"],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                return "", f"it cannot be installed here ({(done.stderr.strip().splitlines() or ['?'])[-1][:100]})"
        (folder / ".ready").touch()
    return python, ""


def pages(bench: Bench) -> list[Line]:
    lines = []
    for engine in bench.engines:
        name, demo = NAMES[engine], bench.maps[engine]
        installation = bench.fresh(engine)
        runs = [installation.run("maps", "draw", demo["journey"]) for _ in range(bench.times)]
        costs = statistics.median(run["map_ms"] / run["bare_ms"] for run in runs)
        note = f"{median(runs, 'map_ms'):.1f} ms, {runs[0]['kb']:.0f} KB, {runs[0]['queries']} queries"
        anew = statistics.median(run["anew_ms"] / run["bare_ms"] for run in runs)
        lines += [
            ratio(f"{name}: the demo's map, beside a bare view", costs, 6, note),
            Line(f"{name}: the same, drawn anew", f"{anew:.1f} ×", note=f"{median(runs, 'anew_ms'):.0f} ms"),
            ratio(f"{name}: queries of it that read responses", runs[0]["response_queries"], 0, unit=""),
        ]
        answers = [_answers_during_backfill(bench, bench.fresh(engine)) for _ in range(bench.times)]
        quiet, busy = (statistics.median(seconds) * 1000 for seconds in zip(*answers, strict=True))
        slower = statistics.median(during / without for without, during in answers)
        note = f"{quiet:.0f} ms without, {busy:.0f} ms during"
        lines.append(ratio(f"{name}: p95 of the map during a backfill, beside without", slower, 3, note))
        longest = statistics.median(_answers_beside_slow_senders(installation) for _ in range(bench.times))
        what = f"{name}: longest of 50 answers of a bare view beside 200 slow senders"
        lines.append(ratio(what, longest * 1000, 500, unit="ms"))
    return lines


def _answers_during_backfill(bench: Bench, installation: Installation) -> tuple[float, float]:
    """p95 of the map's page over HTTP, without and during a backfill."""
    port, demo = free_port(), bench.maps[installation.engine]
    with installation.process(*web(port)):
        ask = _asker(port, f"/journeys/{demo['journey']}/", demo["cookie"])
        quiet = [ask() for _ in range(100)]
        fetching = [sys.executable, "-m", "benchmarks.product", "fetch", "--full"]
        with installation.process(*fetching) as process:
            busy = []
            while process.poll() is None:
                busy.append(ask())
    return _p95(quiet), _p95(busy)


def _answers_beside_slow_senders(installation: Installation) -> float:
    """The longest of fifty answers, over HTTP, while two hundred clients come to no end of what they send."""
    port = free_port()
    with installation.process(*web(port)):
        _wait_for(port)
        with slow_senders(port, list(KINDS)):
            return max(seconds_to_answer(port, times=50))


def _wait_for(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError):
            seconds_to_answer(port, times=1)
            return
        time.sleep(0.2)
    raise RuntimeError("The web server does not answer.")


def _asker(port: int, path: str, cookie: str) -> Any:
    def ask() -> float:
        began = time.perf_counter()
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        link.request("GET", path, headers={"Cookie": cookie})
        answer = link.getresponse()
        answer.read()
        link.close()
        if answer.status != 200:
            raise RuntimeError(f"The map answers {answer.status}.")
        return time.perf_counter() - began

    for _ in range(100):
        with contextlib.suppress(OSError):
            ask()
            break
        time.sleep(0.2)
    for _ in range(10):
        ask()
    return ask


def _p95(times: Sequence[float]) -> float:
    return sorted(times)[int(len(times) * 0.95)]


def ticks(bench: Bench) -> list[Line]:
    lines = []
    for engine in bench.engines:
        name = NAMES[engine]
        runs: dict[str, list[dict[str, Any]]] = {"few": [], "many": []}
        for _ in range(bench.times):
            runs["few"].append(bench.fresh(engine).run("ticks", 1, 10, 10))
            runs["many"].append(bench.fresh(engine).run("ticks", 1000, 20, 10))
        few, many = median(runs["few"]), median(runs["many"])
        note = f"{many * 1000:.0f} ms beside {few * 1000:.0f} ms, {runs['many'][0]['queries']} queries both"
        if runs["many"][0]["queries"] != runs["few"][0]["queries"]:
            note = f"{runs['many'][0]['queries']} queries beside {runs['few'][0]['queries']}"
        lines.append(ratio(f"{name}: a tick, 10 of 20,000 feeds due, beside a base of these 10", many / few, 1.5, note))
        one, two = _workers(bench, engine, 1), _workers(bench, engine, 2)
        note = f"{one:.1f} s beside {two:.1f} s"
        lines.append(ratio(f"{name}: two workers beside one", one / two, 1.8, note, at_least=True))
    return lines


def migrations(bench: Bench) -> list[Line]:
    lines = []
    rows = 5 * bench.rows
    for engine in bench.engines:
        installation = Installation(engine, "bench_old", [bench.host])
        installation.make_empty()
        run = installation.run("migrating", rows)
        note = f"the migrations took {run['seconds']:.1f} s, {run['changes']} changes meanwhile"
        what = f"{NAMES[engine]}: longest wait of a change to one of {rows:,} responses"
        if engine == "sqlite":  # one writer at a time: whoever writes waits for all of a migration
            lines.append(Line(what, f"{run['longest']:.2f} s", note=note))
        else:
            lines.append(ratio(what, run["longest"], 2, note, unit="s"))
    return lines


SURVEYS, CALL = 8, 0.25


def _workers(bench: Bench, engine: str, workers: int) -> float:
    """Seconds until `workers` have worked off all fetches of a vendor that makes one wait."""
    small = data.increment(FOLDER / "data")
    times = []
    for _ in range(bench.times):
        with vendor(small, small, CALL) as host:
            template = Installation(engine, "bench_waiting", [host])
            template.make_empty()
            template.run("prepare", host, SURVEYS)
            command = [sys.executable, "-m", "benchmarks.ticks", "work"]
            template.run("ticks", "ask")
            with contextlib.ExitStack() as stack:
                running = [stack.enter_context(template.process(*command)) for _ in range(workers)]
                said = [process.communicate()[0] for process in running]
        times.append(max(json.loads(text.splitlines()[-1])["seconds"] for text in said))
    return statistics.median(times)
