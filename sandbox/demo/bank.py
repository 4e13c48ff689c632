"""Banque Méridian: two surveys of a retail bank, in French."""

from sandbox.demo.railway import Plan, nps, scale, text
from sandbox.state.surveys import Question

ACCORD = [
    "Pas du tout d’accord",
    "Pas d’accord",
    "Plutôt pas d’accord",
    "Ni d’accord ni pas d’accord",
    "Plutôt d’accord",
    "D’accord",
    "Tout à fait d’accord",
]
SATISFAIT = [
    "Extrêmement insatisfait",
    "Insatisfait",
    "Plutôt insatisfait",
    "Neutre",
    "Plutôt satisfait",
    "Satisfait",
    "Extrêmement satisfait",
]

ONBOARDING = Plan(
    key="onboarding",
    name="Ouverture de compte / premiers pas",
    busyness=1.8,
    launched_days_ago=700,
    embedded={"segment": None},
    language="FR",
    project_type="NetPromoterScore",
    questions=[
        nps(
            "QID1",
            "NPS",
            "Quelle est la probabilité que vous recommandiez la <b>Banque Méridian</b> à un proche ?",
            theme="onboarding",
        ),
        Question(
            "QID2",
            "CES",
            "Il m’a été facile d’ouvrir mon compte.",
            "MC",
            "SAVR",
            "TX",
            choices=scale(ACCORD),
            label="Effort",
            theme="onboarding",
            shift=0.2,
        ),
        text(
            "QID3",
            "Verbatim",
            "Racontez-nous vos premiers pas chez nous.",
            "7c1e95d0b3f2486aa0d4e617",
            answered=0.4,
            theme="onboarding",
        ),
    ],
)

BRANCH_VISIT = Plan(
    key="branch-visit",
    name="Visite en agence",
    busyness=2.2,
    launched_days_ago=720,
    embedded={"segment": None, "region": "Sud"},
    language="FR",
    questions=[
        Question(
            "QID1",
            "CSAT",
            "Dans quelle mesure êtes-vous satisfait de votre visite en agence ?",
            "MC",
            "SAVR",
            "TX",
            choices=scale(SATISFAIT),
            label="Satisfaction",
            theme="branch",
            shift=0.3,
        ),
        Question(
            "QID2",
            "CSAT_app",
            "Et de notre application mobile ?",
            "MC",
            "SAHR",
            "TX",
            choices=scale(SATISFAIT),
            theme="app",
            answered=0.8,
        ),
        text("QID3", "Verbatim", "Un commentaire ?", "e80b4d2c95f7a1306bd2c4f9", answered=0.35, theme="branch"),
    ],
)

PLANS = [ONBOARDING, BRANCH_VISIT]
