"""The form by which an admin says what a database is that is not where it was."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class InstallationForm(forms.Form):
    """What a database is that is not where it was."""

    MOVED, COPY = "moved", "copy"
    CHOICES = (
        (MOVED, _("The original: it was moved or restored here, and nothing runs at its old place any more.")),
        (
            COPY,
            _(
                "A copy beside the original, for example to try something. Subscriptions of the original are left to it."
            ),
        ),
    )
    what = forms.ChoiceField(label=_("What is this database?"), choices=CHOICES, widget=forms.RadioSelect)
