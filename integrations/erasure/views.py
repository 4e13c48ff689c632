"""Erase responses for good: say whom, see what is here, confirm."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.page_request import PageRequest
from feedback.models import Erasure
from integrations.erasure import erasing, lookup
from integrations.erasure.forms import ConfirmForm, WhomForm
from integrations.qualtrics.exports import ExportNotReady
from integrations.troubles.errors import QualtricsError

ERASURES_A_PAGE = 20


@require_http_methods(["GET", "POST"])
def erasure(request: PageRequest) -> HttpResponse:
    """Looking changes nothing; what was shown is erased on a second step."""
    if "whom" in request.POST:
        return _erase(request)
    form = WhomForm(request.POST if request.method == "POST" else None, initial=request.GET.dict())
    context: dict[str, Any] = {"form": form}
    status = 200
    if request.method == "POST":
        status = _look(form, context) if form.is_valid() else 422
    return _page(request, context, status)


def _look(form: WhomForm, context: dict[str, Any]) -> int:
    ids, person = form.cleaned_data["ids"], None
    if form.cleaned_data["contact"]:
        try:
            theirs = lookup.find_theirs(form.cleaned_data["connection"], form.cleaned_data["contact"])
        except lookup.NotFoundByThis as refusal:
            form.add_error("contact", str(refusal))
            return 422
        except ExportNotReady:
            context["too_slow"] = True
            return 502
        except QualtricsError as error:
            context["trouble"] = error.explanation
            return 502
        ids, person = theirs.ids, theirs.person
        context["name"] = theirs.name
    context["found"] = erasing.preview(ids, person)
    if ids or not context["found"].nothing:
        context["confirm"] = ConfirmForm.of(ids, person)
    return 200


def _erase(request: PageRequest) -> HttpResponse:
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(map(str, form.errors["whom"])))
        return redirect("integrations:erasure")
    done = erasing.erase(form.ids, by=request.user, person=form.person, at_vendor=form.cleaned_data["at_vendor"])
    erased = ngettext(
        "%(count)s stored response was erased, and will not come back.",
        "%(count)s stored responses were erased, and will not come back.",
        done.erasure.responses,
    )
    messages.success(request, erased % {"count": done.erasure.responses})
    if done.at_vendor.failed:
        failed = ngettext(
            "%(count)s response was not deleted in Qualtrics. Delete it there.",
            "%(count)s responses were not deleted in Qualtrics. Delete them there.",
            done.at_vendor.failed,
        )
        why = str(done.at_vendor.trouble or "")
        messages.error(request, f"{failed % {'count': done.at_vendor.failed}} {why}".strip())
    return redirect("integrations:erasure")


def _page(request: PageRequest, context: dict[str, Any], status: int) -> HttpResponse:
    past = Paginator(Erasure.objects.select_related("by"), ERASURES_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "integrations/erasure.html", {**context, "past": past}, status=status)
