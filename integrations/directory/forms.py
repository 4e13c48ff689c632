"""Forms of directory contacts: which ones to show, and one of them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from integrations.models import Connection
from integrations.qualtrics.directory import Contact

LIMITS = (25, 50, 100)
MOST = 1000  # contacts in one answer of the API
ONE_LINE = RegexValidator(r"\A[^\x00-\x1f\x7f\u2028\u2029]*\Z", _("This must be on one line."))
EMBEDDED_NAME = RegexValidator(r"\A[^\x00-\x1f\x7f=]{1,200}\Z", _("This is not a name of embedded data."))


def one_line(label: Any, **kwargs: Any) -> forms.CharField:
    """A text without line breaks; it remembers what the person saw, so that only changes are sent."""
    return forms.CharField(
        label=label, required=False, max_length=255, validators=[ONE_LINE], show_hidden_initial=True, **kwargs
    )


class EmbeddedField(forms.CharField):
    """Pairs of name and value, one a line."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=20_000, widget=forms.Textarea(attrs={"rows": 4}), **kwargs)

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{name} = {text}" for name, text in value.items()) if isinstance(value, dict) else value

    def to_python(self, value: Any) -> dict[str, str]:  # type: ignore[override]
        if isinstance(value, dict):
            return value
        pairs: dict[str, str] = {}
        for line in filter(None, (line.strip() for line in (value or "").splitlines())):
            name, sign, text = line.partition("=")
            name = name.strip()
            if not sign or not name or name in pairs:
                raise forms.ValidationError(gettext("Type each pair on a line of its own, as name = value."))
            pairs[name] = text.strip()
        return pairs

    def validate(self, value: Any) -> None:
        """Nothing more: an empty set of pairs is fine."""

    def run_validators(self, value: Any) -> None:
        for name in value:
            EMBEDDED_NAME(name)

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.to_python(initial) != self.to_python(data)
        except forms.ValidationError:
            return True


class ContactForm(forms.Form):
    """One contact. `changes()` is what differs from what the person saw, which is all that is sent."""

    first_name = one_line(_("First name"))
    last_name = one_line(_("Last name"))
    email = forms.EmailField(label=_("E-mail"), required=False, max_length=254, show_hidden_initial=True)
    phone = one_line(_("Phone"), help_text=_("For example +33 6 12 34 56 78."))
    reference = one_line(_("External reference"))
    language = one_line(_("Language"), help_text=_("For example FR."))
    unsubscribed = forms.BooleanField(label=_("Unsubscribed"), required=False, show_hidden_initial=True)
    embedded = EmbeddedField(
        label=_("Embedded data"),
        help_text=_("One pair a line, as name = value. A pair that you remove is emptied."),
        show_hidden_initial=True,
    )

    @classmethod
    def of(cls, contact: Contact, data: Any = None) -> ContactForm:
        """The form of an existing contact."""
        return cls(data, initial={name: getattr(contact, name) for name in cls.base_fields})

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        identifying = ("first_name", "last_name", "email", "phone", "reference")
        if not self.errors and not any(values[name] for name in identifying):
            raise forms.ValidationError(gettext("A contact needs a name, an e-mail, a phone or a reference."))
        return values

    def values(self) -> dict[str, Any]:
        """What was filled in, for a new contact."""
        return {name: value for name, value in self.cleaned_data.items() if value}

    def changes(self) -> dict[str, Any]:
        """What is other than the person saw it."""
        changed = {name: self.cleaned_data[name] for name in self.changed_data}
        if "embedded" in changed:
            hidden = self.data.get(self["embedded"].html_initial_name, "")
            changed["embedded"] = changed_pairs(EmbeddedField().to_python(hidden), changed["embedded"])
        return changed


def changed_pairs(seen: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
    """The pairs to send. Qualtrics keeps what is not named, so a pair that was removed is emptied."""
    gone = dict.fromkeys(seen.keys() - wanted.keys(), "")
    return {name: value for name, value in wanted.items() if seen.get(name) != value} | gone


class ContactFilter(forms.Form):
    """Which contacts to show."""

    limit = forms.TypedChoiceField(
        label=_("Contacts a page"), choices=[(n, n) for n in LIMITS], coerce=int, required=False, empty_value=None
    )
    by = forms.ChoiceField(
        label=_("Search by"),
        choices=[("email", _("E-mail")), ("name", _("Name")), ("reference", _("External reference"))],
        required=False,
    )
    value = forms.CharField(
        label=_("Is exactly"), required=False, max_length=255, validators=[ONE_LINE], widget=forms.TextInput
    )
    begin = forms.CharField(required=False, max_length=500, validators=[ONE_LINE], widget=forms.HiddenInput)


class PlaceForm(forms.Form):
    """Which connection."""

    connection = forms.ModelChoiceField(
        Connection.objects.filter(enabled=True), label=_("Connection"), empty_label=None, required=False
    )
