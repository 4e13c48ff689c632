"""What else goes when something is deleted, counted before anybody confirms."""

from __future__ import annotations

from django.db import models, router
from django.db.models.deletion import Collector
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from journeys.models import AssumedSentiment, Card, JourneyPersona, Lane, Phase, Stage


def goes_with(obj: models.Model) -> list[str]:
    """One phrase for each kind of thing that would be deleted together with `obj`, whatever app it belongs to."""
    collector = Collector(using=router.db_for_write(type(obj), instance=obj), origin=obj)
    if isinstance(obj, Stage):  # cards that reach beyond it stay: see `editing.delete`
        collector.collect(obj.cards.filter(span=1))
        collector.collect(obj.assumed_sentiments.all())
    else:
        collector.collect([obj])
    # Sets, because a row may be reached on two ways: a card by its lane and by its stage.
    found: dict[type[models.Model], set[object]] = {}
    for model, instances in collector.data.items():
        found.setdefault(model, set()).update(instance.pk for instance in instances)
    for rows in collector.fast_deletes:
        found.setdefault(rows.model, set()).update(row.pk for row in rows)
    found.get(type(obj), set()).discard(obj.pk)
    return [_phrase(model, len(keys)) for model, keys in found.items() if keys]


def _phrase(model: type[models.Model], count: int) -> str:
    if model is Phase:
        text = ngettext("%(count)d phase", "%(count)d phases", count)
    elif model is Stage:
        text = ngettext("%(count)d stage", "%(count)d stages", count)
    elif model is Lane:
        text = ngettext("%(count)d lane", "%(count)d lanes", count)
    elif model is Card:
        text = ngettext("%(count)d card", "%(count)d cards", count)
    elif model is AssumedSentiment:
        text = ngettext("%(count)d assumed sentiment", "%(count)d assumed sentiments", count)
    elif model is JourneyPersona:
        text = ngettext(
            "the place of %(count)d persona on the map", "the places of %(count)d personas on the map", count
        )
    else:
        return _("%(name)s: %(count)d") % {"name": model._meta.verbose_name, "count": count}
    return text % {"count": count}
