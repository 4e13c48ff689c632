"""What this app tells others, who may stand above it and are not known here."""

from django.dispatch import Signal

# Sent inside the transaction of a action after which other data must be fetched, or more, or fewer, or at other times.
# Arguments: `survey`, a `feedback.models.Survey`.
demand_changed = Signal()
