"""What comes in and what goes out: requests, responses, the envelope and its errors."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from sandbox.state.refusal import Refusal

STATUS_WORDS = {
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Request Entity Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Temporary Internal Server Error",
    504: "Gateway Timeout",
}


@dataclass(slots=True)
class Request:
    """One HTTP request, read whole."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]  # names in lower case
    body: bytes
    data_centre: str
    base_url: str

    @property
    def query_text(self) -> str:
        """The query as it is logged."""
        return "&".join(f"{name}={value}" for name, value in self.query.items())


@dataclass(slots=True)
class HttpResponse:
    """One HTTP response and how it is sent; a fault may change either."""

    status: int
    body: bytes | Path = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0  # seconds before the first byte
    cut_at: int | None = None  # bytes of the body that are sent before the connection is cut
    throttle: tuple[int, float] | None = None  # bytes per piece, seconds between pieces
    length: int | None = None  # padded to this many bytes, made while sending

    def size(self) -> int:
        """Bytes of the body that the header announces."""
        if self.length is not None:
            return self.length
        return self.body.stat().st_size if isinstance(self.body, Path) else len(self.body)


def status_text(status: int) -> str:
    """`200 - OK`"""
    return f"{status} - {STATUS_WORDS.get(status, 'Error')}"


def json_response(status: int, content: object) -> HttpResponse:
    """Compact JSON, as everything of the vendor's API is."""
    return HttpResponse(status, orjson.dumps(content))


def success(
    result: object = None, *, status: int = 200, notice: str | None = None, meta_first: bool = False
) -> HttpResponse:
    """The envelope of everything that went well; without a result it holds `meta` only."""
    meta: dict[str, object] = {"httpStatus": status_text(status), "requestId": str(uuid.uuid4())}
    if meta_first:  # the order of keys differs by endpoint in the real one
        meta = dict(reversed(meta.items()))
    if notice:
        meta["notice"] = notice
    if result is None:
        return json_response(status, {"meta": meta})
    if meta_first:
        return json_response(status, {"meta": meta, "result": result})
    return json_response(status, {"result": result, "meta": meta})


def failure(refusal: Refusal, *, notice: str | None = None) -> HttpResponse:
    """The envelope of an error: `meta` with `error`, and no `result`."""
    error = {"errorMessage": refusal.message, "errorCode": refusal.code}
    if refusal.instance_id:
        error["instanceId"] = refusal.instance_id
    meta: dict[str, object] = {
        "httpStatus": status_text(refusal.status),
        "error": error,
        "requestId": None if refusal.without_request_id else str(uuid.uuid4()),
    }
    if notice:
        meta["notice"] = notice
    response = json_response(refusal.status, {"meta": meta})
    if refusal.retry_after is not None:
        response.headers["Retry-After"] = refusal.retry_after
    return response
