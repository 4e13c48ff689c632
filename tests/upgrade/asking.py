"""Asks a site for API answers and pages as its users would: `python -m tests.upgrade.asking WHAT ANSWERS`.

Run in a process of its own, whose environment names the database. WHAT and ANSWERS are JSON files. The clock stands still
at the moment of the sample, nothing is reached over the network, and each request is rolled back: the next one finds the
same rows.
"""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

import django
import time_machine

django.setup()

from django.conf import settings  # noqa: E402 (Django has to be ready)
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402

from tests.upgrade.naming import names  # noqa: E402
from tests.upgrade.present import opened_secrets  # noqa: E402

LOGIN = "/accounts/login/"


def ask(wanted: dict[str, Any]) -> dict[str, Any]:
    """`{"api": {address: answer}, "pages": {address: {role: status}}, "secrets": {place: secret}, "names": {kind: names}}`.

    An answer of the API other than 200 is its status.
    """
    bearer = {"Authorization": f"Bearer {wanted['token']}"}
    clients = {role: _signed_in(email, wanted["password"]) for role, email in wanted["people"].items()}
    return {
        "api": {address: _json(Client(), address, bearer) for address in wanted["api"]},
        "pages": {
            address: {role: _get(client, address).status_code for role, client in clients.items()}
            for address in wanted["pages"]
        },
        "secrets": opened_secrets(),
        "names": names(),
    }


def _signed_in(email: str, password: str) -> Client:
    client = Client()
    answer = client.post(LOGIN, {"username": email, "password": password})
    assert answer.status_code == 302, f"{email} cannot sign in: {answer.status_code}"
    return client


def _get(client: Client, address: str, headers: dict[str, str] | None = None) -> Any:
    with transaction.atomic():
        answer = client.get(address, headers=headers or {})
        if answer.streaming:
            list(answer.streaming_content)
        transaction.set_rollback(True)
    return answer


def _json(client: Client, address: str, headers: dict[str, str]) -> Any:
    answer = _get(client, address, headers)
    return answer.json() if answer.status_code == 200 else answer.status_code


def _nobody_there(*_args: Any, **_kwargs: Any) -> Any:
    raise socket.gaierror(socket.EAI_NONAME, "No network in this process")


def main(source: str, target: str) -> None:
    wanted = json.loads(Path(source).read_text(encoding="utf-8"))
    socket.getaddrinfo = _nobody_there
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}  # nothing is collected here
    with time_machine.travel(wanted["moment"], tick=False):
        found = ask(wanted)
    Path(target).write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
