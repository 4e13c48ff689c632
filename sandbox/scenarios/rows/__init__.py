"""The list of scenarios, group by group: name, lines of docs/faults.md, what happens, what to expect of Parcours, effect."""

from sandbox.scenarios.effects import Event
from sandbox.scenarios.normal import back_to_normal
from sandbox.scenarios.rows.calls import CALLS
from sandbox.scenarios.rows.exports import EXPORTS
from sandbox.scenarios.rows.files import FILES
from sandbox.scenarios.rows.people import PEOPLE
from sandbox.scenarios.rows.surveys import SURVEYS
from sandbox.scenarios.rows.webhooks import WEBHOOKS
from sandbox.scenarios.scenario import Scenario

_BEFORE_THE_END = (*PEOPLE, *CALLS, *EXPORTS, *FILES, *SURVEYS, *WEBHOOKS)
_END = (
    Scenario(
        "back_to_normal",
        (),
        what=(
            "Faults off; settings, tokens, surveys and clock as they were. Answers stay.",
            "Pannes levées ; réglages, tokens, enquêtes et horloge comme avant. Les réponses restent.",
        ),
        expect=(
            "Whatever was in trouble heals by itself; a refused token needs “Test the connector”.",
            "Tout se rétablit seul ; un token refusé demande « Tester le connecteur ».",
        ),
        effect=Event(back_to_normal, scenarios=_BEFORE_THE_END),
    ),
)
GROUPS: dict[str, tuple[Scenario, ...]] = {
    "people": PEOPLE,
    "calls": CALLS,
    "exports": EXPORTS,
    "files": FILES,
    "surveys": SURVEYS,
    "webhooks": WEBHOOKS,
    "end": _END,
}
SCENARIOS: dict[str, Scenario] = {each.name: each for rows in GROUPS.values() for each in rows}
