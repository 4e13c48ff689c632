"""What other apps may want to hear from this one. They are sent inside the transaction of the change."""

from django.dispatch import Signal

# Arguments: organisation (as it is now), old_time_zone. Days are local dates: whoever counts by day counts again.
organisation_time_zone_changed = Signal()
