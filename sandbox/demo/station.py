"""Coastline Rail's survey of its stations: all that can be mapped beside plain questions. A scenario puts it into the world."""

from sandbox.demo.railway import RATED, SATISFIED, Plan, scale, text
from sandbox.state.surveys import Choice, Column, Question

STATION_VISIT = Plan(
    key="station-visit",
    name="Station visit",
    busyness=4.0,
    launched_days_ago=120,
    embedded={"line": None, "waiting_minutes": None, "journeys_a_year": None, "customer_since": None},
    numbers={"waiting_minutes": (0, 45), "journeys_a_year": (1, 60)},
    dates=frozenset({"customer_since"}),
    scores={"SC_3kQ9LmX2bWc7KsT": "Station index"},
    questions=[
        Question(
            "QID1",
            "Intro",
            "Thank you for helping us to make our stations better.",
            "DB",
            "TB",
        ),
        Question(
            "QID2",
            "Hall",
            "How satisfied were you with ${lm://Field/1}?",
            "MC",
            "SAVR",
            "TX",
            choices=scale(SATISFIED),
            loops={"1": "the ticket office", "2": "the waiting room"},
            theme="staff",
        ),
        Question(
            "QID3",
            "Services",
            "Our services at the station: how good were they, and when do you use them?",
            "SBS",
            "SBSMatrix",
            rows={"1": "Announcements", "2": "Lifts"},
            columns={
                "1": Column("How good?", scale(RATED)),
                "2": Column("When?", [Choice("1", "Morning"), Choice("2", "Evening")], several=True),
            },
            theme="information",
        ),
        Question(
            "QID4",
            "Missed",
            "What did you miss on your way from ${q://QID2/ChoiceGroup/SelectedChoices}?",
            "Matrix",
            "Likert",
            "MultipleAnswer",
            rows={"1": "On the platform", "2": "In the hall"},
            choices=[Choice("1", "Seats"), Choice("2", "Signs"), Choice("3", "Light")],
            theme="comfort",
        ),
        Question("QID5", "Photo", "Would you like to show us a place? Add a photo.", "FileUpload", "FileUpload"),
        text(
            "QID6",
            "Comment",
            "What else, ${m://FirstName}?",
            "b2f7c4019ad85e3367d01f8c",
            answered=0.5,
            theme="cleanliness",
        ),
    ],
)
