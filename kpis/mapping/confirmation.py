"""Items that count as they did before mappings were kept, where that would now be asked: what is proposed, and saying what holds.

Nothing changes by itself: an item goes on counting as it has, marked, until a person keeps that or takes what is proposed.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Q, TextChoices
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from feedback import items
from feedback.mapping.entries import Entry, read_entries
from feedback.mapping.proposals import Proposal, Runs, proposal_of
from feedback.models import FeedbackItem
from kpis.counting.mapped import mapped
from kpis.mapping.choices import choice_of
from kpis.metrics.formulas import Formula, measure_counts
from kpis.metrics.proposals import points_of
from kpis.scoring.figures import Figure, figure
from kpis.scoring.scores import Scores, classes_of, formula_of, items_with_facts
from versioning.saving import Outdated


class Holds(TextChoices):
    """What a person says of a mapping that was assumed."""

    COUNTED = "counted", gettext_lazy("Keep as it counts")
    PROPOSED = "proposed", gettext_lazy("Count as proposed")


@dataclass(frozen=True)
class Assumed:
    """An item whose mapping nobody has looked at, and what is proposed instead; without a formula the metric does not suit."""

    item: FeedbackItem
    proposal: Proposal
    formula: Formula | None
    now: Figure | None
    proposed: Figure | None  # not where few answers must stay hidden: a difference of two figures would tell of them

    @property
    def differs(self) -> bool:
        """Whether the figure would be another one."""
        if self.now is None or self.proposed is None:
            return self.formula is None
        return (self.now.measure.value, self.now.measure.n) != (self.proposed.measure.value, self.proposed.measure.n)

    @property
    def sentences(self) -> list[str]:
        """Why it is asked."""
        return self.proposal.questions

    @property
    def lines(self) -> list[tuple[Entry, Entry]]:
        """What it counts so far beside what is proposed, where these differ."""
        said = {entry.code: entry for entry in read_entries(self.item.mapping)}
        pairs = [
            (said.get(entry.code, Entry(entry.code, entry.label, entry.code)), entry) for entry in self.proposal.entries
        ]
        return [(now, then) for now, then in pairs if _counts(now) != _counts(then)]


def candidates() -> Q:
    """Items of which nobody has said how their choices count, though they count."""
    states = (FeedbackItem.Chosen.RETRIEVING, FeedbackItem.Chosen.PAUSED)
    return Q(mapping_assumed=True, chosen_state__in=states, question__successor=None) & ~Q(question=None)


def is_assumed(item: FeedbackItem) -> bool:
    """Whether the item's mapping rests on what would now be asked, or be proposed otherwise."""
    if not item.mapping_assumed or item.question is None or item.question.successor_id is not None:
        return False
    proposal = proposal_of(item.question)
    formula = formula_of(item)
    if proposal.doubts or formula is None:
        return bool(proposal.doubts)
    turned = formula.metric in ("csat", "ces", "mean") and len(points_of(proposal.entries)) > 2
    if turned and formula.reverse != (proposal.runs == Runs.DOWN):
        return True
    return [_counts(entry) for entry in read_entries(item.mapping)] != [_counts(entry) for entry in proposal.entries]


def assumed_items(only: Collection[int] | None = None) -> list[Assumed]:
    """The items to confirm, in the order of the maps, with their figures over all days."""
    condition = candidates() if only is None else candidates() & Q(pk__in=only)
    found = [item for item in items_with_facts(condition) if is_assumed(item)]
    scores = Scores(found)
    return [_assumed(item, scores) for item in found]


def _assumed(item: FeedbackItem, scores: Scores) -> Assumed:
    assert item.question is not None  # noqa: S101  # of a candidate
    choice = choice_of(item.question)
    formula = next((each for each in choice.formulas if each.metric == item.metric), None)
    score = scores.of_item(item)
    proposed = None
    if formula is not None and score.part is not None and score.figure is not None and not scores.rules.threshold:
        entries = [entry.as_json() for entry in choice.proposal.entries]
        counted = measure_counts(formula, score.part.counts, mapping=mapped(entries), include=classes_of(item))
        proposed = figure(
            formula, counted, state=score.state.value, window=score.figure.window, tz_name=score.figure.tz_name
        )
    return Assumed(item, choice.proposal, formula, score.figure, proposed)


def confirm(item: FeedbackItem, seen_version: int, holds: str, user: User | None) -> FeedbackItem:
    """Keep the mapping as it counts, or take the proposed one. Raises `Outdated`, or `ValidationError` if it cannot hold."""
    if holds == Holds.COUNTED:
        return items.keep_mapping(item, seen_version)
    assumed = assumed_items([item.pk])
    formula = assumed[0].formula if assumed else None
    if formula is None:
        raise ValidationError(_("This metric does not suit what is proposed. Choose how its answers are counted."))
    return items.change_item(
        item,
        seen_version,
        user=user,
        mapping=[entry.as_json() for entry in assumed[0].proposal.entries],
        metric=formula.metric,
        scale_min=formula.scale_min,
        scale_max=formula.scale_max,
        positive_values=list(formula.positive_values),
        reverse=formula.reverse,
    )


@dataclass(frozen=True)
class Said:
    """What became of one item of several that were confirmed at once; `refused` says why not."""

    item_id: int
    refused: str = ""


def confirm_many(wanted: Collection[tuple[int, int]], holds: str, user: User | None) -> list[Said]:
    """Confirm items, each with the version that was seen. Each stands for itself: one that is refused stops no other."""
    found = {item.pk: item for item in items_with_facts(Q(pk__in=[pk for pk, _version in wanted]))}
    said = []
    for pk, version in wanted:
        item = found.get(pk)
        if item is None or not is_assumed(item):
            said.append(Said(pk, _("There is nothing to confirm for this item.")))
            continue
        try:
            confirm(item, version, holds, user)
        except Outdated:
            said.append(Said(pk, _("Somebody else changed this item meanwhile. It is shown as it is now: try again.")))
        except ValidationError as refusal:
            said.append(Said(pk, " ".join(refusal.messages)))
        else:
            said.append(Said(pk))
    return said


def _counts(entry: Entry) -> tuple[str, str | None, bool]:
    return entry.code, entry.value, bool(entry.left_out)
