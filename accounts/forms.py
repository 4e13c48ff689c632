"""Forms of the account and settings pages."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import authenticate
from django.contrib.auth import forms as auth_forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.api_tokens import revoke_all
from accounts.audit import Event, note
from accounts.models import ApiToken, Organisation, User
from accounts.organisation import change_organisation
from accounts.roles import Role, role_of
from accounts.sessions import end_sessions
from accounts.time_zones import offered_time_zones
from ui.number_fields import WholeNumberField
from ui.typed_numbers import THRESHOLD


class TimeZoneInput(forms.TextInput):
    """A field to type in, which proposes the zones that hold what was typed."""

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        list_id = f"{(attrs or {}).get('id', f'id_{name}')}_zones"
        field = super().render(name, value, {**(attrs or {}), "list": list_id, "autocomplete": "off"}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((zone,) for zone in offered_time_zones()))
        return format_html('{}<datalist id="{}">{}</datalist>', field, list_id, options)


class SignInForm(auth_forms.AuthenticationForm):
    """E-mail address and password. One message for whatever is wrong, so that nobody learns which addresses exist."""

    error_messages = {
        "invalid_login": _("E-mail address and password do not match an active account."),
        "inactive": _("E-mail address and password do not match an active account."),
    }
    username = auth_forms.UsernameField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )

    def clean_username(self) -> str:
        return self.cleaned_data["username"].strip().lower()


class _NewPassword(forms.Form):
    """What a new password ends: the other sessions always, the API tokens if the person says so."""

    revoke_tokens = forms.BooleanField(
        label=_("Revoke my API tokens as well"),
        required=False,
        help_text=_("Choose this if somebody else may know your password. Programs that use a token lose access."),
    )
    request: HttpRequest | None = None
    user: User

    def save(self, commit: bool = True) -> User:
        with transaction.atomic():
            super().save(commit)  # type: ignore[misc]  # of the forms below
            note(Event.PASSWORD_SET, self.user)
            end_sessions(self.user, but=self.request.session.session_key if self.request else None)
            if self.cleaned_data["revoke_tokens"]:
                revoke_all(self.user)
        return self.user


class SetPasswordForm(_NewPassword, auth_forms.SetPasswordForm):
    """A new password by means of a link."""


class ChangePasswordForm(_NewPassword, auth_forms.PasswordChangeForm):
    """A new password by means of the old one, which is guessed no faster here than at the sign-in page."""

    field_order = ["old_password", "new_password1", "new_password2", "revoke_tokens"]

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_old_password(self) -> str:
        typed = self.cleaned_data["old_password"]
        if authenticate(self.request, username=self.user.email, password=typed) is None:  # counted by django-axes
            raise forms.ValidationError(self.error_messages["password_incorrect"], code="password_incorrect")
        return typed


class PasswordLetterForm(forms.Form):
    """Which address the letter goes to."""

    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )


class ProfileForm(forms.ModelForm):
    """What a person decides about their own account."""

    class Meta:
        model = User
        fields = ["first_name", "last_name", "language", "time_zone"]
        widgets = {"time_zone": TimeZoneInput}
        help_texts = {"time_zone": _("Times are shown in this zone. Empty: the organisation's.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"), required=False, choices=[("", _("As set in the browser")), *settings.LANGUAGES]
        )
        self.fields["first_name"].widget.attrs["autocomplete"] = "given-name"
        self.fields["last_name"].widget.attrs["autocomplete"] = "family-name"


class ApiTokenForm(forms.ModelForm):
    """A new API token."""

    lifetime = forms.TypedChoiceField(
        label=_("Ends after"),
        coerce=int,
        choices=[(30, _("30 days")), (90, _("90 days")), (365, _("1 year")), (0, _("Never"))],
        initial=90,
    )

    class Meta:
        model = ApiToken
        fields = ["name", "read_only"]
        help_texts = {
            "name": _("What the token is for, so that you recognise it later."),
            "read_only": _("The token reads what you may read, and changes nothing."),
        }

    @property
    def expires_at(self) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return timezone.now() + timedelta(days=days) if days else None


class PersonForm(forms.ModelForm):
    """A person as an admin sees them."""

    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, initial=Role.VIEWER)

    class Meta:
        model = User
        fields = ["first_name", "last_name"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.initial["role"] = role_of(self.instance)

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])


class NewPersonForm(PersonForm):
    """A person to be added."""

    class Way:
        LINK, PASSWORD = "link", "password"

    way = forms.ChoiceField(
        label=_("First sign-in"),
        choices=[
            (Way.LINK, _("With a one-time link that I hand over")),
            (Way.PASSWORD, _("With a password that I choose now")),
        ],
        initial=Way.LINK,
        widget=forms.RadioSelect,
    )
    password = forms.CharField(
        label=_("Initial password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html,
    )

    class Meta(PersonForm.Meta):
        fields = ["email", "first_name", "last_name", "language"]

    field_order = ["email", "first_name", "last_name", "role", "language", "way", "password"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"] = forms.ChoiceField(
            label=_("Language"), required=False, choices=[("", _("As set in the browser")), *settings.LANGUAGES]
        )
        self.order_fields(self.field_order)

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        if User.objects.filter(email=email).exists():
            raise forms.ValidationError(_("Somebody with this e-mail address is here already."), code="unique")
        return email

    def clean(self) -> dict[str, Any]:
        values = super().clean() or self.cleaned_data
        if values.get("way") == self.Way.PASSWORD:
            try:
                validate_password(values.get("password") or "", User(email=values.get("email", "")))
            except forms.ValidationError as error:
                self.add_error("password", error)
        else:
            values["password"] = None
        return values


class ThresholdField(WholeNumberField):
    """How few answers are too few to be shown."""

    def __init__(self, **options: Any) -> None:
        for name in ("min_value", "max_value"):  # of the model's own kind of field
            options.pop(name, None)
        super().__init__(bounds=THRESHOLD, **options)


class OrganisationForm(forms.ModelForm):
    """The organisation's settings."""

    class Meta:
        model = Organisation
        fields = ["name", "time_zone", "suppression_threshold", "comment_threshold"]
        field_classes = {"suppression_threshold": ThresholdField, "comment_threshold": ThresholdField}
        widgets = {"time_zone": TimeZoneInput}
        help_texts = {
            "time_zone": _(
                "Days and weeks of KPIs and the times of fetches follow this zone. A change counts all days again."
            )
        }

    def save(self, commit: bool = True) -> Organisation:
        return change_organisation(**self.cleaned_data)
