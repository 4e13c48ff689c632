"""Response exports: jobs with a scripted life, continuation tokens, files."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from sandbox.exports.csv_files import Layout, delimited
from sandbox.exports.rendering import METADATA, Selection, json_file, ndjson
from sandbox.exports.zips import zip_of
from sandbox.state.clock import WEEK, parse_moment
from sandbox.state.ids import make_id, make_token, make_uuid
from sandbox.state.refusal import Refusal
from sandbox.state.responses import Response
from sandbox.state.surveys import Survey
from sandbox.state.world import User, World

FORMATS = ("csv", "tsv", "json", "ndjson")
NOT_IMITATED = ("spss", "xml")
EVERY_FORMAT = {
    "format": str, "compress": bool, "startDate": str, "endDate": str, "limit": int, "questionIds": list,
    "embeddedDataIds": list, "surveyMetadataIds": list, "filterId": str, "exportResponsesInProgress": bool,
    "allowContinuation": bool, "continuationToken": str, "sortByLastModifiedDate": bool,
}  # fmt: skip
NOT_JSON = {
    "useLabels": bool, "includeLabelColumns": bool, "seenUnansweredRecode": int, "multiselectSeenUnansweredRecode": int,
    "includeDisplayOrder": bool, "formatDecimalAsComma": bool, "timeZone": str, "breakoutSets": bool,
}  # fmt: skip
DELIMITED_ONLY = {"newlineReplacement": str}
TIME_ZONES = frozenset(
    [
        "UTC",
        "America/Denver",
        "America/Chicago",
        "America/New_York",
        "America/Los_Angeles",
        "Europe/London",
        "Europe/Paris",
        "Europe/Berlin",
        "Europe/Madrid",
        "Asia/Tokyo",
        "Asia/Singapore",
        "Australia/Sydney",
    ]
)
JOBS_KEPT = 500  # each holds on to its rows
FILES_KEPT = 8  # rendered files on disk; an older one is rendered again when somebody asks


@dataclass(slots=True)
class Cursor:
    """What a continuation token stands for: everything up to here was delivered."""

    survey_id: str
    step: int
    moment: int
    end: int | None
    last: tuple[int, int] | None  # the sort key of the last row, when a limit cut the export short
    made_at: int


@dataclass(slots=True)
class Job:
    """One export on its way."""

    id: str
    survey: Survey
    brand: str
    wish: dict[str, Any]
    rows: list[Response]
    selection: Selection
    mode: str
    polls_left: int
    token: str | None
    started_at: int
    file_id: str = ""
    done_at: int | None = None
    key: str = ""
    file: Future[Path] | None = None


@dataclass(slots=True)
class Exports:
    """All jobs and tokens of the sandbox."""

    world: World
    jobs: dict[str, Job] = field(default_factory=dict)
    cursors: dict[str, Cursor] = field(default_factory=dict)
    files: dict[str, Future[Path]] = field(default_factory=dict)
    renderers: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="export"))

    def start(self, user: User, survey: Survey, wish: object, mode: str | None = None) -> Job:
        """Check the wish, take a snapshot of the rows, start to render."""
        wish = check(wish)
        settings = self.world.settings
        with self.world.lock:
            self._forget_old()
            running = sum(1 for job in self.jobs.values() if job.brand == survey.brand and job.done_at is None)
            if settings.running_exports and running >= settings.running_exports:
                raise Refusal(429, "SBX_429", "Too many exports are running at the same time.", retry_after="5")
            mode = mode or settings.export_mode
            if mode == "continuation_refused" and "continuationToken" in wish:
                raise _bad("Invalid continuationToken.")
            cursor = self._cursor(survey, wish)
            rows = [] if mode == "without_rows" else self._rows(survey, wish, cursor)
            polls = {"instant": 0, "slow": settings.export_polls * 4}.get(mode, settings.export_polls)
            source = self.world.source
            job = Job(
                make_id("ES", source), survey, survey.brand, wish, rows, selection_of(wish), mode, polls, None,
                self.world.clock.now(), file_id=f"{make_uuid(source)}-def",
            )  # fmt: skip
            if wish.get("allowContinuation") or cursor:
                job.token = self._new_token(survey, wish, rows)
            job.key = self._key(job)
            self.jobs[job.id] = job
        if mode not in ("failed", "stuck", "no_file_id"):
            self._render(job)
        return job

    def poll(self, survey: Survey, progress_id: str) -> dict[str, object]:
        """The next look at a job, in the vendor's words."""
        job = self.jobs.get(progress_id)
        now = self.world.clock.now()
        if job is None or job.survey.id != survey.id or (job.done_at is not None and now >= job.done_at + WEEK):
            raise Refusal(404, "SBX_404", "Export progress not found.")
        total = self.world.settings.export_polls * 4 or 1
        with self.world.lock:
            if job.mode == "stuck" or job.polls_left > 0:
                job.polls_left -= 1
                percent = round(100 * (1 - (job.polls_left + 1) / total), 1) if job.mode == "slow" else 0.0
                return {"percentComplete": max(0.0, percent), "status": "inProgress"}
            if job.done_at is None:
                job.done_at = now
        if job.mode == "failed":
            return {"fileId": None, "percentComplete": 100.0, "status": "failed"}
        percent = 0.0 if job.mode == "percent_zero" else 100.0
        result: dict[str, object] = {"fileId": job.file_id, "percentComplete": percent, "status": "complete"}
        if job.mode == "no_file_id":
            del result["fileId"]
        if job.token:
            result["continuationToken"] = job.token
        return result

    def file(self, survey: Survey, file_id: str) -> tuple[Job, Path]:
        """The finished file; waits while it is still being written."""
        now = self.world.clock.now()
        job = next((each for each in self.jobs.values() if each.file_id == file_id), None)
        if job is None or job.survey.id != survey.id or job.done_at is None or now >= job.done_at + WEEK:
            raise Refusal(404, "SBX_404", "Export file not found.")
        if job.mode in ("failed", "no_file_id"):
            raise Refusal(404, "SBX_404", "Export file not found.")
        return job, self._render(job).result()

    def close(self) -> None:
        """Stop rendering."""
        self.renderers.shutdown(wait=True, cancel_futures=True)

    # -- rows

    def _rows(self, survey: Survey, wish: dict, cursor: Cursor | None) -> list[Response]:
        now = self.world.clock.now()
        seen_by = now - round(self.world.settings.export_lag * 1000)
        by_change = bool(wish.get("sortByLastModifiedDate"))
        stored = self.world.responses[survey.id].values()
        if wish.get("exportResponsesInProgress"):
            rows = [each for each in stored if each.recorded > now and each.ended <= now]
        else:
            # An edit never hides a response: what was recorded stays in sight, in its newest version.
            rows = [each for each in stored if each.recorded <= seen_by]
        moment, step = (_modified, _changed_step) if by_change else (_recorded, _created_step)
        start, end = parse_moment(wish.get("startDate")), parse_moment(wish.get("endDate"))
        if start is not None:
            rows = [each for each in rows if moment(each) >= start]
        if end is not None:
            rows = [each for each in rows if moment(each) < end]
        if cursor is not None:
            rows = [
                each for each in rows
                if step(each) > cursor.step
                or each.recorded > cursor.moment
                or (cursor.end is not None and moment(each) >= cursor.end)
                or (cursor.last is not None and (moment(each), step(each)) > cursor.last)
            ]  # fmt: skip
        rows.sort(key=lambda each: (moment(each), step(each)))
        limit = wish.get("limit")
        return rows if limit is None else rows[:limit]

    def _cursor(self, survey: Survey, wish: dict) -> Cursor | None:
        token = wish.get("continuationToken")
        if token is None:
            return None
        cursor = self.cursors.get(str(token))
        if cursor is None or cursor.survey_id != survey.id:
            raise Refusal(400, "SBX_400", "Invalid continuationToken.")
        if self.world.clock.now() >= cursor.made_at + WEEK:
            raise Refusal(400, "SBX_400", "The continuationToken has expired.")
        return cursor

    def _new_token(self, survey: Survey, wish: dict, rows: list[Response]) -> str:
        now = self.world.clock.now()
        seen_by = now - round(self.world.settings.export_lag * 1000)
        end = parse_moment(wish.get("endDate"))
        by_change = bool(wish.get("sortByLastModifiedDate"))
        last = None
        if rows and "limit" in wish:
            moment, step = (_modified, _changed_step) if by_change else (_recorded, _created_step)
            last = (moment(rows[-1]), step(rows[-1]))
        token = make_token(self.world.source)
        self.cursors[token] = Cursor(survey.id, self.world.step, seen_by, end, last, now)
        return token

    def _forget_old(self) -> None:
        now = self.world.clock.now()
        young = [(name, job) for name, job in self.jobs.items() if now < job.started_at + 2 * WEEK]
        self.jobs = dict(young[-JOBS_KEPT:])
        self.cursors = {name: cursor for name, cursor in self.cursors.items() if now < cursor.made_at + 2 * WEEK}

    # -- files

    def _key(self, job: Job) -> str:
        """Jobs with the same key have the same file."""
        wish = {
            name: value for name, value in job.wish.items() if name not in ("allowContinuation", "continuationToken")
        }
        ends = [(row.id, row.changed_at_step) for row in (job.rows[:1] + job.rows[-1:])]
        facts = [job.survey.id, job.survey.version, job.survey.name, self.world.step, len(job.rows), ends, wish]
        return orjson.dumps([*facts, asdict(self.world.settings.data)], option=orjson.OPT_SORT_KEYS).hex()

    def _render(self, job: Job) -> Future[Path]:
        with self.world.lock:
            if job.key not in self.files:
                while len(self.files) >= FILES_KEPT:
                    self.files.pop(next(iter(self.files))).add_done_callback(_remove)
                self.files[job.key] = self.renderers.submit(self._write, job)
            return self.files[job.key]

    def _write(self, job: Job) -> Path:
        path = self.world.scratch / f"{job.id}.{make_uuid(self.world.source)}"
        if job.wish.get("compress", True):
            return zip_of(path, f"{job.survey.name}.{job.wish['format']}", self._pieces(job))
        with path.open("wb") as out:
            out.writelines(self._pieces(job))
        return path

    def _pieces(self, job: Job) -> Iterator[bytes]:
        switches, rows = self.world.settings.data, job.rows
        if switches.duplicates or switches.shuffled:
            source, rows = self.world.source, list(rows)
            rows += source.sample(rows, round(len(rows) * min(1.0, switches.duplicates)))
            if switches.shuffled:
                source.shuffle(rows)
        if job.wish["format"] == "ndjson":
            return ndjson(job.survey, rows, job.selection, switches)
        if job.wish["format"] == "json":
            return json_file(job.survey, rows, job.selection)
        return delimited(job.survey, rows, job.selection, layout_of(job.wish))


def check(wish: Any) -> dict[str, Any]:
    """The body of an export, or a Refusal: unknown, banned and contradicting parameters are 400."""
    if not isinstance(wish, dict):
        raise _bad("The request body must be a JSON object.")
    form = wish.get("format")
    if form in NOT_IMITATED:
        raise _bad(f"The sandbox does not imitate the format {form}.")
    if form not in FORMATS:
        raise _bad("Invalid or missing parameter: format.")
    kinds: dict[str, Any] = dict(EVERY_FORMAT)
    if form in ("csv", "tsv"):
        kinds |= NOT_JSON | DELIMITED_ONLY
    for name, value in wish.items():
        if name not in kinds:
            raise _bad(f"Invalid parameter for format {form}: {name}.")
        if not isinstance(value, kinds[name]) or (kinds[name] is int and isinstance(value, bool)):
            raise _bad(f"Invalid value for parameter: {name}.")
        if kinds[name] is list and not all(isinstance(item, str) for item in value):
            raise _bad(f"Invalid value for parameter: {name}.")
    for name in ("startDate", "endDate"):
        if name in wish and parse_moment(wish[name]) is None:
            raise _bad(f"Invalid date for parameter: {name}.")
    if wish.get("limit", 1) < 1:
        raise _bad("Invalid value for parameter: limit.")
    if "allowContinuation" in wish and "continuationToken" in wish:
        raise _bad("allowContinuation and continuationToken must not be used together.")
    if "filterId" in wish:
        if {"allowContinuation", "continuationToken", "sortByLastModifiedDate"} & set(wish):
            raise _bad("filterId cannot be used with continuation or with sortByLastModifiedDate.")
        raise _bad("Unknown filterId.")  # the sandbox has no saved filters
    if wish.get("useLabels") and wish.get("includeLabelColumns"):
        raise _bad("useLabels and includeLabelColumns must not be used together.")
    if "timeZone" in wish and wish["timeZone"] not in TIME_ZONES:
        raise _bad("Invalid value for parameter: timeZone.")
    unknown = set(wish.get("surveyMetadataIds", ())) - set(METADATA)
    if unknown:
        raise _bad(f"Invalid surveyMetadataIds: {', '.join(sorted(unknown))}.")
    return wish


def selection_of(wish: dict) -> Selection:
    """Which columns the wish names."""

    def names(parameter: str) -> frozenset[str] | None:
        return frozenset(wish[parameter]) if parameter in wish else None

    return Selection(
        names("questionIds"),
        names("embeddedDataIds"),
        names("surveyMetadataIds"),
        bool(wish.get("sortByLastModifiedDate")),
    )


def layout_of(wish: dict) -> Layout:
    """How a CSV or TSV file is to look."""
    seen = wish.get("seenUnansweredRecode")
    return Layout(
        separator="\t" if wish["format"] == "tsv" else ",",
        labels=bool(wish.get("useLabels")),
        label_columns=bool(wish.get("includeLabelColumns")),
        seen_unanswered="" if seen is None else str(seen),
        seen_unanswered_multi=str(wish.get("multiselectSeenUnansweredRecode", "" if seen is None else seen)),
        breakout=bool(wish.get("breakoutSets", True)),
        decimal_comma=bool(wish.get("formatDecimalAsComma")),
        newline=wish.get("newlineReplacement"),
        zone=ZoneInfo(wish.get("timeZone", "UTC")),
    )


def _bad(message: str) -> Refusal:
    return Refusal(400, "SBX_400", message)


def _recorded(response: Response) -> int:
    return response.recorded


def _modified(response: Response) -> int:
    return response.modified


def _created_step(response: Response) -> int:
    return response.created_at_step


def _changed_step(response: Response) -> int:
    return response.changed_at_step


def _remove(file: Future[Path]) -> None:
    if not file.cancelled() and file.exception() is None:
        file.result().unlink(missing_ok=True)
