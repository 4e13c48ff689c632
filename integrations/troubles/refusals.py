"""The bases of what is raised when something cannot be done: a code for programs, a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.utils.functional import Promise

from integrations.troubles.table import Explanation, explain


class Refusal(Exception):
    """It cannot be done as things stand. `facts` are told to programs beside the code.

    The REST API answers it with `http_status`: see `config/rest_api/problems.py`. Pages show its `sentence`.
    """

    code = ""
    words: str | Promise = ""  # the sentence, where the code has no row in the table
    http_status: int = HTTPStatus.CONFLICT

    def __init__(self, code: str = "", **facts: Any) -> None:
        self.code = code or self.code
        self.facts = facts
        super().__init__(self.code)

    @property
    def explanation(self) -> Explanation:
        """Title and advice of the code's row, in the active language."""
        return explain(self.code)

    @property
    def sentence(self) -> str:
        """Why it cannot be done, in the active language."""
        return str(self.words or self.explanation)


class InvalidInput(Exception):
    """What was typed cannot be: `errors` holds a sentence for each field. The REST API answers it with 400."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(" ".join(errors.values()))
        self.errors = errors
