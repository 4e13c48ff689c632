"""What the ledger can be narrowed down to, on its page and in the API."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from integrations.models import Connection, Fetch


class FetchFilter(django_filters.FilterSet):
    """By connection, survey, state and trigger."""

    connection = django_filters.ModelChoiceFilter(
        field_name="feed__connection", queryset=Connection.objects.all(), label=_("Connection"), empty_label=_("All")
    )
    survey = django_filters.NumberFilter(field_name="feed__survey", label=_("Survey"))
    state = django_filters.ChoiceFilter(choices=Fetch.State.choices, label=_("State"), empty_label=_("All"))
    trigger = django_filters.ChoiceFilter(choices=Fetch.Trigger.choices, label=_("Trigger"), empty_label=_("All"))

    class Meta:
        model = Fetch
        fields: list[str] = []
