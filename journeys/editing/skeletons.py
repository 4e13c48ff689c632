"""What a new journey map may start with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from journeys.models import Lane


class Skeleton(TextChoices):
    """The choices; see `spec_of` for what each holds."""

    TEMPLATE = "template", gettext_lazy("Template: three phases, six stages and the usual lanes")
    BLANK = "blank", gettext_lazy("Blank map")


def _blank() -> dict[str, Any]:
    return {}


def _template() -> dict[str, Any]:
    return {
        "phases": [
            {"name": _("Before"), "stages": [_("Discover"), _("Decide")]},
            {"name": _("During"), "stages": [_("Begin"), _("Use")]},
            {"name": _("Afterwards"), "stages": [_("Get help"), _("Come back")]},
        ],
        "lanes": [
            {"kind": Lane.Kind.TEXT, "name": _("What the customer does")},
            {"kind": Lane.Kind.INTERACTIONS},
            {"kind": Lane.Kind.SENTIMENT},
            {"kind": Lane.Kind.PAINS},
            {"kind": Lane.Kind.GAINS},
            {"kind": Lane.Kind.FEEDBACK},
            {"kind": Lane.Kind.KPI},
            {"kind": Lane.Kind.OPPORTUNITIES},
        ],
    }


_SPECS: dict[str, Callable[[], dict[str, Any]]] = {Skeleton.BLANK: _blank, Skeleton.TEMPLATE: _template}


def spec_of(skeleton: str) -> dict[str, Any]:
    """Phases, stages and lanes of this skeleton, in the language of whoever starts the map."""
    return _SPECS[skeleton]()
