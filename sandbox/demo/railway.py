"""Coastline Rail (Trains du Littoral): five surveys of a regional railway, one of them not launched yet."""

from dataclasses import dataclass, field

from sandbox.state.surveys import Choice, Question


@dataclass(slots=True, frozen=True)
class Plan:
    """A demo survey before it is put into a world."""

    key: str
    name: str
    questions: list[Question]
    busyness: float  # responses a day
    launched_days_ago: float | None  # None: not launched yet
    embedded: dict[str, str | None] = field(default_factory=dict)
    numbers: dict[str, tuple[int, int]] = field(default_factory=dict)
    dates: frozenset[str] = frozenset()
    scores: dict[str, str] = field(default_factory=dict)
    language: str = "EN"
    anonymised: bool = False
    project_type: str = "CustomerSatisfactionScore"
    trash: list[Question] = field(default_factory=list)


def nps(qid: str, tag: str, text: str, theme: str = "") -> Question:
    """The recommendation question, 0 to 10."""
    scores = [Choice(str(score), str(score)) for score in range(11)]
    return Question(qid, tag, text, "MC", "NPS", choices=scores, theme=theme, answered=0.98)


def scale(labels: list[str], *, reverse: bool = False, offset: int = 0) -> list[Choice]:
    """Choices 1..n; some accounts have the keys in reverse, or recodes that differ from the ids."""
    choices = [Choice(str(number + offset), label, recode=str(number)) for number, label in enumerate(labels, start=1)]
    return choices[::-1] if reverse else choices


SATISFIED = ["Very dissatisfied", "Dissatisfied", "Neither satisfied nor dissatisfied", "Satisfied", "Very satisfied"]
AGREE = [
    "Strongly disagree",
    "Disagree",
    "Somewhat disagree",
    "Neither agree nor disagree",
    "Somewhat agree",
    "Agree",
    "Strongly agree",
]
RATED = ["Very poor", "Poor", "Fair", "Good", "Very good"]


def text(qid: str, tag: str, wording: str, text_iq: str | None, *, answered: float, theme: str = "") -> Question:
    """A free-text question."""
    return Question(qid, tag, wording, "TE", "ML", text_iq=text_iq, answered=answered, theme=theme)


POST_JOURNEY = Plan(
    key="post-journey",
    name="Post-journey NPS",
    busyness=6.6,
    launched_days_ago=730,
    embedded={"segment": None, "line": None, "wave": "2026"},
    project_type="NetPromoterScore",
    questions=[
        Question(
            "QID1",
            "Q1",
            "What was the main purpose of your journey?",
            "MC",
            "SAVR",
            "TX",
            theme="fact",
            choices=[
                Choice("1", "Work"),
                Choice("2", "Leisure"),
                Choice("3", "Visiting family or friends"),
                Choice("4", "Other", text_entry=True),
            ],
        ),
        nps(
            "QID2",
            "NPS",
            "On a scale of 0 to 10, how likely are you to recommend <strong>Coastline Rail</strong> "
            "to a friend or colleague?",
        ),
        Question(
            "QID3",
            "CSAT_staff",
            "How satisfied were you with <em>our staff</em> on board?"
            '<br><span style="font-size:12px;">Think of the last journey only.</span>',
            "MC",
            "SAVR",
            "TX",
            choices=[*scale(SATISFIED, reverse=True), Choice("6", "I did not meet any staff", analyze=False)],
            label="Satisfaction with staff",
            theme="staff",
            shift=0.5,
            answered=0.95,
        ),
        Question(
            "QID4",
            "CSAT_punctuality",
            "How satisfied were you with the punctuality of your train?",
            "MC",
            "SAHR",
            "TX",
            choices=scale(SATISFIED, offset=10),
            label="Satisfaction with punctuality",
            theme="punctuality",
            shift=-0.15,
            answered=0.97,
        ),
        Question(
            "QID5",
            "Reasons",
            "What went wrong? Please tick all that apply.",
            "MC",
            "MAVR",
            "TX",
            theme="reasons",
            answered=0.85,
            choices=[
                Choice("1", "Delay"),
                Choice("2", "Crowding"),
                Choice("3", "Cleanliness"),
                Choice("4", "Information"),
                Choice("5", "Something else", text_entry=True),
            ],
        ),
        text(
            "QID8",
            "Comment",
            "What could we do better? &nbsp;Please tell us in your own words.",
            "5f0c2a7be41d9038c6ab1e27",
            answered=0.46,
            theme="punctuality",
        ),
    ],
)

TICKET_PURCHASE = Plan(
    key="ticket-purchase",
    name="Ticket purchase",
    busyness=3.5,
    launched_days_ago=640,
    embedded={"segment": None, "shop": "app"},
    questions=[
        Question(
            "QID1",
            "CES",
            "To what extent do you agree: <strong>“Coastline Rail made it easy for me to buy my ticket.”</strong>",
            "MC",
            "SAVR",
            "TX",
            choices=scale(AGREE),
            label="Effort",
            theme="booking",
            shift=0.35,
            answered=0.99,
        ),
        Question(
            "QID2",
            "CSAT_purchase",
            "Overall, how satisfied are you with your purchase?",
            "MC",
            "SAHR",
            "TX",
            choices=scale(SATISFIED),
            theme="booking",
            shift=0.3,
            answered=0.97,
        ),
        Question(
            "QID3",
            "Ease_slider",
            "How good was the choice of fares?",
            "Slider",
            "HSLIDER",
            rows={"1": "Choice of fares"},
            theme="price",
            answered=0.9,
        ),
        text(
            "QID4",
            "Comment",
            "Is there anything you would like to add?",
            "91d4be7720ac5f13e8027c6d",
            answered=0.34,
            theme="booking",
        ),
    ],
)

ON_BOARD = Plan(
    key="on-board",
    name="On-board experience: comfort & service",
    busyness=3.0,
    launched_days_ago=500,
    embedded={"line": None},
    anonymised=True,
    questions=[
        Question(
            "QID11",
            "Rating",
            "How would you rate the following on your train?",
            "Matrix",
            "Likert",
            "SingleAnswer",
            choices=scale(RATED),
            rows={"1": "Cleanliness", "2": "Comfort of the seat", "3": "Wi-Fi", "4": "Staff"},
            theme="cleanliness,comfort,wifi,staff",
            shift=0.1,
        ),
        nps("QID12", "Q12", "How likely are you to recommend this train to others?", theme="comfort"),
        text(
            "QID14", "Remark", "Any remark about the train?", "c07713f2ad9e46b58f21d0ba", answered=0.3, theme="comfort"
        ),
    ],
    trash=[
        Question(
            "QID13",
            "Old",
            "Did you use the bar car?",
            "MC",
            "SAVR",
            "TX",
            choices=[Choice("1", "Yes"), Choice("2", "No")],
            theme="fact",
        )
    ],
)

COMPLAINT = Plan(
    key="complaint",
    name="Complaint handling",
    busyness=1.5,
    launched_days_ago=540,
    embedded={"segment": None},
    questions=[
        Question(
            "QID1",
            "CES",
            "Coastline Rail made it easy for me to have my complaint handled.",
            "MC",
            "SAVR",
            "TX",
            choices=scale(AGREE, reverse=True),
            label="Effort",
            theme="compensation",
            shift=-0.55,
        ),
        Question(
            "QID2",
            "CSAT",
            "How satisfied are you with the answer that you received?",
            "MC",
            "SAVR",
            "TX",
            choices=scale(SATISFIED),
            theme="compensation",
            shift=-0.6,
            answered=0.97,
        ),
        text(
            "QID3",
            "Comment",
            "What should we have done differently?",
            "a2e6604f7db8c91503fe7a18",
            answered=0.6,
            theme="compensation",
        ),
    ],
)

DELAY_COMPENSATION = Plan(
    key="delay-compensation",
    name="Delay compensation – new form",
    busyness=4.0,
    launched_days_ago=None,
    embedded={"segment": None, "line": None},
    questions=[
        Question(
            "QID1",
            "CES",
            "The new form made it easy for me to claim my compensation.",
            "MC",
            "SAVR",
            "TX",
            choices=scale(AGREE),
            label="Effort",
            theme="compensation",
            shift=0.4,
        ),
        Question(
            "QID2",
            "CSAT",
            "How satisfied are you with the new form?",
            "MC",
            "SAVR",
            "TX",
            choices=scale(SATISFIED),
            theme="compensation",
            shift=0.35,
        ),
        nps("QID3", "NPS", "How likely are you to recommend Coastline Rail?"),
        text(
            "QID4",
            "Comment",
            "What could be clearer in the form?",
            "3bd9f02e61c8a745d01b9f6e",
            answered=0.5,
            theme="compensation",
        ),
    ],
)

PLANS = [POST_JOURNEY, TICKET_PURCHASE, ON_BOARD, COMPLAINT, DELAY_COMPENSATION]
