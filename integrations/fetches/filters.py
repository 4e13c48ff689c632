"""What the ledger and the list of distributions can be narrowed down to, on its page and in the API."""

from __future__ import annotations

import django_filters
from django.utils.translation import gettext_lazy as _

from integrations.models import Connection, Distribution, Fetch
from ui.filters import IdFilter


class FetchFilter(django_filters.FilterSet):
    """By connection, survey, state and trigger."""

    connection = django_filters.ModelChoiceFilter(
        queryset=Connection.objects.all(), label=_("Connection"), empty_label=_("All")
    )
    survey = IdFilter(field_name="feed__survey", label=_("Survey"))
    state = django_filters.ChoiceFilter(choices=Fetch.State.choices, label=_("State"), empty_label=_("All"))
    trigger = django_filters.ChoiceFilter(choices=Fetch.Trigger.choices, label=_("Trigger"), empty_label=_("All"))

    class Meta:
        model = Fetch
        fields: list[str] = []


class DistributionFilter(django_filters.FilterSet):
    """By state, kind and connection."""

    state = django_filters.ChoiceFilter(choices=Distribution.State.choices, label=_("State"), empty_label=_("All"))
    kind = django_filters.ChoiceFilter(choices=Distribution.Kind.choices, label=_("Kind"), empty_label=_("All"))
    connection = django_filters.ModelChoiceFilter(
        queryset=Connection.objects.all(), label=_("Connection"), empty_label=_("All")
    )

    class Meta:
        model = Distribution
        fields: list[str] = []
