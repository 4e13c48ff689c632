"""The form of the API console, and the confirmation that a changing call needs."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from integrations.console.calls import (
    METHODS,
    ApiCall,
    NotAllowed,
    NotSendable,
    methods_of,
    read_call,
    refuse_unless_allowed,
)
from integrations.models import Connection

_SALT = "integrations.console.calls"
_VALID_FOR = 15 * 60
_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "class": "mono"}


class ConsoleForm(forms.Form):
    """One call. After `is_valid()`, `call` is what will be sent."""

    connection = forms.ModelChoiceField(
        Connection.objects.filter(enabled=True), label=_("Connection"), empty_label=None
    )
    method = forms.ChoiceField(label=_("Method"))
    path = forms.CharField(
        label=_("Path"),
        max_length=2000,
        help_text=_("Relative to the root of the API, for example /v3/surveys."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    query = forms.CharField(
        label=_("Query"),
        max_length=4000,
        required=False,
        help_text=_("For example offset=100."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    headers = forms.CharField(
        label=_("Headers"),
        max_length=4000,
        required=False,
        help_text=_("One a line, for example Idempotency-Key: 42. The token is added by itself."),
        widget=forms.Textarea(attrs={**_PLAIN, "rows": 2}),
    )
    body = forms.CharField(
        label=_("Body"),
        max_length=2_000_000,
        required=False,
        strip=False,
        help_text=_("JSON, unless a header Content-Type says otherwise."),
        widget=forms.Textarea(attrs={**_PLAIN, "rows": 8}),
    )
    confirmation = forms.CharField(required=False, max_length=500, widget=forms.HiddenInput)

    call: ApiCall

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        field: Any = self.fields["method"]
        # Every method can be read back, so that a refusal says why; only the allowed ones are offered.
        field.choices = [(method, method) for method in METHODS]
        field.widget.choices = [(method, method) for method in methods_of(user)]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if self.errors:
            return values
        try:
            headers = _headers(values["headers"])
            self.call = read_call(
                values["method"], values["path"], query=values["query"], headers=headers, body=values["body"]
            )
            refuse_unless_allowed(self.call, self.user)
        except NotSendable as wrong:
            self.add_error(wrong.field, str(wrong))
        except NotAllowed as refused:
            self.add_error(refused.field, refused.sentence)
        return values

    def new_confirmation(self) -> str:
        """What a page carries so that exactly this call is sent, once, by this person."""
        return signing.dumps([uuid.uuid4().hex, self._digest()], salt=_SALT)

    def confirmed(self) -> uuid.UUID | None:
        """The name of the confirmation, if the person confirmed exactly what is here."""
        try:
            name, digest = signing.loads(self.cleaned_data["confirmation"], salt=_SALT, max_age=_VALID_FOR)
        except (signing.BadSignature, ValueError):
            return None
        return uuid.UUID(hex=name) if digest == self._digest() else None

    def _digest(self) -> str:
        connection = self.cleaned_data["connection"]
        facts = (self.user.pk, connection.pk, connection.host, self.call.method, self.call.segments, self.call.query)
        whole = repr((*facts, sorted(self.call.headers.items()), self.call.body))
        return hashlib.sha256(whole.encode()).hexdigest()


def _headers(text: str) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in filter(None, text.replace("\r\n", "\n").split("\n")):
        name, colon, value = line.partition(":")
        if not colon or name in headers:
            raise NotSendable("headers", str(_("Type each header on a line of its own, as Name: value.")))
        headers[name] = value.strip(" ")
    return headers
