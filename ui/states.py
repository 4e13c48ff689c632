"""How states look: tone, icon, words. The apps that know the states register them when they start; never the colour alone."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise

Look = tuple[str, str, str | Promise]
LOOKS: dict[str, Look] = {}


def register_states(looks: Mapping[str, Look]) -> None:
    """Let `{% state_badge %}` draw these states: name → tone, icon, words."""
    LOOKS.update(looks)
