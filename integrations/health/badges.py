"""How pages show alerts."""

from __future__ import annotations

from collections.abc import Iterable

from integrations.models import Alert
from integrations.troubles.table import Explanation

# Kind of an alert → tone and icon of its badge.
LOOKS = {
    Alert.Kind.STOPPED: ("bad", "circle-x"),
    Alert.Kind.FAILING: ("bad", "circle-x"),
    Alert.Kind.STALE: ("warn", "clock-alert"),
    Alert.Kind.ATTENTION: ("warn", "triangle-alert"),
    Alert.Kind.DRIFT: ("warn", "triangle-alert"),
    Alert.Kind.WATCH: ("warn", "radio"),
    Alert.Kind.STEP: ("bad", "timer-off"),
}


def as_rows(alerts: Iterable[Alert]) -> list[tuple[Alert, str, str, Explanation]]:
    """Each with tone and icon of its badge, and what it means."""
    return [(alert, *LOOKS[Alert.Kind(alert.kind)], alert.explanation) for alert in alerts]
