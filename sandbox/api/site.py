"""The whole sandbox without its sockets: takes a request, gives a response, remembers the call."""

import hashlib
import threading
import time
from collections import Counter, deque
from dataclasses import dataclass, field

from sandbox.api import (  # noqa: F401 (register their addresses)
    addresses,
    directory,
    distributions,
    faults,
    identity,
    libraries,
    responses,
    subscriptions,
    surveys,
)
from sandbox.api.addresses import MAX_BODY, ROOT, Call, Services
from sandbox.api.envelope import HttpResponse, Request, failure
from sandbox.api.faults import Faults
from sandbox.api.limits import Buckets
from sandbox.api.oauth import Authenticator, check_scope
from sandbox.exports.jobs import Exports
from sandbox.state.clock import iso
from sandbox.state.distributions import Distributions
from sandbox.state.refusal import Refusal
from sandbox.state.webhooks import Webhooks
from sandbox.state.world import User, World

SECRET_HEADERS = frozenset({"x-api-token", "authorization"})
VENDOR_HEADERS = {
    "x-frame-options": "DENY",
    "x-permitted-cross-domain-policies": "master-only",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-content-type-options": "nosniff",
}
PROXIED = "Request proxied. For faster response times, use this host instead: {}"


@dataclass
class CallLog:
    """The received calls, newest last; tokens are kept as a short digest only."""

    calls: deque[dict[str, object]] = field(default_factory=lambda: deque(maxlen=20_000))
    counts: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(
        self, request: Request, response: HttpResponse, endpoint: str, at: int, fault: str | None, brand: str
    ) -> None:
        """Remember one call."""
        headers = {name: digest(value) if name in SECRET_HEADERS else value for name, value in request.headers.items()}
        entry = {
            "method": request.method,
            "path": request.path,
            "query": request.query_text,
            "headers": headers,
            "body": request.body[:65536].decode("utf-8", "replace"),
            "status": response.status,
            "endpoint": endpoint,
            "data_centre": request.data_centre,
            "brand": brand,
            "fault": fault,
            "at": iso(at),
        }
        with self.lock:
            self.calls.append(entry)
            self.counts[f"{endpoint} {response.status}"] += 1

    def clear(self) -> None:
        """Forget every call."""
        with self.lock:
            self.calls.clear()
            self.counts.clear()


def digest(secret: str) -> str:
    """A short name for a secret: tells two apart, gives none away."""
    return f"sha256:{hashlib.sha256(secret.encode()).hexdigest()[:12]}"


class Site:
    """The imitated API over one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.faults = Faults(world.seed)
        self.log = CallLog()
        self.services = Services(
            world, Exports(world), Webhooks(world), Authenticator(world), Buckets(), Distributions(world)
        )

    def respond(self, request: Request) -> HttpResponse:
        """One call to the imitated API."""
        started = time.perf_counter()
        self.world.settle()
        call = _Work(self, request)
        response = call.respond()
        response.headers = {
            "request-time": str(round((time.perf_counter() - started) * 1000)),
            **VENDOR_HEADERS,
            **response.headers,
        }
        fault = call.fault.kind if call.fault else None
        self.log.note(request, response, call.endpoint, self.world.clock.now(), fault, call.brand)
        return response

    def close(self) -> None:
        """Stop background work and remove files."""
        self.services.webhooks.stop()
        self.services.exports.close()
        self.world.close()


class _Work:
    """What is found out about one call on the way to its response."""

    def __init__(self, site: Site, request: Request) -> None:
        self.site = site
        self.request = request
        self.endpoint = f"{request.method} {request.path}"
        self.notice: str | None = None
        self.brand = ""
        self.fault: faults.Fault | None = None

    def respond(self) -> HttpResponse:
        user = self.site.services.authenticator.caller(self.request)
        self.brand = user.brand if user else ""
        self.fault = self.site.faults.meeting(self.request, self.brand)
        try:
            instead = faults.before(self.fault, self.request) if self.fault else None
            if instead is not None:
                self._name_endpoint()
                return instead
            response = self._earnest_response()
        except Refusal as refusal:
            response = failure(refusal, notice=self.notice)
        return faults.after(self.fault, response, self.request) if self.fault else response

    def _name_endpoint(self) -> None:
        try:
            self.endpoint = addresses.route(self.request)[0]
        except Refusal:
            self.endpoint = "unknown"

    def _earnest_response(self) -> HttpResponse:
        request, services = self.request, self.site.services
        if request.path == "/oauth2/token" and request.method == "POST":
            self.endpoint = "POST /oauth2/token"
            return services.authenticator.grant(request)
        self._name_endpoint()
        if not request.path.startswith(f"{ROOT}/"):
            raise Refusal(404, "UNF_9", "Resource not found")
        user, grant = services.authenticator.identify(request)
        self.brand = user.brand
        home = self.site.world.brands[user.brand].data_centre
        if home != request.data_centre:
            if grant:
                raise Refusal(401, "SBX_401", "The access token belongs to another data center.")
            self.notice = PROXIED.format(self._host_of(home))
        if grant:
            check_scope(grant, request.method, request.path.removeprefix(ROOT))
        if len(request.body) > MAX_BODY:
            raise Refusal(413, "SBX_413", "The request body is too large.")
        endpoint, handler, parts = addresses.route(request)
        if self.site.world.settings.limits:
            services.buckets.take(user.brand, endpoint, self.site.world.settings.limit_per_minute)
        return handler(self._call(user, home), **parts)

    def _call(self, user: User, home: str) -> Call:
        mode = faults.EXPORT_MODES.get(self.fault.kind) if self.fault else None
        url = self.request.base_url if self.notice is None else self._url_of(home)
        return Call(self.request, self.site.services, user, self.notice, url, mode)

    def _vendor_like(self) -> bool:
        return self.request.headers.get("host", "").split(":")[0].endswith(".qualtrics.com")

    def _host_of(self, data_centre: str) -> str:
        if self._vendor_like():
            return f"{data_centre}.qualtrics.com"
        return self.site.world.hosts.get(data_centre, f"{data_centre}.qualtrics.com")

    def _url_of(self, data_centre: str) -> str:
        return f"{'https' if self._vendor_like() else 'http'}://{self._host_of(data_centre)}"
