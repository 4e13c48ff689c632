"""What this database is, when it is not where it was."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.page_request import PageRequest
from integrations.vendor.forms import InstallationForm
from integrations.vendor.instance_guard import confirm_instance, here, is_confirmed, known


@require_http_methods(["GET", "POST"])
def installation(request: PageRequest) -> HttpResponse:
    is_paused = not is_confirmed()
    form = InstallationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and is_paused and form.is_valid():
        confirm_instance(is_copy=form.cleaned_data["what"] == InstallationForm.COPY, by=request.user)
        messages.success(request, _("What changes something in Qualtrics is sent again."))
        return redirect("integrations:installation")
    context = {
        "form": form,
        "is_paused": is_paused,
        "here": here(),
        "known": known(),
    }
    status = 422 if request.method == "POST" and form.errors else 200
    return render(request, "integrations/installation.html", context, status=status)
