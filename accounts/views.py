"""Signing in and out, and the pages of a person's own account."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.messages.views import SuccessMessageMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse_lazy
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views import View, i18n
from django.views.generic import UpdateView

from accounts import api_tokens
from accounts.client_address import client_address
from accounts.forms import (
    ApiTokenForm,
    ChangePasswordForm,
    PasswordLetterForm,
    ProfileForm,
    SetPasswordForm,
    SignInForm,
)
from accounts.guessing import too_many_failures_from
from accounts.links import letters_are_sent
from accounts.models import ApiToken, User
from accounts.roles import role_of
from accounts.sessions import end_sessions, sessions_of
from accounts.tasks import send_password_letter


class LimitedGuesses(View):
    """For pages where a password can be guessed."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if too_many_failures_from(client_address(request)):
            return render(request, settings.AXES_LOCKOUT_TEMPLATE, status=429)
        return super().post(request, *args, **kwargs)  # type: ignore[misc]


class SignIn(LimitedGuesses, auth_views.LoginView):
    """The sign-in page. `next` leads to our own pages only."""

    template_name = "accounts/login.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(letters_are_sent=letters_are_sent(), **kwargs)


class SetPassword(SuccessMessageMixin, auth_views.PasswordResetConfirmView):
    """Where a one-time link leads to."""

    template_name = "accounts/set_password.html"
    form_class = SetPasswordForm
    success_url = reverse_lazy("accounts:login")
    success_message = gettext_lazy("Your password is set. Sign in with it.")

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        return user if user and user.is_active else None


class ChangePassword(LimitedGuesses, SuccessMessageMixin, auth_views.PasswordChangeView):
    """A new password; every other session of the person ends with the old one."""

    form_class = ChangePasswordForm
    template_name = "accounts/password.html"
    success_url = reverse_lazy("accounts:profile")
    success_message = gettext_lazy("Your password is changed. Your other sessions have ended.")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "request": self.request}


class Profile(SuccessMessageMixin, UpdateView):
    """Name, language, time zone."""

    form_class = ProfileForm
    template_name = "accounts/profile.html"
    success_url = reverse_lazy("accounts:profile")

    def get_object(self, queryset: Any = None) -> User:
        # A fresh object: a refused form must not change who the page says is signed in.
        return get_object_or_404(User, pk=self.request.user.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        role = role_of(self.request.user)  # type: ignore[arg-type]
        return super().get_context_data(role=role.label if role else "", **kwargs)

    def get_success_message(self, cleaned_data: dict[str, Any]) -> str:
        with translation.override(cleaned_data["language"] or translation.get_language()):
            return _("Your profile is saved.")


def request_password(request: HttpRequest) -> HttpResponse:
    """Ask for a letter with a one-time link. The answer is the same for known and unknown addresses."""
    form = PasswordLetterForm(request.POST or None)
    asked = letters_are_sent() and form.is_valid()
    if asked:
        send_password_letter.delay(form.cleaned_data["email"], translation.get_language())
    context = {"form": form, "letters_are_sent": letters_are_sent(), "asked": asked}
    return render(request, "accounts/request_password.html", context)


def session_list(request: HttpRequest) -> HttpResponse:
    """Where the person is signed in; posted: sign out everywhere else."""
    here = request.session.session_key
    if request.method == "POST":
        end_sessions(request.user, but=here)  # type: ignore[arg-type]  # signed in
        messages.success(request, _("Your other sessions have ended."))
        return redirect("accounts:sessions")
    return render(request, "accounts/sessions.html", {"sessions": sessions_of(request.user, here)})  # type: ignore[arg-type]


def session_end(request: HttpRequest, session: str) -> HttpResponse:
    """End one of the person's own sessions."""
    if not end_sessions(request.user, only=session):  # type: ignore[arg-type]
        raise Http404
    messages.success(request, _("The session has ended."))
    return redirect("accounts:sessions")


def token_list(request: HttpRequest) -> HttpResponse:
    """The person's API tokens; making one shows its key in this answer, and never again."""
    form = ApiTokenForm(request.POST or None)
    key = None
    if form.is_valid():
        _token, key = api_tokens.make(
            request.user,  # type: ignore[arg-type]
            form.cleaned_data["name"],
            read_only=form.cleaned_data["read_only"],
            expires_at=form.expires_at,
        )
        form = ApiTokenForm()
    tokens = ApiToken.objects.filter(user=request.user, revoked_at=None)  # type: ignore[misc]  # signed in
    return render(
        request, "accounts/api_tokens.html", {"form": form, "tokens": tokens, "key": key, "now": timezone.now()}
    )


def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of the person's own tokens."""
    token = get_object_or_404(ApiToken, pk=pk, user=request.user)
    api_tokens.revoke(token)
    messages.success(request, _("The token “%(name)s” is revoked.") % {"name": token.name})
    return redirect("accounts:api_tokens")


def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language: in the cookie for whoever comes by, in the profile of who is signed in."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=language)
    return i18n.set_language(request)
