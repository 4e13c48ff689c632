"""A tiny client of the control surface, for programs that are not in the sandbox's process."""

import json
import urllib.error
import urllib.request
from functools import partial
from typing import Any


class ControlError(Exception):
    """The control surface said no, and why."""


class ControlClient:
    """Calls actions by name: `ControlClient(url).add_response(survey="post-journey")`."""

    def __init__(self, url: str, timeout: float = 60) -> None:
        self._root = f"{url.rstrip('/')}/_sandbox"
        self._timeout = timeout
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def __getattr__(self, action: str) -> Any:
        if action.startswith("_"):
            raise AttributeError(action)
        return partial(self._call, action)

    def _call(self, action: str, **arguments: Any) -> Any:
        request = urllib.request.Request(  # noqa: S310 (the address of the sandbox)
            f"{self._root}/{action}", json.dumps(arguments).encode(), {"Content-Type": "application/json"}
        )
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                return json.load(response)["result"]
        except urllib.error.HTTPError as refused:
            with refused:
                raise ControlError(json.load(refused)["error"]) from None
