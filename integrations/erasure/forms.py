"""The forms of an erasure: whom to look for, and the confirmation of what was found."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.directory.forms import ONE_LINE
from integrations.erasure import erasing
from integrations.models import Connection

_SALT = "integrations.erasure.erasing"
_VALID_FOR = 30 * 60
_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class WhomForm(forms.Form):
    """Ids of responses, or a contact. After `is_valid()`, `cleaned_data["ids"]` is a list."""

    ids = forms.CharField(
        label=_("Response ids"),
        required=False,
        max_length=100_000,
        help_text=_("One or several, as R_3kQ9LmX2bWc7KsT, with spaces, commas or line breaks between them."),
        widget=forms.Textarea(attrs={**_PLAIN, "rows": 4, "class": "mono"}),
    )
    contact = forms.CharField(
        label=_("Contact"),
        required=False,
        max_length=254,
        validators=[ONE_LINE],
        help_text=_(
            "A contact id (CID_…), an e-mail or an external reference. Their responses are looked for in Qualtrics."
        ),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    connection = forms.ModelChoiceField(
        Connection.objects.filter(enabled=True), label=_("Connection"), required=False, empty_label=None,
        help_text=_("Where the contact is looked for."),
    )  # fmt: skip

    def clean_ids(self) -> list[str]:
        try:
            return erasing.read_ids(self.cleaned_data["ids"])
        except erasing.InvalidIds as refusal:
            raise forms.ValidationError(str(refusal)) from refusal

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if self.errors:
            return values
        if bool(values.get("ids")) == bool(values.get("contact")):
            self.add_error(None, gettext("Give either response ids or a contact."))
        elif values.get("contact") and not values.get("connection"):
            self.add_error("connection", gettext("Choose the connection to look through."))
        return values


class ConfirmForm(forms.Form):
    """What was shown, signed, so that nothing else is erased. After `is_valid()`: `ids` and `person`."""

    whom = forms.CharField(widget=forms.HiddenInput)
    at_vendor = forms.BooleanField(
        label=_("Delete these responses in Qualtrics as well"),
        required=False,
        help_text=_(
            "Otherwise they stay there, and never come back here. What is deleted in Qualtrics cannot be restored."
        ),
    )

    ids: list[str]
    person: erasing.Person | None

    @classmethod
    def of(cls, ids: list[str], person: erasing.Person | None) -> ConfirmForm:
        """The form that confirms the erasure of these."""
        whom = {
            "ids": ids,
            "connection": person and person.connection.pk,
            "person": sorted(person.ids) if person else [],
        }
        return cls(initial={"whom": signing.dumps(whom, salt=_SALT, compress=True)})

    def clean_whom(self) -> str:
        try:
            whom = signing.loads(self.cleaned_data["whom"], salt=_SALT, max_age=_VALID_FOR)
        except signing.BadSignature:
            raise forms.ValidationError(gettext("This is too long ago. Look again before you erase.")) from None
        self.ids, self.person = whom["ids"], None
        if whom["connection"] and (connection := Connection.objects.filter(pk=whom["connection"]).first()):
            self.person = erasing.Person(connection, frozenset(whom["person"]))
        return ""
