"""Numbers on pages: one field, which reads what people type in their language."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from ui.typed_numbers import ANY, COUNT, Bounds, NotUnderstood, read_number, written


class NumberField(forms.Field):
    """A number within bounds; None where it is left empty. A refusal says why."""

    def __init__(self, *, bounds: Bounds = ANY, **options: Any) -> None:
        # Not a number field of the browser: that one knows one way to write a number, its own.
        options.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}))
        super().__init__(**options)
        self.bounds = bounds

    def to_python(self, value: Any) -> float | None:
        """Read a text; a number stays what it is."""
        if value in self.empty_values:
            return None
        if isinstance(value, int | float):
            return float(value)
        try:
            return read_number(str(value))
        except NotUnderstood as refusal:
            raise ValidationError(str(refusal), code="invalid") from refusal

    def validate(self, value: Any) -> None:
        """Refuse what is out of bounds."""
        super().validate(value)
        if value is not None and (problem := self.bounds.problem(value)):
            raise ValidationError(problem, code="bounds")

    def prepare_value(self, value: Any) -> Any:
        """A stored number as the person would type it; what was typed stays as it was."""
        return written(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


class WholeNumberField(NumberField):
    """A whole number within bounds, such as a number of answers."""

    def __init__(self, *, bounds: Bounds = COUNT, **options: Any) -> None:
        options.setdefault("widget", forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"}))
        super().__init__(bounds=bounds, **options)

    def to_python(self, value: Any) -> int | None:
        """Read a text; what has decimals is refused."""
        number = super().to_python(value)
        if number is None:
            return None
        if not number.is_integer():
            raise ValidationError(_("Enter a whole number."), code="invalid")
        return int(number)
