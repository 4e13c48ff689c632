"""The form for a webhook that hears of alerts."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from integrations.health.endpoints import LONGEST_URL, AddressRefused, public_url


class AlertTargetForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=120, help_text=_("For example the tool or the team that listens.")
    )
    url = forms.CharField(
        label=_("Address"),
        max_length=LONGEST_URL,
        help_text=_("Where messages are posted to: https and a public address."),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_url(self) -> str:
        try:
            return public_url(self.cleaned_data["url"])
        except AddressRefused as refused:
            raise forms.ValidationError(refused.sentence, code=refused.code) from None
