"""Lists that can be filtered by what stands in their address."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.core.validators import MaxValueValidator
from django.http import HttpRequest

from ui.numbers import LARGEST_ID


class IdFilter(django_filters.NumberFilter):
    """By the primary key of another row; what cannot be one is refused."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, min_value=0, **options)

    def get_max_validator(self) -> MaxValueValidator:
        return MaxValueValidator(LARGEST_ID)


def is_filtered(request: HttpRequest) -> bool:
    """Whether the address chooses among the rows; which page of them is no choice."""
    return any(name != "page" for name in request.GET)
