"""What the demo's maps say: a railway's in English, a bank's in French. Plain descriptions, see `journeys.editing.building`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DemoItem:
    """A feedback item of the demo: which question of which survey feeds it. The metric is the one the product proposes."""

    stage: str
    title: str
    survey: str
    field: str
    metric: str
    target: float | None = None
    retrieve: bool = True


RAILWAY = {
    "name": "A weekend by train",
    "description": "From the idea of a weekend by the sea to the last claim: what our leisure travellers live through.",
    "phases": [
        {"name": "Prepare", "stages": ["Plan the trip", "Buy the ticket"]},
        {"name": "Travel", "stages": ["At the station", "On board", "Arrive"]},
        {"name": "Afterwards", "stages": ["Claim and complain", "Come back"]},
    ],
    "personas": [
        {
            "name": "Lena, weekend traveller",
            "description": "32, books on her phone the evening before, travels with a bicycle.",
            "sentiments": {
                "Plan the trip": 1, "Buy the ticket": 1, "At the station": 0, "On board": 1, "Arrive": -1,
                "Claim and complain": -2, "Come back": 0,
            },
        },
        {
            "name": "Georges, occasional traveller",
            "description": "68, visits his grandchildren, likes to speak to somebody.",
            "sentiments": {
                "Plan the trip": 0, "Buy the ticket": -1, "At the station": 1, "On board": 2, "Arrive": 0,
                "Claim and complain": -1, "Come back": 1,
            },
        },
    ],
    "lanes": [
        {
            "kind": "text",
            "name": "What customers do",
            "cards": {
                "Plan the trip": ["Compare the train with the car", "Look for a day with good weather"],
                "Buy the ticket": ["Choose a fare", "Add the bicycle"],
                "At the station": ["Find the platform", "Wait, and look for news of the train"],
                "On board": ["Find a seat", "Work, read, look at the sea"],
                "Arrive": ["Change to the bus"],
                "Claim and complain": ["Claim compensation for a delay"],
                "Come back": ["Tell friends", "Book again, or not"],
            },
        },
        {
            "kind": "interactions",
            "name": "Touchpoints",
            "cards": {
                "Plan the trip": [{"title": "Journey planner", "channel": "web"}],
                "Buy the ticket": [{"title": "Coastline app", "channel": "app"}, {"title": "Ticket office", "channel": "in_person"}],
                "At the station": [{"title": "Departure board and announcements", "channel": "in_person"}],
                "On board": [{"title": "Train crew", "channel": "in_person", "span": 2}],
                "Claim and complain": [{"title": "Compensation form", "channel": "web"}, {"title": "Customer service", "channel": "phone"}],
                "Come back": [{"title": "Newsletter", "channel": "email"}],
            },
        },
        {"kind": "sentiment", "name": "How we believe they feel"},
        {"kind": "feedback", "name": "Voice of the customer"},
        {"kind": "kpi", "name": "Consolidated CX KPIs"},
        {
            "kind": "pains",
            "cards": {
                "Buy the ticket": ["The bicycle needs a second purchase"],
                "At the station": ["Platform changes are announced late"],
                "Arrive": ["The connection leaves as we arrive"],
                "Claim and complain": ["The form asks for what we know already"],
            },
        },
        {
            "kind": "gains",
            "cards": {"On board": ["Friendly crew", "The view"], "Buy the ticket": ["Two taps in the app"]},
        },
        {
            "kind": "opportunities",
            "cards": {
                "At the station": ["Tell travellers of a platform change on their phone"],
                "Claim and complain": [{"title": "Pay compensation without a claim", "body": "We know who was on the train."}],
            },
        },
    ],
}  # fmt: skip

RAILWAY_ITEMS = [
    DemoItem("Buy the ticket", "Ease of buying", "Ticket purchase", "QID1", "ces", target=70),
    DemoItem("Buy the ticket", "Satisfaction with the purchase", "Ticket purchase", "QID2", "csat"),
    DemoItem("At the station", "Punctuality", "Post-journey NPS", "QID4", "csat", target=80),
    DemoItem("On board", "Staff on board", "Post-journey NPS", "QID3", "csat", target=75),
    DemoItem("On board", "Cleanliness", "On-board experience: comfort & service", "QID11_1", "csat"),
    DemoItem("On board", "This train", "On-board experience: comfort & service", "QID12", "nps"),
    DemoItem("Arrive", "Recommendation after the journey", "Post-journey NPS", "QID2", "nps", target=40),
    DemoItem("Arrive", "What they write", "Post-journey NPS", "QID8_TEXT", "sentiment"),
    DemoItem("Claim and complain", "Ease of complaining", "Complaint handling", "QID1", "ces", target=60),
    DemoItem("Claim and complain", "Satisfaction with our answer", "Complaint handling", "QID2", "csat"),
    DemoItem("Claim and complain", "The new compensation form", "Delay compensation – new form", "QID1", "ces", retrieve=False),
]  # fmt: skip

BANK = {
    "name": "Devenir client",
    "description": "De l’ouverture du compte aux premiers mois : ce que vivent nos nouveaux clients.",
    "phases": [
        {"name": "Choisir", "stages": ["S’informer", "Ouvrir le compte"]},
        {"name": "S’installer", "stages": ["Premiers pas", "Premier rendez-vous"]},
    ],
    "personas": [
        {
            "name": "Inès, premier emploi",
            "description": "24 ans, tout sur le téléphone, jamais allée en agence.",
            "sentiments": {"S’informer": 0, "Ouvrir le compte": 1, "Premiers pas": 1, "Premier rendez-vous": -1},
        }
    ],
    "lanes": [
        {
            "kind": "interactions",
            "name": "Points de contact",
            "cards": {
                "S’informer": [{"title": "Site et comparateurs", "channel": "web"}],
                "Ouvrir le compte": [{"title": "Application", "channel": "app"}],
                "Premiers pas": [{"title": "Courriels de bienvenue", "channel": "email"}],
                "Premier rendez-vous": [{"title": "Agence", "channel": "in_person"}],
            },
        },
        {"kind": "feedback", "name": "Voix du client"},
        {"kind": "kpi", "name": "KPI CX consolidés"},
        {
            "kind": "pains",
            "cards": {"Ouvrir le compte": ["Trois photos de la même pièce d’identité"], "Premier rendez-vous": ["Attente sans nouvelle"]},
        },
    ],
}  # fmt: skip

BANK_ITEMS = [
    DemoItem(
        "Ouvrir le compte", "Facilité d’ouverture", "Ouverture de compte / premiers pas", "QID2", "ces", target=70
    ),
    DemoItem("Premiers pas", "Recommandation", "Ouverture de compte / premiers pas", "QID1", "nps", target=30),
    DemoItem("Premier rendez-vous", "Satisfaction en agence", "Visite en agence", "QID1", "csat"),
]
