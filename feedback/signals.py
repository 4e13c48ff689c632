"""What this app tells others, who may stand above it and are not known here."""

from django.dispatch import Signal

# Sent inside the transaction of a action after which other data must be fetched, or more, or fewer, or at other times.
# Arguments: `survey`, a `feedback.models.Survey`.
demand_changed = Signal()

# Sent inside the transaction in which a survey's twin goes, after its rows have moved and before they are forgotten: whoever
# keeps anything by survey or question gives it to the survey, or restates it. Arguments: `survey` and `twin`, both a
# `feedback.models.Survey`.
survey_joined = Signal()
