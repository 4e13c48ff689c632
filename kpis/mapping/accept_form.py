"""The form that asks which answers a new mapping counts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kpis.mapping.acceptance import Counting, Offer
from kpis.metrics.wording import period_text


class AcceptForm(forms.Form):
    """With what the person saw: the item's version, and the question as it stood."""

    answers = forms.ChoiceField(label=gettext_lazy("What the new mapping counts"), widget=forms.RadioSelect)
    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    question = forms.IntegerField(widget=forms.HiddenInput)

    fields: Any

    def __init__(self, data: Any, *, offer: Offer, version: int) -> None:
        initial = {"answers": offer.recommended.value, "seen_version": version, "question": offer.question.pk}
        super().__init__(data, initial=initial)
        since = _("Answers since the change, from %(day)s on") % {"day": period_text(offer.since, offer.since)}
        choices = [(Counting.ALL.value, Counting.ALL.label), (Counting.SINCE.value, since)]
        self.fields["answers"].choices = choices if offer.recommended == Counting.ALL else choices[::-1]
        self.fields["answers"].help_text = (
            _("The scale is another one. Old and new answers added up would make a wrong number.")
            if offer.recommended == Counting.SINCE
            else _("The answers still mean the same. Qualtrics sends all of them again, with their present values.")
        )
