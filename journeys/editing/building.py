"""A whole map from a plain nested description: for templates, the demo and tests.

{"name": "Weekend trip", "description": "…", "parent": journey or None,
 "phases": [{"name": "Prepare", "stages": ["Plan", {"name": "Book", "description": "…"}]},
            {"name": None, "stages": ["A stage without a phase"]}],
 "personas": [{"name": "Lena", "description": "…", "sentiments": {"Plan": 1, "Book": -1}}],
 "lanes": [{"kind": "interactions", "name": "Touchpoints",
            "cards": {"Plan": ["Word of mouth", {"title": "App", "body": "…", "channel": "app", "span": 2}]}}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from accounts.models import User
from journeys.models import AssumedSentiment, Card, Journey, JourneyPersona, Lane, Persona, Phase, Stage


def _as_dict(value: str | Mapping[str, Any], key: str) -> dict[str, Any]:
    return {key: value} if isinstance(value, str) else dict(value)


@transaction.atomic
def build(spec: Mapping[str, Any], created_by: User | None = None) -> Journey:
    """Make the journey that `spec` describes, with all its parts. A persona that exists by that name is used again."""
    journey = Journey.objects.create(
        name=spec["name"], description=spec.get("description", ""), parent=spec.get("parent"), created_by=created_by
    )
    stages = _build_columns(journey, spec.get("phases", ()))
    _build_lanes(journey, spec.get("lanes", ()), stages)
    for persona in spec.get("personas", ()):
        _build_persona(journey, persona, stages)
    return journey


def _build_columns(journey: Journey, groups: Any) -> dict[str, Stage]:
    """The stages by name, since cards and sentiments refer to them so."""
    phases = [Phase(journey=journey, name=group["name"]) for group in groups if group.get("name")]
    for position, phase in enumerate(phases):
        phase.position = position
    Phase.objects.bulk_create(phases)
    unused = iter(phases)
    stages: list[Stage] = []
    for group in groups:
        under = next(unused) if group.get("name") else None
        for stage in group["stages"]:
            stages.append(Stage(journey=journey, phase=under, position=len(stages), **_as_dict(stage, "name")))
    by_name = {stage.name: stage for stage in Stage.objects.bulk_create(stages)}
    if len(by_name) != len(stages):
        raise ValueError("Two stages of the description have the same name")
    return by_name


def _build_lanes(journey: Journey, specs: Any, stages: Mapping[str, Stage]) -> None:
    lanes = [
        Lane(journey=journey, kind=spec["kind"], name=spec.get("name", ""), position=position)
        for position, spec in enumerate(specs)
    ]
    Lane.objects.bulk_create(lanes)
    cards = []
    for lane, spec in zip(lanes, specs, strict=True):
        for stage_name, texts in spec.get("cards", {}).items():
            stage = stages[stage_name]
            for position, text in enumerate(texts):
                fields = _as_dict(text, "title")
                fields["span"] = min(fields.get("span", 1), len(stages) - stage.position)
                cards.append(Card(lane=lane, stage=stage, position=position, **fields))
    Card.objects.bulk_create(cards)


def _build_persona(journey: Journey, spec: Mapping[str, Any], stages: Mapping[str, Stage]) -> None:
    persona = Persona.objects.filter(name=spec["name"]).first() or Persona.objects.create(
        name=spec["name"], description=spec.get("description", "")
    )
    travels = JourneyPersona.objects.create(journey=journey, persona=persona)
    AssumedSentiment.objects.bulk_create(
        AssumedSentiment(journey_persona=travels, stage=stages[name], value=value)
        for name, value in spec.get("sentiments", {}).items()
    )
