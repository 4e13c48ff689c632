"""A text that must not be seen by accident: not in a log, an error page, a form or a message queue."""

import hmac
from typing import NoReturn

MASK = "[secret]"


class Secret:
    """Wraps a secret text; only `reveal()` gives it back.

    Printing, formatting and converting it to text show a mask; writing it as JSON or pickling it fails.
    """

    __slots__ = ("_value",)
    __hash__ = None  # type: ignore[assignment]  # a hash would let somebody test guesses offline

    def __init__(self, value: str) -> None:
        if not isinstance(value, str):
            raise TypeError("A secret is made from text.")
        self._value = value

    def reveal(self) -> str:
        """The secret itself. Every call is a place to look at when secrets leak."""
        return self._value

    def __repr__(self) -> str:
        return MASK

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(
            self._value.encode("utf-8", "surrogatepass"), other._value.encode("utf-8", "surrogatepass")
        )

    def __copy__(self) -> "Secret":
        return self

    def __deepcopy__(self, memo: dict) -> "Secret":
        return self

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("A secret is never pickled.")
