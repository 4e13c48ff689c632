"""The form of a distribution. What can be chosen comes live from the vendor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from integrations.directory.forms import ONE_LINE
from integrations.distributions.rules import FIELDS, LINK_TYPES, SMS_METHODS, broken_rules
from integrations.distributions.sending import Choices
from integrations.models import Connection, Distribution

# What the vendor calls methods and kinds of link, in people's words.
WORDS = {
    "Invite": _("Invitation"),
    "Interactive": _("Interactive (the questions are asked by SMS)"),
    "Reminder": _("Reminder"),
    "Thankyou": _("Thank-you"),
    "Individual": _("Individual: one response each"),
    "Multiple": _("Several responses each"),
    "Anonymous": _("Anonymous"),
}
_MOMENT = {"type": "datetime-local"}


def _line(label: Any, **kwargs: Any) -> forms.CharField:
    # No stripping at the ends: a line break anywhere is refused, not tidied away.
    return forms.CharField(label=label, required=False, max_length=255, validators=[ONE_LINE], strip=False, **kwargs)


def _choice(label: Any, **kwargs: Any) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, **kwargs)


def _moment(label: Any, **kwargs: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs=_MOMENT, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, required=False, widget=widget, **kwargs)


class PlaceForm(forms.Form):
    """Which connection, which kind, and then what both depend on."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Distribution.Kind.choices)
    connection = forms.ModelChoiceField(
        Connection.objects.filter(enabled=True), label=_("Connection"), empty_label=None
    )
    directory = forms.CharField(label=_("Directory"), required=False, max_length=64, widget=forms.Select)
    survey = forms.CharField(label=_("Survey"), required=False, max_length=64, widget=forms.Select)

    def offer(self, choices: Choices) -> None:
        """Fill the lists."""
        widget: Any = self.fields["directory"].widget
        widget.choices = [(each.id, each.name) for each in choices.directories]
        widget = self.fields["survey"].widget
        widget.choices = [("", "–"), *((each.id, each.name) for each in choices.surveys)]


class DistributionForm(forms.Form):
    """Every field of the module. `spec` is what the rules and the action take."""

    mailing_list = _choice(_("Mailing list"), help_text=_("This or a transaction batch."))
    transaction_batch = _choice(_("Transaction batch"), help_text=_("This or a mailing list."))
    person = _line(
        _("Contact"), help_text=_("Name or e-mail of one person in the mailing list. Empty: everybody in it.")
    )
    sample = _choice(_("Sample"), help_text=_("A part of the mailing list, in place of everybody in it."))
    method = _choice(_("Method"), choices=[(name, WORDS[name]) for name in SMS_METHODS])
    parent = _choice(_("Parent distribution"), help_text=_("What a reminder or thank-you follows."))
    name = _line(_("Distribution name"))
    from_email = forms.EmailField(label=_("From e-mail"), required=False, max_length=254)
    from_name = _line(_("From name"))
    reply_to = forms.EmailField(label=_("Reply-to e-mail"), required=False, max_length=254)
    subject = _line(_("Subject"))
    message = _choice(_("Message"), help_text=_("From a library, or write a text below."))
    message_text = forms.CharField(
        label=_("Message text"),
        required=False,
        max_length=20_000,
        help_text=_("${l://SurveyURL} stands for the address of the survey."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    link_type = _choice(_("Kind of link"), choices=[(name, WORDS[name]) for name in LINK_TYPES])
    send_at = _moment(_("Send date"), help_text=_("Empty: as soon as it is confirmed."))
    expires_at = _moment(_("Expiration date"), help_text=_("Empty: the link to the survey does not expire."))

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    data: Any
    spec: dict[str, Any]

    def __init__(
        self, data: Any, *, kind: str, place: dict[str, Any], choices: Choices, initial: dict[str, Any] | None = None
    ) -> None:
        super().__init__(data, initial=initial)
        self.kind, self.place = kind, place
        for name in set(self.fields) - {*FIELDS[kind], "seen_version"}:
            del self.fields[name]
        for name in {"from_email", "subject", "name", "method"} & set(self.fields):
            self.fields[name].required = True
        offered: dict[str, list[Any]] = {
            "mailing_list": choices.mailing_lists,
            "transaction_batch": choices.batches,
            "sample": choices.samples,
            "parent": choices.parents,
        }
        for name, rows in offered.items():
            self._offer(name, [(each.id, _with_size(each)) for each in rows])
        shelves = [
            (library.name, [(f"{library.id}/{message.id}", message.name) for message in messages])
            for library, messages in choices.libraries
            if messages
        ]
        self._offer("message", shelves)

    def _offer(self, name: str, rows: list[Any]) -> None:
        if name in self.fields:
            field: Any = self.fields[name]
            field.choices = [("", "–"), *rows]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if self.errors:
            return values
        library, _slash, message = values["message"].partition("/")
        self.spec = {**self.place, **values, "library": library, "message": message}
        del self.spec["seen_version"]
        self.refuse(broken_rules(self.kind, self.spec))
        return values

    def refuse(self, rules: Mapping[str, str]) -> None:
        """Say each broken rule at its field."""
        for name, sentence in rules.items():
            self.add_error(name if name in self.fields else None, sentence)


def initial_of(spec: dict[str, Any], version: int) -> dict[str, Any]:
    """The fields of the form for a draft that was made of this spec."""
    library, message = spec.get("library"), spec.get("message")
    return {**spec, "message": f"{library}/{message}" if message else "", "seen_version": version}


def _with_size(each: Any) -> str:
    return each.name if each.size is None else f"{each.name} ({each.size})"
