"""Versions on pages: the hidden field `seen_version` carries the version that the person saw."""

from __future__ import annotations

from typing import Any, Self

from django import forms
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from ui.numbers import whole_number
from ui.typed_numbers import written
from versioning.saving import LARGEST, Outdated, save_if_current

FIELD = "seen_version"
# What some pages called it up to 0.1: one that was opened before an upgrade may be sent after it. Goes with 0.3.
FORMER_FIELD = "version"


def seen_version(request: HttpRequest) -> int:
    """The version that the person saw; 0, which none is, where the form did not say."""
    stated = request.POST.get(FIELD, request.POST.get(FORMER_FIELD))
    return whole_number(stated, most=LARGEST) or 0


def see(form: forms.BaseForm, version: int) -> None:
    """Let the next attempt be made in knowledge of this version."""
    sent = form.data.copy()  # type: ignore[attr-defined]  # a QueryDict
    sent[form.add_prefix(FIELD)] = str(version)
    form.data = sent


class VersionedForm(forms.ModelForm):
    """A form for a `Versioned` object. `{{ form.seen_version }}` must be drawn, as all hidden fields are.

    `save_or_explain()` is False when somebody else was first: the form then shows both texts, and saving it again
    replaces theirs.
    """

    seen_version = forms.IntegerField(widget=forms.HiddenInput, required=False, min_value=1)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            del self.fields["seen_version"]
        else:
            self.fields["seen_version"].required = True
            self.initial["seen_version"] = self.instance.version

    def save(self, commit: bool = True) -> Any:
        """As in Django; raises `Outdated` if the object was changed since the person opened the form."""
        if self.instance.pk is None or not commit:
            return super().save(commit)
        written = [name for name in self.cleaned_data if name in {f.name for f in self.instance._meta.concrete_fields}]
        with transaction.atomic():
            save_if_current(self.instance, self.cleaned_data["seen_version"], written)
            self._save_m2m()  # type: ignore[attr-defined]  # Django's own, of ModelForm
        return self.instance

    def save_or_explain(self) -> bool:
        """Save; or keep what the person wrote, and say beside each field what it says by now."""
        try:
            self.save()
        except Outdated as outdated:
            self._explain(outdated)
            return False
        return True

    def _explain(self, outdated: Outdated) -> None:
        current = outdated.current
        self.add_error(
            None,
            _("Somebody else changed this while you were editing. Compare, then save again to replace their text."),
        )
        now = self.of(current)
        for name, value in list(self.cleaned_data.items()):
            stored = getattr(current, name) if hasattr(current, name) else now.initial.get(name)
            if name == "seen_version" or stored == value:
                continue
            shown = getattr(current, f"get_{name}_display", lambda stored=stored: stored)()
            if isinstance(shown, float):
                shown = written(shown)
            self.add_error(
                name, _("It says now: “%(current)s”.") % {"current": shown if shown not in (None, "") else "—"}
            )
        see(self, current.version)

    def of(self, current: Any) -> Self:
        """The same form as it would be opened now: it knows what stands elsewhere than in the object itself."""
        return type(self)(instance=current)
