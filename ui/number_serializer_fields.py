"""Numbers in the REST API: JSON numbers, with the bounds that pages have."""

from __future__ import annotations

import re
from typing import Any

from rest_framework import serializers

from ui.typed_numbers import ANY, Bounds

_JSON = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


class NumberField(serializers.FloatField):
    """A number within bounds. A text, as forms send it, must be written as JSON writes numbers."""

    def __init__(self, *, bounds: Bounds = ANY, **options: Any) -> None:
        # The range for the description; what is said of a number outside of it comes from the bounds themselves.
        super().__init__(min_value=bounds.least, max_value=bounds.most, **options)
        self.bounds = bounds

    def to_internal_value(self, data: Any) -> float:
        """Read a number. Raises `ValidationError`."""
        if isinstance(data, bool) or (isinstance(data, str) and not _JSON.fullmatch(data)):
            self.fail("invalid")
        try:
            value = super().to_internal_value(data)
        except OverflowError:  # a whole number beyond what a float holds
            self.fail("invalid")
        if problem := self.bounds.problem(value):
            raise serializers.ValidationError(problem, code="bounds")
        return value
