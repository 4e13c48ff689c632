"""The wizard "Add feedback data": connection, survey, question, metric, preview; then retrieve, or complete later."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from accounts.page_request import PageRequest
from feedback import items as actions
from feedback.mapping.proposals import Doubt
from feedback.models import FeedbackItem, Question, Survey
from integrations.health.status import health_of, with_facts
from integrations.models import Connection
from integrations.surveys.catalogue import LIVE_LOOKS, questions_of, stored_responses, surveys_of
from integrations.surveys.listing import grouped, told_apart
from integrations.vendor.by_hand import TooManyByHand, admit
from integrations.wizard.choices import with_answers
from integrations.wizard.forms import ORDER, STEPS, WizardForm, answers_of
from integrations.wizard.preview import Preview, preview
from journeys.drawing.redrawing import map_again
from journeys.models import Lane, Stage
from kpis.counting.mapped import mapped
from kpis.mapping.choices import Choice, choice_of, metric_label
from kpis.metrics.formulas import Formula
from kpis.metrics.wording import how_counted, number_text
from ui.numbers import whole_number
from versioning.pages import FIELD, see, seen_version
from versioning.saving import Outdated

# Item field → field of the wizard, where a refusal of the action names one.
_NAMED = {
    "positive_values": "positive",
    "mapping": "confirmed",
    "scale_min": "metric",
    "scale_max": "metric",
    "source": "connection",
}


@require_http_methods(["GET", "POST"])
def wizard_start(request: PageRequest) -> HttpResponse:
    """For a new item; `?lane=…&stage=…` say where it will stand."""
    lane = _found(Lane.objects.select_related("journey").filter(kind=Lane.Kind.FEEDBACK), request.GET.get("lane"))
    stage = _found(Stage.objects.all(), request.GET.get("stage"))
    if lane.journey_id != stage.journey_id:
        raise Http404
    return _Wizard(request, lane, stage).answer()


@require_http_methods(["GET", "POST"])
def wizard_edit(request: PageRequest, pk: int) -> HttpResponse:
    """To complete a draft, or to change what an item counts."""
    items = FeedbackItem.objects.filter(origin=FeedbackItem.Origin.SURVEY)
    item = get_object_or_404(items.select_related("card__lane__journey", "card__stage", "survey", "question"), pk=pk)
    return _Wizard(request, item.card.lane, item.card.stage, item).answer()


class _Wizard:
    """One request of the wizard: read the answers so far, do what the button says, show a step."""

    def __init__(self, request: PageRequest, lane: Lane, stage: Stage, item: FeedbackItem | None = None) -> None:
        self.request, self.lane, self.stage, self.item = request, lane, stage, item
        self.outdated: FeedbackItem | None = None
        self.form = WizardForm(self._answers())
        self.form.is_valid()

    def _answers(self) -> QueryDict:
        if self.request.method == "POST":
            sent = self.request.POST.copy()
            if self.item:
                sent[FIELD] = str(seen_version(self.request))  # the next steps carry it along
            return sent
        answers = QueryDict(mutable=True)
        for name, values in (answers_of(self.item) if self.item else {}).items():
            answers.setlist(name, values)
        return answers

    def answer(self) -> HttpResponse:
        if self.request.method == "GET":
            return self.show(self._first_step(), quiet=True)
        at = self.request.POST.get("step", "")
        at = at if at in STEPS else ORDER[0]
        go = self.request.POST.get("go", "next")
        if go == "save":
            return self.save()
        if go == "later":
            return self.save_for_later(at)
        if go == "proposed":
            self.form = WizardForm(self.form.as_proposed())
            self.form.is_valid()
            return self.show("metric", quiet=True)
        if go == "refresh":
            return self.show(at, quiet=True)
        if go.startswith("to:") and go.removeprefix("to:") in STEPS:
            return self.move_to(go.removeprefix("to:"), at)
        return self.move_to(_after(at), at)

    def move_to(self, step: str, at: str) -> HttpResponse:
        """Show the step, if those before it are answered; else the first that is not."""
        index = ORDER.index(step)
        lacking = self.form.step_with_problem(ORDER[index - 1]) if index else None
        # A step that was not shown yet is not told off for being empty.
        return self.show(lacking, quiet=lacking != at) if lacking else self.show(step, quiet=True)

    # --- showing ------------------------------------------------------------------------------------------------------

    def show(self, step: str, *, quiet: bool = False) -> HttpResponse:
        form = self.form
        context: dict[str, Any] = {
            "form": form,
            "step": step,
            "panel": f"integrations/_step_{step}.html",
            "labels": list(STEPS.values()),
            "number": ORDER.index(step) + 1,
            "previous": ORDER[ORDER.index(step) - 1] if step != ORDER[0] else "",
            "can_go_on": True,
            "busy": _("Asking Qualtrics…") if step != "question" else _("One moment…"),
            "lane": self.lane,
            "stage": self.stage,
            "item": self.item,
            "outdated": self.outdated,
            "address": self.request.get_full_path(),
            "target": self._target,
            "crumbs": [{"label": _("Journey maps"), "url": reverse("journeys:list")}],
            "may_connect": self.request.user.has_perm("integrations.manage_connections"),
        }
        context |= getattr(self, f"_{step}")()
        if quiet:
            form.errors.clear()
        else:
            form.drop_errors_except(step)
        context["carried"] = list(form.carried(step))
        context["problems"] = list(form.non_field_errors())
        if step != "metric":  # its fields show their own
            context["problems"] += [error for errors in form.errors.values() for error in errors]
        refused = bool(form.errors) or self.outdated is not None
        template = "integrations/wizard.html"
        return render(
            self.request,
            f"{template}#wizard" if self.request.htmx else template,
            context,
            status=422 if refused else 200,
        )

    @property
    def _target(self) -> str:
        """Where the next step is drawn: in the dialog over the map, or on the wizard's own page."""
        return "wizard-page" if not self.request.htmx or self.request.htmx.target == "wizard-page" else "dialog"

    def _first_step(self) -> str:
        if self.item is None:
            return ORDER[0]
        return self.form.step_with_problem("metric") or "metric"

    def _connection(self) -> dict[str, Any]:
        now = timezone.now()
        found = list(with_facts(Connection.objects.filter(enabled=True)).prefetch_related("source__connections"))
        chosen = self.form.chosen_connection or (found[0] if len(found) == 1 else None)
        for row in found:
            row.chosen = row == chosen  # type: ignore[attr-defined]
        rows = [(row, health_of(row, now), _same_surveys(row)) for row in found]
        return {"rows": rows, "can_go_on": bool(found)}

    def _survey(self) -> dict[str, Any]:
        connection, _none, _neither = self._chosen()
        listing = surveys_of(connection)
        counts = stored_responses(listing.rows)
        apart = told_apart(listing.rows, counts)
        rows = []
        for survey in listing.rows:
            tone, icon = LIVE_LOOKS[Survey.Live(survey.live)]
            n = counts.get(survey.pk)
            rows.append(
                {
                    "survey": survey,
                    "tone": tone,
                    "icon": icon,
                    "note": apart.get(survey.pk) or (_responses_here(n) if n else ""),
                    "chosen": survey == self.form.chosen_survey,
                }
            )
        return {"listing": listing, "rows": rows, "can_go_on": bool(rows)}

    def _question(self) -> dict[str, Any]:
        connection, survey, _none = self._chosen()
        listing = questions_of(survey, connection)
        tone, icon = LIVE_LOOKS[Survey.Live(survey.live)]
        groups = [
            (group.label, [_question_row(choice_of(question), self.form.chosen_question) for question in questions])
            for group, questions in grouped(listing.rows)
        ]
        return {
            "listing": listing,
            "groups": groups,
            "survey": survey,
            "survey_tone": tone,
            "survey_icon": icon,
            "can_go_on": any(not row["disabled"] for _label, rows in groups for row in rows),
        }

    def _metric(self) -> dict[str, Any]:
        form = self.form
        question: Any = form.chosen_question
        proposal: Any = form.proposal  # there is one: a question without is not let through
        shares = _("The share of answers that count as positive.")
        unusual = ("frequency", "target", "include_unfinished")
        return {
            "question": question,
            "proposal": proposal,
            "how_counted": shares if proposal.is_share else how_counted(proposal),
            "rows": with_answers(form.rows, question),
            "differs": any(row.proposed for row in form.rows),
            "asked": form.proposed.questions,
            "asks_scale": Doubt.WORDS in form.proposed.doubts and len(form.rows) > 2,
            "more_open": any(form.data.get(name) or name in form.errors for name in unusual),
        }

    def _preview(self) -> dict[str, Any]:
        form = self.form
        values = form.cleaned_data
        by_date = values["backfill"] == FeedbackItem.Backfill.DATE
        connection, _survey, question = self._chosen()
        try:
            admit(self.request.user)
            shown = preview(
                connection,
                question,
                form.formula(),
                mapping=mapped([entry.as_json() for entry in form.entries or ()]),
                include_unfinished=values["include_unfinished"],
                count_from=values["count_from"] if by_date else None,
            )
        except TooManyByHand as refused:
            shown = Preview(trouble=refused.explanation, code=refused.code, complete=False)
        return {"preview": shown, "question": question, "from_now": values["backfill"] == "now"}

    def _chosen(self) -> tuple[Any, Any, Any]:
        """Connection, survey and question: each is there on the steps behind the one that asks for it."""
        return self.form.chosen_connection, self.form.chosen_survey, self.form.chosen_question

    # --- saving -------------------------------------------------------------------------------------------------------

    def save(self) -> HttpResponse:
        """Retrieve data from now on; or, for an item that does already, keep what was changed."""
        if lacking := self.form.step_with_problem("metric"):
            return self.show(lacking)
        return self._write(retrieve=True)

    def save_for_later(self, at: str) -> HttpResponse:
        """Keep what is known as a draft. What is wrong on the step at hand is told; what is missing is not."""
        if self.item is not None and self.item.chosen_state != FeedbackItem.Chosen.DRAFT:
            return self.save()
        return self._write(retrieve=False)

    def _write(self, *, retrieve: bool) -> HttpResponse:
        fields = self.form.item_fields()
        title = self.form.cleaned_data.get("title") or _("New Feedback Data item")
        try:
            with transaction.atomic():
                item = self._write_item(title, fields, retrieve)
        except Outdated as outdated:
            self.outdated = FeedbackItem.objects.select_related("card", "question").get(pk=outdated.current.pk)
            see(self.form, outdated.current.version)
            return self.show("metric" if self.form.chosen_question else ORDER[0], quiet=True)
        except actions.NotAllowed as refused:
            return self.close(str(refused), messages.ERROR)
        except ValidationError as refused:
            return self._explain(refused)
        waits = item.chosen_state == FeedbackItem.Chosen.DRAFT
        text = (
            _("“%(title)s” was saved. Complete it whenever the survey is ready: until then nothing is retrieved.")
            if waits
            else _("“%(title)s” is saved. Its data are being retrieved.")
        )
        return self.close(text % {"title": item.card.title})

    def _write_item(self, title: str, fields: dict[str, Any], retrieve: bool) -> FeedbackItem:
        user = self.request.user
        if self.item is None:
            return actions.create_item(self.lane, self.stage, title=title, user=user, retrieve=retrieve, **fields)
        item = actions.change_item(self.item, seen_version(self.request), title=title, user=user, **fields)
        return actions.retrieve(item) if retrieve and item.chosen_state != FeedbackItem.Chosen.RETRIEVING else item

    def _explain(self, refused: ValidationError) -> HttpResponse:
        problems = refused.message_dict if hasattr(refused, "error_dict") else {"__all__": refused.messages}
        for name, texts in problems.items():
            field = _NAMED.get(name, name)
            self.form.add_error(field if field in self.form.fields else None, texts)
        return self.show(self.form.step_with_problem("metric") or "metric")

    def close(self, text: str, level: int = messages.SUCCESS) -> HttpResponse:
        """Back to where the wizard was opened: the map is drawn anew, with the card as it stands now."""
        journey = self.lane.journey
        address = reverse("journeys:detail", args=[journey.pk])
        opened_on = self.request.htmx.current_url_abs_path if self.request.htmx else None
        if opened_on and opened_on.partition("?")[0] != address:
            messages.add_message(self.request, level, text)
            return HttpResponseClientRedirect(opened_on if self._target == "dialog" else address)
        return map_again(self.request, journey, text, level)


def _same_surveys(connection: Connection) -> str:
    """Which others see the same brand: a survey chosen through any of them is the same one."""
    others = sorted(other.name for other in connection.source.connections.all() if other != connection)
    return _("Same brand as %(others)s: the surveys are the same.") % {"others": ", ".join(others)} if others else ""


def _question_row(choice: Choice, chosen: Question | None) -> dict[str, Any]:
    question = choice.question
    label = "" if question.label == question.wording else question.label
    facts = [label, "" if question.why_not else question.get_kind_display(), choice.reason]
    if question.kind == Question.Kind.SENTIMENT and question.about:
        facts.append(_("about: %(comment)s") % {"comment": question.about.wording})
    elif question.kind == Question.Kind.CHOSEN:
        facts = [label]
    elif question.kind == Question.Kind.EMBEDDED:
        facts = [label, _("Counted where it holds numbers")]
    elif choice.formulas and (scale := _scale_of(choice.formulas[-1])):
        facts.append(scale)
    return {
        "question": question,
        "note": " · ".join(fact for fact in facts if fact),
        "badge": metric_label(question, choice.formulas[0].metric) if choice.formulas else "",
        "disabled": not choice.formulas,
        "chosen": question == chosen,
    }


def _scale_of(formula: Formula) -> str:
    if formula.scale_min is None or formula.scale_max is None:
        return ""
    return _("%(low)s to %(high)s") % {"low": f"{formula.scale_min:g}", "high": f"{formula.scale_max:g}"}


def _responses_here(n: int) -> str:
    return ngettext("%(n)s response is here already", "%(n)s responses are here already", n) % {"n": number_text(n)}


def _after(step: str) -> str:
    return ORDER[min(ORDER.index(step) + 1, len(ORDER) - 1)]


def _found(rows: Any, raw: str | None) -> Any:
    return get_object_or_404(rows, pk=whole_number(raw))
