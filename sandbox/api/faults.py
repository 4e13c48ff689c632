"""Faults that can be switched on: which calls they meet, and what they do to the response."""

import base64
import random
import struct
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path

import orjson

from sandbox.api.envelope import HttpResponse, Request, failure
from sandbox.exports.zips import write_zip
from sandbox.state.refusal import Refusal

HTML = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>Something went wrong</h1></body></html>"
WORDS = {
    400: ("SBX_400", "Bad Request"),
    401: ("DCD_7", "Unrecognized X-API-TOKEN."),
    403: ("SBX_403", "You do not have permission to do this."),
    404: ("GSI_2", "Survey not found."),
    429: ("SBX_429", "Rate limit exceeded."),
    500: ("SURVEYS_1.2", "Internal error."),
}
EXPORT_MODES = {
    "export_failed": "failed",
    "export_stuck": "stuck",
    "export_no_file_id": "no_file_id",
    "export_instant": "instant",
    "export_slow": "slow",
    "export_percent_zero": "percent_zero",
    "export_without_rows": "without_rows",
    "continuation_refused": "continuation_refused",
}


@dataclass(slots=True)
class Fault:
    """One switched-on fault. It meets calls whose path fits the pattern (`*` as in file names)."""

    kind: str
    path: str = "*"
    method: str = "*"
    brand: str = "*"
    count: int | None = None  # how many calls it still meets; None = until it is switched off
    probability: float = 1.0
    skip: int = 0  # let so many fitting calls pass first
    retry_after: str | None = None
    html: bool = False
    seconds: float = 1.0  # delay, or the pause between two pieces of a throttled body
    size: int = 1  # bytes of a throttled piece; byte at which to cut; megabytes of a huge body or bomb
    host: str = "elsewhere.example"  # where next_page_elsewhere and redirect point
    soup: list[str] = field(default_factory=list)  # kinds that `soup` draws from
    scenario: str = ""  # the scenario that it belongs to
    id: int = 0
    hits: int = 0


class Faults:
    """The switchboard."""

    def __init__(self, seed: int) -> None:
        self._source = random.Random(f"{seed}:faults")
        self._faults: list[Fault] = []
        self._next_id = 1
        self._lock = threading.Lock()

    def switch_on(self, kind: str, **details: object) -> Fault:
        """Add a fault; ValueError for an unknown kind, detail or kind of value."""
        known_in_soup = details.get("soup") or []
        for name in [kind, *(known_in_soup if isinstance(known_in_soup, list) else [known_in_soup])]:
            if not known(name):
                raise ValueError(f"There is no fault {name!r}. There are: {', '.join(all_kinds())}.")
        for name, value in details.items():
            if name not in _DETAILS or not isinstance(value, _DETAILS[name]):
                raise ValueError(f"The detail {name!r} is unknown or has the wrong type.")
        if isinstance(details.get("retry_after"), int):
            details["retry_after"] = str(details["retry_after"])
        fault = Fault(kind, **details)  # type: ignore[arg-type]
        if fault.kind == "soup" and not fault.soup:
            fault.soup = list(DEFAULT_SOUP)
        with self._lock:
            fault.id, self._next_id = self._next_id, self._next_id + 1
            self._faults.append(fault)
        return fault

    def switch_off(self, fault_id: int | None = None) -> None:
        """Remove one fault, or all of them."""
        with self._lock:
            self._faults = [each for each in self._faults if fault_id is not None and each.id != fault_id]

    def switch_off_scenario(self, name: str) -> None:
        """Remove the faults of one scenario."""
        with self._lock:
            self._faults = [each for each in self._faults if each.scenario != name]

    def is_under_way(self, scenario: str) -> bool:
        """Will a fault of this scenario still meet a call?"""
        with self._lock:
            return any(each.scenario == scenario and each.count != 0 for each in self._faults)

    def listed(self) -> list[dict[str, object]]:
        """What is switched on, with the number of calls it met."""
        with self._lock:
            return [asdict(each) for each in self._faults]

    def meeting(self, request: Request, brand: str) -> Fault | None:
        """The first fault that meets this call; it is used up by one."""
        with self._lock:
            for fault in self._faults:
                if not _fits(fault, request, brand):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.probability < 1 and self._source.random() >= fault.probability:
                    continue
                if fault.count is not None:
                    fault.count -= 1
                fault.hits += 1
                return replace(fault, kind=self._source.choice(fault.soup)) if fault.kind == "soup" else fault
        return None


def _fits(fault: Fault, request: Request, brand: str) -> bool:
    if (fault.count is not None and fault.count <= 0) or fault.method not in ("*", request.method):
        return False
    if fault.brand not in ("*", brand) or not fnmatchcase(request.path, fault.path):
        return False
    if fault.kind in EXPORT_MODES:
        return request.method == "POST" and request.path.endswith("/export-responses")
    if fault.kind in SPOIL_FILE:
        return request.path.endswith("/file")
    if fault.kind in SPOIL_PAGE:
        return request.method == "GET" or request.path.endswith("/search")
    if fault.kind == "progress_404":
        return (
            request.method == "GET"
            and fnmatchcase(request.path, "*/export-responses/*")
            and not request.path.endswith("/file")
        )
    if fault.kind == "file_404":
        return request.path.endswith("/file")
    return True


def known(kind: object) -> bool:
    """Is there such a fault?"""
    return isinstance(kind, str) and (kind in all_kinds() or (kind.isdecimal() and 400 <= int(kind) <= 599))


def all_kinds() -> list[str]:
    """Every kind but the plain status numbers (`401`, `429`, `500`, ...), which are kinds too."""
    return sorted({*BEFORE, *AFTER, *SPOIL_FILE, *SPOIL_PAGE, *EXPORT_MODES, "echo", "soup"})


def before(fault: Fault, request: Request) -> HttpResponse | None:
    """The response of a fault that keeps the call from being worked on."""
    if fault.kind.isdecimal():
        return _status(fault, int(fault.kind))
    if fault.kind == "echo":
        return _echo(request)
    make = BEFORE.get(fault.kind)
    return make(fault) if make else None


def after(fault: Fault, response: HttpResponse, request: Request) -> HttpResponse:
    """What a fault makes of a response that was worked out in earnest."""
    if fault.kind in AFTER:
        return AFTER[fault.kind](fault, response)
    if fault.kind in SPOIL_FILE and isinstance(response.body, Path):
        return replace(response, body=SPOIL_FILE[fault.kind](fault, response.body))
    if fault.kind in SPOIL_PAGE and response.status == 200 and isinstance(response.body, bytes):
        content = orjson.loads(response.body)
        if isinstance(content.get("result"), dict) and "nextPage" in content["result"]:
            content["result"]["nextPage"] = SPOIL_PAGE[fault.kind](fault, request)
            return replace(response, body=orjson.dumps(content))
    return response


# -- faults in place of a response


def _status(fault: Fault, status: int) -> HttpResponse:
    code, message = WORDS.get(status, (f"SBX_{status}", "Error"))
    instance = f"sandbox-{fault.hits:04}" if status == 500 else None
    response = failure(Refusal(status, code, message, retry_after=fault.retry_after, instance_id=instance))
    if fault.html:
        response.body, response.content_type = HTML, "text/html"
    return response


def _echo(request: Request) -> HttpResponse:
    """An error that repeats what was sent, token and all, as it is and in base64."""
    sent = "; ".join(
        f"{name}: {value} ({base64.b64encode(value.encode()).decode()})" for name, value in request.headers.items()
    )
    return failure(Refusal(400, "SBX_400", f"Not understood: {sent}"))


def _redirect(fault: Fault) -> HttpResponse:
    return HttpResponse(302, b"", headers={"Location": f"http://{fault.host}/API/v3/whoami"})


BEFORE: dict[str, Callable[[Fault], HttpResponse]] = {
    "html_200": lambda fault: HttpResponse(200, HTML, "text/html"),
    "json_error_200": lambda fault: replace(_status(fault, 500), status=200),
    "empty_body": lambda fault: HttpResponse(200, b""),
    "redirect": _redirect,
    "huge_body": lambda fault: HttpResponse(200, b'{"result":', length=fault.size * 1_000_000),
    "progress_404": lambda fault: failure(Refusal(404, "SBX_404", "Export progress not found.")),
    "file_404": lambda fault: failure(Refusal(404, "SBX_404", "Export file not found.")),
    "cut_before_answer": lambda fault: HttpResponse(200, b" ", cut_at=-1),
}

# -- faults on the way back

AFTER: dict[str, Callable[[Fault, HttpResponse], HttpResponse]] = {
    "delay": lambda fault, response: replace(response, delay=fault.seconds),
    "throttle": lambda fault, response: replace(response, throttle=(max(1, fault.size), fault.seconds)),
    "cut": lambda fault, response: replace(response, cut_at=fault.size),
    "lost_answer": lambda fault, response: replace(response, cut_at=-1),  # the work was done, nobody hears of it
}

# -- spoiled export files


def _corrupt(fault: Fault, path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    start = 30 + struct.unpack_from("<H", content, 26)[0]
    for place in range(start + 20, min(start + 60, len(content) - 80)):
        content[place] ^= 0xFF
    return bytes(content)


def _bad_checksum(fault: Fault, path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    content[content.rindex(b"PK\x07\x08") + 4] ^= 0xFF
    content[content.rindex(b"PK\x01\x02") + 16] ^= 0xFF
    return bytes(content)


def _truncated(fault: Fault, path: Path) -> bytes:
    content = path.read_bytes()
    return content[: len(content) * 2 // 3]


def _archive(entries: list[tuple[str, list[bytes]]]) -> bytes:
    sink = _Sink()
    write_zip(sink, entries)  # type: ignore[arg-type]
    return bytes(sink.content)


class _Sink:
    def __init__(self) -> None:
        self.content = bytearray()

    def tell(self) -> int:
        return len(self.content)

    def write(self, piece: bytes) -> None:
        self.content += piece


def _renamed(path: Path, name: bytes) -> bytes:
    """The same archive with another name of the entry in both places."""
    content = path.read_bytes()
    old = struct.unpack_from("<H", content, 26)[0]
    start = content.rindex(b"PK\x01\x02")
    local = content[:26] + struct.pack("<H", len(name)) + content[28:30] + name + content[30 + old : start]
    central = content[start : start + 28] + struct.pack("<H", len(name)) + content[start + 30 : start + 46] + name
    end = content[content.rindex(b"PK\x05\x06") :]
    size = struct.pack("<II", len(central), len(local))
    return local + central + end[:12] + size + end[20:]


def _second_entry(fault: Fault, path: Path) -> bytes:
    content = path.read_bytes()
    start = content.rindex(b"PK\x01\x02")
    central, end = content[start : content.rindex(b"PK\x05\x06")], content[content.rindex(b"PK\x05\x06") :]
    other = _archive([("second.ndjson", [b'{"responseId":"R_secondEntry0001","values":{}}\n'])])
    other_start = other.rindex(b"PK\x01\x02")
    other_central = bytearray(other[other_start : other.rindex(b"PK\x05\x06")])
    struct.pack_into("<I", other_central, 42, start)
    directory = central + bytes(other_central)
    end = end[:8] + struct.pack("<HHII", 2, 2, len(directory), start + other_start) + end[20:]
    return content[:start] + other[:other_start] + directory + end


def _encrypted(fault: Fault, path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    content[6] |= 1
    content[content.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def _lying_size(fault: Fault, path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.rindex(b"PK\x01\x02") + 24, 10)
    return bytes(content)


def _bomb(fault: Fault, path: Path) -> bytes:
    piece = b" " * 1_000_000
    return _archive([("bomb.ndjson", [piece] * max(1, fault.size))])


SPOIL_FILE: dict[str, Callable[[Fault, Path], bytes]] = {
    "corrupt_zip": _corrupt,
    "bad_checksum_zip": _bad_checksum,
    "truncated_zip": _truncated,
    "empty_zip": lambda fault, path: _archive([]),
    "empty_entry_zip": lambda fault, path: _archive([("empty.ndjson", [])]),
    "two_entry_zip": _second_entry,
    "odd_name_zip": lambda fault, path: _renamed(path, "../../étrange:… \\x.ndjson".encode()),
    "long_name_zip": lambda fault, path: _renamed(path, b"n" * 300),
    "encrypted_zip": _encrypted,
    "lying_size_zip": _lying_size,
    "zip_bomb": _bomb,
    "not_a_zip": lambda fault, path: HTML,
}

# -- misleading pages

SPOIL_PAGE: dict[str, Callable[[Fault, Request], str]] = {
    "next_page_elsewhere": lambda fault, request: f"https://{fault.host}{request.path}?offset=100",
    "next_page_loop": lambda fault, request: (
        f"{request.base_url}{request.path}" + (f"?{request.query_text}" if request.query else "")
    ),
    "next_page_endless": lambda fault, request: f"{request.base_url}{request.path}?offset=0&again={fault.hits}",
}

DEFAULT_SOUP = ("429", "500", "503", "504", "cut_before_answer", "html_200", "empty_body", "delay")
_DETAILS: dict[str, type | tuple[type, ...]] = {
    "path": str, "method": str, "brand": str, "count": (int, type(None)), "probability": (int, float), "skip": int,
    "retry_after": (str, int, type(None)), "html": bool, "seconds": (int, float), "size": int, "host": str,
    "soup": list, "scenario": str,
}  # fmt: skip
