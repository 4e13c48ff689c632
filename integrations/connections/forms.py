"""Forms of the Integration Centre."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from feedback.models import Frequency
from integrations.connections.editing import SETTINGS
from integrations.models import Connection
from integrations.qualtrics.hosts import Host, normalise_host
from integrations.troubles.errors import HostRefused
from integrations.vault.credential_text import TokenRefusedAsText, read_client_secret, read_token, validate_client_id
from integrations.vault.secret import Secret

_AS_LONG_AS_A_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)


class HostField(forms.CharField):
    """A data-centre id, a host or an address copied from the browser, brought into the one way of writing it."""

    def clean(self, value: Any) -> Host | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return normalise_host(text)
        except HostRefused as refused:
            raise forms.ValidationError(refused.sentence, code=refused.code) from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """What the field shows again after an error. No host is as long in one piece; a token that got into the wrong
        field is not sent back."""
        shown = super().bound_data(data, initial)
        return "" if isinstance(shown, str) and _AS_LONG_AS_A_TOKEN.search(shown) else shown


class TokenField(forms.CharField):
    """Goes in, never comes out: the page is never sent what was typed, not even after an error."""

    read = staticmethod(read_token)
    code = "token_malformed"

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "off", "spellcheck": "false"})
        super().__init__(widget=widget, max_length=200, **kwargs)

    def clean(self, value: Any) -> Secret | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            return self.read(text)
        except TokenRefusedAsText as refused:
            raise forms.ValidationError(str(refused), code=self.code) from None


class ClientSecretField(TokenField):
    """The same for the secret of an OAuth client."""

    read = staticmethod(read_client_secret)
    code = "client_secret_malformed"


# Fields of which each way to sign in needs its own; those of the other are ignored, whatever is in them.
_OF_METHOD = {
    Connection.AuthMethod.TOKEN: ("token",),
    Connection.AuthMethod.OAUTH: ("client_id", "client_secret", "scopes"),
}
_UNSEEN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class ConnectionForm(forms.ModelForm):
    """A new or an existing connection. Saving is the actions' business: see `connections.py`."""

    host = HostField(
        label=_("Host"),
        max_length=2048,
        help_text=_(
            "The data centre ID (Account Settings, Qualtrics IDs), for example fra1, or the address of your Qualtrics."
        ),
        widget=forms.TextInput(attrs=_UNSEEN),
    )
    auth_method = forms.ChoiceField(
        label=_("Sign in to Qualtrics with"),
        choices=Connection.AuthMethod.choices,
        widget=forms.RadioSelect,
        required=False,
    )
    token = TokenField(label=_("API token"))
    client_id = forms.CharField(
        label=_("Client ID"),
        max_length=200,
        validators=[validate_client_id],
        help_text=_("Of an OAuth client that was made in this data centre of Qualtrics, for client credentials."),
        widget=forms.TextInput(attrs=_UNSEEN),
    )
    client_secret = ClientSecretField(label=_("Client secret"))
    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    class Meta:
        model = Connection
        fields = SETTINGS
        widgets = {
            "frequency": forms.RadioSelect,
            "at_time": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "scopes": forms.TextInput(attrs={**_UNSEEN, "class": "mono"}),
        }
        help_texts = {
            "enabled": _("While switched off, nothing is retrieved through this connection."),
            "scopes": _(
                "What the client may do, with blanks in between; it must have each of them in Qualtrics. Watches need "
                "manage:subscriptions too, contacts manage:directories and manage:directory_contacts, distributions "
                "manage:distributions, manage:mailing_lists and read:libraries."
            ),
        }

    fields: Any
    data: Any
    initial: Any
    field_order = [
        *("name", "host", "auth_method", "token", "client_id", "client_secret", "scopes"),
        *("frequency", "weekday", "at_time", "enabled"),
    ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored_host, self.stored_scopes = self.instance.host, self.instance.scopes
        self.stored_method = self.instance.auth_method
        # Only what the chosen frequency uses is asked for; `reveal.js` shows the fields that belong to it.
        self.fields["weekday"].required = self.fields["at_time"].required = False
        self.fields["frequency"].choices = Frequency.choices
        self.initial["auth_method"] = self.stored_method
        self.fields["auth_method"].required = not self.is_bound or "auth_method" in self.data
        token, client_secret = self.fields["token"], self.fields["client_secret"]
        token.help_text = client_secret.help_text = _("It is stored encrypted and never shown again.")
        if self.instance.pk:
            self.initial |= {
                "host": self.instance.host, "seen_version": self.instance.version, "client_id": self.instance.client_id
            }  # fmt: skip
            if self.stored_method == Connection.AuthMethod.OAUTH:
                client_secret.required = False
                client_secret.help_text = _("Leave empty to keep the stored secret. It is never shown again.")
            else:
                token.required = False
                token.help_text = _("Leave empty to keep the stored token. It is never shown again.")

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        method = values["auth_method"] = values.get("auth_method") or self.stored_method
        for name in (name for other, names in _OF_METHOD.items() if other != method for name in names):
            self.errors.pop(name, None)
            values[name] = self.stored_scopes if name == "scopes" else None
        if self.instance.pk:
            self._ask_for_the_secret_again(values)
        for name in ("at_time", "weekday"):
            if values.get(name) in (None, "") and name not in self.errors:
                field: Any = Connection._meta.get_field(name)
                values[name] = getattr(self.instance, name) or field.default
        return values

    def _ask_for_the_secret_again(self, values: dict[str, Any]) -> None:
        """What is stored belongs to the stored host, and to the stored client."""
        host, client_id = values.get("host"), values.get("client_id")
        is_moved = host is not None and host.name != self.stored_host
        if values["auth_method"] == Connection.AuthMethod.TOKEN:
            name, needed, words = "token", is_moved, TOKEN_AGAIN
        else:
            name, words = "client_secret", SECRET_AGAIN
            needed = is_moved or bool(client_id and client_id != self.initial["client_id"])
        if needed and not values.get(name) and name not in self.errors:
            self.add_error(name, forms.ValidationError(words, code=f"{name}_needed"))

    def settings(self) -> dict[str, Any]:
        """What a person may set directly."""
        return {name: self.cleaned_data[name] for name in SETTINGS}

    def credentials(self) -> dict[str, Any]:
        """Token, or client with its secret, as the actions take them."""
        return {
            "token": self.cleaned_data["token"],
            "client_id": self.cleaned_data["client_id"] or "",
            "client_secret": self.cleaned_data["client_secret"],
        }

    def may_see_more(self) -> bool:
        """Whether what could not be fetched so far perhaps can be now."""
        values = self.cleaned_data
        return bool(values["token"] or values["client_secret"]) or values["scopes"] != self.stored_scopes


TOKEN_AGAIN = _(
    "The host has changed. Type the API token again: the stored one is only ever sent to the host it was given for."
)
SECRET_AGAIN = _(
    "The host or the client has changed. Type the client secret again: the stored one is only ever sent for the client and "
    "to the host it was given for."
)
