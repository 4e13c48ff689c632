"""The API console."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.page_request import PageRequest
from integrations.console.calls import AlreadySent, as_curl, call_api
from integrations.console.forms import ConsoleForm
from integrations.console.paths import READABLE_BY_ANALYSTS
from integrations.models import Connection, ConsoleCall
from integrations.vendor.by_hand import TooManyByHand

HISTORY = 25


@require_http_methods(["GET", "POST"])
def console(request: PageRequest) -> HttpResponse:
    """Type a call, confirm it if it may change something, see what came back."""
    repeated = {name: request.GET[name] for name in ("connection", "method", "path") if name in request.GET}
    form = ConsoleForm(request.POST or None, user=request.user, initial=repeated)
    context: dict[str, Any] = {
        "form": form,
        "has_connections": Connection.objects.filter(enabled=True).exists(),
        "readable": [] if request.user.has_perm("integrations.call_api") else READABLE_BY_ANALYSTS,
    }
    status = 200
    if request.method == "POST" and not form.is_valid():
        status = 422
    elif request.method == "POST":
        call, connection = form.call, form.cleaned_data["connection"]
        context |= {"call": call, "connection": connection, "curl": as_curl(connection, call)}
        confirmation = form.confirmed() if call.may_change else None
        if call.may_change and confirmation is None:
            context["confirmation"] = form.new_confirmation()
        else:
            try:
                context["outcome"] = call_api(connection, call, request.user, confirmation=confirmation)
            except AlreadySent:
                messages.warning(request, _("This call was already sent; it is not sent twice. See the history."))
                return redirect("integrations:console")
            except TooManyByHand as refused:
                form.add_error(None, refused.sentence)
                status = refused.http_status
    context["history"] = ConsoleCall.objects.filter(user=request.user).select_related("connection")[:HISTORY]
    return render(request, "integrations/console.html", context, status=status)
