"""One choice of several, as an answer of its own: chosen or not, of those who answered the question at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NOT_SHOWN: Any = object()
_NOTHING: tuple[Any, ...] = (None, "", [])


class OneOfSeveral:
    """Reads whether a choice was chosen.

    A question with several answers is one field with a list ("QID5=4": choice 4 in the list of QID5), or a field for each
    choice that only those have who chose it ("QID6_1_2": choice 2 of row 1).
    """

    def __init__(self, field: str, question: int) -> None:
        self.question = question
        self._field, is_list, self._code = field.rpartition("=")
        if not is_list:
            self._field, self._siblings = field, f"{field.rpartition('_')[0]}_"
        self._is_list = bool(is_list)

    def read(self, values: Mapping[str, Any], displayed: Any) -> int | None:
        """1 or 0; None if the question was shown and nothing chosen; `NOT_SHOWN` if it was not."""
        value = values.get(self._field)
        if self._is_list and value not in _NOTHING:
            return int(self._code in map(str, value if isinstance(value, list) else [value]))
        if not self._is_list and any(
            field.startswith(self._siblings) and field.rpartition("_")[2].isdecimal() and _is_chosen(each)
            for field, each in values.items()
        ):
            return int(_is_chosen(value))
        return None if isinstance(displayed, list) and self._field in displayed else NOT_SHOWN


def _is_chosen(value: Any) -> bool:
    return value not in (*_NOTHING, 0, "0")
