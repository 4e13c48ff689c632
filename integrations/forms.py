"""Forms of the Integration Centre."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback.models import Frequency
from integrations.connections import SETTINGS
from integrations.models import Connection
from integrations.qualtrics.errors import HostRefused
from integrations.qualtrics.hosts import Host, normalise_host
from integrations.qualtrics.messages import explain
from integrations.secret import Secret
from integrations.token_text import TokenRefusedAsText, read_token


class HostField(forms.CharField):
    """A data-centre id, a host or an address copied from the browser, brought into the one way of writing it."""

    def clean(self, value: Any) -> Host | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return normalise_host(text)
        except HostRefused as refused:
            raise forms.ValidationError(" ".join(explain(refused.code, **refused.params)), code=refused.code) from None


class TokenField(forms.CharField):
    """Goes in, never comes out: the page is never sent what was typed, not even after an error."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"})
        super().__init__(widget=widget, max_length=200, **kwargs)

    def clean(self, value: Any) -> Secret | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return read_token(text)
        except TokenRefusedAsText as refused:
            raise forms.ValidationError(str(refused), code="token_malformed") from None


class ConnectionForm(forms.ModelForm):
    """A new or an existing connection. Saving is the deeds' business: see `connections.py`."""

    host = HostField(
        label=_("Host"),
        max_length=2048,
        help_text=_(
            "The data centre ID (Account Settings, Qualtrics IDs), for example fra1, or the address of your Qualtrics."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    token = TokenField(label=_("API token"))
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Connection
        fields = SETTINGS
        widgets = {
            "frequency": forms.RadioSelect,
            "at_time": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        help_texts = {"enabled": _("While switched off, nothing is retrieved through this connection.")}

    fields: Any
    data: Any
    initial: Any
    field_order = ["name", "host", "token", "frequency", "weekday", "at_time", "enabled"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored_host = self.instance.host
        # Only what the chosen frequency uses is asked for; `reveal.js` shows the fields that belong to it.
        self.fields["weekday"].required = self.fields["at_time"].required = False
        self.fields["frequency"].choices = Frequency.choices
        token = self.fields["token"]
        if self.instance.pk:
            self.initial |= {"host": self.instance.host, "version": self.instance.version}
            token.required = False
            token.help_text = _("Leave empty to keep the stored token. It is never shown again.")
        else:
            token.help_text = _("It is stored encrypted and never shown again.")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if self.instance.pk:
            host = values.get("host")
            if host and host.name != self.stored_host and not values.get("token") and "token" not in self.errors:
                self.add_error("token", forms.ValidationError(TOKEN_AGAIN, code="token_needed"))
        for name in ("at_time", "weekday"):
            if values.get(name) in (None, "") and name not in self.errors:
                field: Any = Connection._meta.get_field(name)
                values[name] = getattr(self.instance, name) or field.default
        return values

    def see(self, version: int) -> None:
        """The next attempt is made in knowledge of this version."""
        self.data = self.data.copy()
        self.data["version"] = str(version)

    def settings(self) -> dict[str, Any]:
        """What a person may set directly."""
        return {name: self.cleaned_data[name] for name in SETTINGS}


TOKEN_AGAIN = _(
    "The host has changed. Type the API token again: the stored one is only ever sent to the host it was given for."
)
