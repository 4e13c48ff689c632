"""Scenarios: messages of new responses."""

from sandbox.scenarios.effects import Event, SettingsChanged
from sandbox.scenarios.events import flood
from sandbox.scenarios.scenario import Scenario

WEBHOOKS = (
    Scenario(
        "webhooks_lost",
        ("C8",),
        what=("Every message is lost on its way.", "Tous les messages se perdent en route."),
        expect=("The next fetch brings what they told.", "La récupération suivante apporte ce qu’ils annonçaient."),
        effect=SettingsChanged(webhook_lost=1.0),
    ),
    Scenario(
        "webhooks_repeated",
        ("C3", "C6"),
        what=("Every message comes six times.", "Chaque message arrive six fois."),
        expect=("Kept once, looked up once.", "Gardé une fois, consulté une fois."),
        effect=SettingsChanged(webhook_duplicates=5),
    ),
    Scenario(
        "webhooks_forged",
        ("C1",),
        what=("Messages carry a wrong signature.", "Les messages portent une signature fausse."),
        expect=(
            "Refused; the watch says when; fetches go on.",
            "Refusés ; la veille dit quand ; les récupérations continuent.",
        ),
        effect=SettingsChanged(webhook_bad_signature=True),
    ),
    Scenario(
        "responses_not_ready",
        ("C7",),
        what=(
            "A response can be read only an hour after it was announced.",
            "Une réponse n’est lisible qu’une heure après son annonce.",
        ),
        expect=(
            "Tried again after 5 s, 30 s, 2 min, 10 min; then left to the next fetch.",
            "Retenté après 5 s, 30 s, 2 min, 10 min ; puis laissé à la récupération suivante.",
        ),
        effect=SettingsChanged(single_response_delay=3600.0),
    ),
    Scenario(
        "webhook_flood",
        ("C9",),
        what=(
            "300 people answer the post-journey survey within a second.",
            "300 personnes répondent à l’enquête post-voyage en une seconde.",
        ),
        expect=(
            "All messages are kept; one export brings the answers.",
            "Tous les messages sont gardés ; un seul export apporte les réponses.",
        ),
        effect=Event(flood),
    ),
)
