"""Responses of the REST API that say in a sentence why something cannot be done, and in a code for programs."""

from __future__ import annotations

from typing import Any

from rest_framework import status
from rest_framework.exceptions import APIException


class ApiRefusal(APIException):
    """An answer that says in a sentence why not, and in a code for programs; with more facts where they help."""

    def __init__(self, code: str, detail: str, **facts: Any) -> None:
        super().__init__()
        answer: Any = {"detail": detail, "code": code, **facts}
        self.detail = answer  # as it is: numbers stay numbers


class VendorTrouble(ApiRefusal):
    """502: Qualtrics could not be asked, or did not answer as it should."""

    status_code = status.HTTP_502_BAD_GATEWAY


class Refused(ApiRefusal):
    """409: this cannot be done as things stand."""

    status_code = status.HTTP_409_CONFLICT
