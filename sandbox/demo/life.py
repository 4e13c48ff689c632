"""How respondents behave: when they answer, how content they are, what they tick and write."""

import math
import random
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from sandbox.demo.verbatims import comment
from sandbox.state.clock import SECOND, WEEK, to_ms
from sandbox.state.ids import make_id
from sandbox.state.responses import Response, Sheet
from sandbox.state.surveys import Question, Survey, fields_of, text_iq_keys_of, text_iq_suffix
from sandbox.state.world import World

HOURS = [1, 1, 1, 1, 1, 2, 6, 12, 15, 11, 9, 9, 12, 10, 8, 8, 10, 14, 17, 15, 12, 10, 6, 3]
HISTORY_DAYS = 730
INCIDENT_DAYS_AGO = (112, 98)  # a bad fortnight: storm damage on the line, or a failed software release


@dataclass(slots=True, frozen=True)
class Mood:
    """The temper of one line of business."""

    weekdays: tuple[float, ...]  # Monday first
    months: tuple[float, ...]  # January first
    french: float
    trend: float  # how much contentment rises over the whole history
    incident: dict[str, float]  # theme -> how far it fell in the bad fortnight
    lines: dict[str, float]  # value of the embedded field `line` -> shift of contentment
    segments: dict[str, float]
    channels: tuple[str, ...]


MOODS = {
    "railway": Mood(
        (1.1, 1.0, 1.0, 1.05, 1.3, 0.85, 0.75),
        (0.85, 0.85, 0.95, 1.0, 1.05, 1.1, 1.35, 1.3, 1.0, 0.95, 0.85, 1.1),
        0.45,
        0.3,
        {"punctuality": -2.2, "information": -1.4, "": -0.9},
        {"Riviera": 0.15, "Calanques": 0.1, "Estérel": -0.05, "Inland": -0.35},
        {"leisure": 0.2, "commuter": -0.25, "business": -0.05},
        ("email", "email", "email", "qr", "anonymous", "sms"),
    ),
    "bank": Mood(
        (1.2, 1.1, 1.0, 1.0, 1.1, 0.5, 0.15),
        (1.2, 1.0, 1.05, 1.0, 0.95, 0.95, 0.8, 0.6, 1.3, 1.1, 1.0, 0.9),
        0.8,
        -0.1,
        {"app": -1.8, "": -0.4},
        {},
        {"private": 0.05, "professional": -0.15, "student": 0.1},
        ("email", "email", "sms", "anonymous"),
    ),
}
SENTIMENTS = {
    "positive": (("Positive", 2, 4), ("Very Positive", 5, 7)),
    "negative": (("Negative", -4, -2), ("Very Negative", -7, -5)),
    "mixed": (("Mixed", -1, 1),),
    "neutral": (("Neutral", 0, 0),),
}


def fill_history(world: World, survey: Survey, since_days: float, scale: float) -> None:
    """Everything that was answered from the launch to now; the same for the same seed and moment."""
    now = world.clock.now()
    today = datetime.fromtimestamp(now / 1000, tz=UTC).date()
    for days_ago in range(int(since_days), -1, -1):
        day = today - timedelta(days=days_ago)
        source = random.Random(f"{world.seed}:{survey.key}:{day}")
        for response in responses_of_day(source, survey, day, days_ago, scale):
            if response.ended <= now:
                world.add_response(survey, response)


def responses_of_day(
    source: random.Random, survey: Survey, day: date, days_ago: float, scale: float = 1.0
) -> list[Response]:
    """One day's answers, in the order in which they ended."""
    mood = MOODS[survey.mood]
    expected = survey.busyness * scale * mood.weekdays[day.weekday()] * mood.months[day.month - 1]
    number = max(0, int(source.gauss(expected, math.sqrt(expected) * 0.7) + source.random()))
    midnight = to_ms(datetime(day.year, day.month, day.day, tzinfo=UTC))
    moments = sorted(
        midnight + (source.choices(range(24), HOURS)[0] * 3600 + source.randrange(3600)) * SECOND for _ in range(number)
    )
    return [make_response(source, survey, moment, days_ago) for moment in moments]


def contentment(survey: Survey, theme: str, days_ago: float) -> float:
    """How content people were that day, about this theme."""
    mood = MOODS[survey.mood]
    level = mood.trend * (1 - days_ago / HISTORY_DAYS) + 0.12 * math.sin(2 * math.pi * days_ago / 365)
    first, last = INCIDENT_DAYS_AGO
    if last < days_ago <= first:
        level += mood.incident.get(theme, mood.incident[""])
    return level


def make_response(source: random.Random, survey: Survey, ended: int, days_ago: float = 0.0) -> Response:
    """One respondent: facts and answers."""
    mood = MOODS[survey.mood]
    kind = source.random()
    status = 1 if kind < 0.006 else 2 if kind < 0.011 else 8 if kind < 0.02 else 0
    finished = status != 0 or source.random() > 0.09
    language = "FR" if source.random() < mood.french else "EN"
    channel = {1: "preview", 2: "test"}.get(status) or source.choice(mood.channels)
    sheet = make_sheet(source, survey, language, days_ago, finished)
    if finished:
        recorded, progress = ended + source.randint(40, 990), 100
    else:
        recorded = ended + WEEK + source.randint(1000, 25_000)
        progress = source.randint(15, 83)
    return Response(
        id=make_id("R", source),
        started=ended - source.randint(45, 420) * SECOND,
        ended=ended,
        recorded=recorded,
        modified=recorded,
        created_at_step=0,
        changed_at_step=0,
        status=status,
        finished=finished,
        progress=progress,
        language=language,
        channel=channel,
        respondent=source.getrandbits(40),
        sheet=sheet,
    )


def make_sheet(
    source: random.Random, survey: Survey, language: str, days_ago: float = 0.0, finished: bool = True
) -> Sheet:
    """Answers that hang together: a content person is content throughout."""
    mood = MOODS[survey.mood]
    person = source.gauss(0.0, 0.85)
    embedded: dict[str, str] = {}
    for name, default in survey.embedded.items():
        shifts = mood.lines if name == "line" else mood.segments if name == "segment" else {}
        if name in survey.numbers:
            embedded[name] = str(source.randint(*survey.numbers[name]))
        elif name in survey.dates:
            embedded[name] = f"2026-{source.randint(1, 12):02}-{source.randint(1, 28):02}"
        elif shifts:
            embedded[name] = source.choice(list(shifts))
            person += shifts[embedded[name]]
        elif default is not None:
            embedded[name] = default
    seen = len(survey.questions) if finished else source.randint(1, max(1, len(survey.questions) - 1))
    answers: dict[str, object] = {}
    text_iq: dict[str, str] = {}
    hidden: set[str] = set()
    for position, question in enumerate(survey.questions):
        skipped = position >= seen or (question.theme == "reasons" and person > -0.2)
        if skipped:
            hidden.update(each.key for each in fields_of(question))
            continue
        for each in [replace(question, id=f"{loop}_{question.id}") for loop in question.loops] or [question]:
            _answer(source, survey, each, language, person, days_ago, answers, text_iq)
    for score in survey.scores:
        embedded[score] = str(max(0, min(100, round(55 + 18 * person))))
    return Sheet(answers, embedded, text_iq, frozenset(hidden))


def _answer(
    source: random.Random,
    survey: Survey,
    question: Question,
    language: str,
    person: float,
    days_ago: float,
    answers: dict[str, object],
    text_iq: dict[str, str],
) -> None:
    if source.random() > question.answered or question.type in ("DB", "FileUpload"):
        return
    level = person + question.shift + contentment(survey, question.theme, days_ago)
    if question.type == "TE":
        text, values = write_comment(source, survey, question, language, level)
        answers[f"{question.id}_TEXT"] = text
        text_iq.update(values)
    elif question.type == "Slider":
        for row in question.rows:
            answers[f"{question.id}_{row}"] = max(0, min(100, round(68 + 18 * (level + source.gauss(0, 0.4)))))
    elif question.sub_selector == "MultipleAnswer":
        for row in question.rows:
            for choice in source.sample(question.choices, source.randint(0, len(question.choices) - 1)):
                answers[f"{question.id}_{row}_{choice.id}"] = 1
    elif question.type == "SBS":
        for number, column in question.columns.items():
            for row in question.rows:
                asked = replace(question, choices=column.choices)
                ticked = source.sample(column.choices, source.randint(1, len(column.choices)))
                answers[f"{question.id}#{number}_{row}"] = (
                    sorted(choice.recode for choice in ticked) if column.several else _scale_value(source, asked, level)
                )
    elif question.type == "Matrix":
        for row, theme in zip(question.rows, question.theme.split(","), strict=False):
            if source.random() > 0.04:
                about = person + question.shift + contentment(survey, theme, days_ago) + ROW_SHIFTS.get(theme, 0.0)
                answers[f"{question.id}_{row}"] = _scale_value(source, question, about)
    elif question.is_nps:
        anger = min(0.0, level + 0.5)  # discontent people go far down
        answers[question.id] = max(0, min(10, round(8.15 + 1.75 * level + 1.4 * anger + source.gauss(0, 0.7))))
    elif question.selector.startswith("MA"):
        ticked = source.sample(question.choices, min(len(question.choices), source.randint(1, 3)))
        answers[question.id] = sorted((choice.recode for choice in ticked), key=lambda code: (len(code), code))
        for choice in ticked:
            if choice.text_entry:
                answers[f"{question.id}_{choice.id}_TEXT"] = comment(source, survey.mood, language, "negative")[0]
    else:
        answers[question.id] = _scale_value(source, question, level)


ROW_SHIFTS = {"cleanliness": 0.1, "comfort": 0.2, "wifi": -0.75, "staff": 0.55}


def _scale_value(source: random.Random, question: Question, level: float) -> int | str:
    outside = [choice.recode for choice in question.choices if not choice.analyze]
    if outside and source.random() < 0.06:
        code = source.choice(outside)
        return int(code) if code.lstrip("-").isdecimal() else code
    codes = [choice.recode for choice in question.choices if choice.analyze]
    if not all(code.lstrip("-").isdecimal() for code in codes) or question.theme == "fact":
        code = source.choice(codes)
        return int(code) if code.lstrip("-").isdecimal() else code
    steps = sorted(int(code) for code in codes)
    place = 0.71 + 0.28 * (level + source.gauss(0, 0.4))
    return steps[max(0, min(len(steps) - 1, round(place * (len(steps) - 1))))]


def write_comment(
    source: random.Random, survey: Survey, question: Question, language: str, level: float
) -> tuple[str, dict[str, str]]:
    """A comment that fits the temper, with its Text iQ columns if the question is analysed."""
    shaken = level + source.gauss(0, 0.45)
    mood = "positive" if shaken > 0.45 else "negative" if shaken < -0.3 else source.choice(("mixed", "neutral"))
    text, topics = comment(source, survey.mood, language, mood, question.theme or None)
    values: dict[str, str] = {}
    if question.text_iq:
        label, low, high = source.choice(SENTIMENTS[mood])
        known = source.random() < 0.93  # Text iQ leaves some comments without a verdict
        score = str(source.randint(low, high)) if known else ""
        named = ",".join(topics) if topics and source.random() < 0.9 else "Unknown"
        by_suffix = {
            "ParTopics": "Unknown" if named == "Unknown" else "Journey",
            "SenPol": "0",
            "SenScore": score,
            "Sentiment": label if known else "",
            "TopicSenLabel": label if known and named != "Unknown" else "",
            "TopicSenScore": score if named != "Unknown" else "",
            "Topics": named,
        }
        values = {key: by_suffix[text_iq_suffix(key)] for key in text_iq_keys_of(question)}
    return text, {key: value for key, value in values.items() if value}


def live_response(world: World, survey: Survey) -> Response:
    """Somebody answers just now; the Text iQ values of a comment follow after a while."""
    with world.lock:
        source, now = world.source, world.clock.now()
        response = make_response(source, survey, now, 0.0)
        if response.finished:
            response.recorded = response.modified = now
        late, delay = response.sheet.text_iq, round(world.settings.text_iq_delay * 1000)
        if late and delay:
            response.sheet.text_iq = {}
        world.add_response(survey, response)
        if late and delay:
            due = max(now, response.recorded) + delay
            world.later(due, lambda: _enrich(world, survey, response.id, late, due))
        return response


def _enrich(world: World, survey: Survey, response_id: str, values: dict[str, str], at: int) -> None:
    response = world.responses.get(survey.id, {}).get(response_id)
    if response is not None:
        moved = at if world.settings.text_iq_moves_modified else response.modified
        world.change_response(survey, response_id, text_iq=values, modified=moved)


def bulk(world: World, survey: Survey, number: int, since: int, until: int, pool: int = 2000) -> None:
    """Many recorded responses at once, spread evenly; sheets are shared, so memory stays small."""
    source = random.Random(f"{world.seed}:{survey.key}:bulk:{world.step}:{number}")
    patterns = [make_response(source, survey, since) for _ in range(min(pool, number))]
    for pattern in patterns:
        pattern.sheet.rendered = {}
    span = max(1, until - since)
    with world.lock:
        stored = world.responses[survey.id]
        for position in range(number):
            pattern = patterns[position % len(patterns)]
            recorded = since + span * position // number
            ended = recorded - (500 if pattern.finished else WEEK + 4000)
            step = world.next_step()
            new_id = make_id("R", source)
            stored[new_id] = Response(
                new_id, ended - 158 * SECOND, ended, recorded, recorded, step, step, pattern.status, pattern.finished,
                pattern.progress, pattern.language, pattern.channel, pattern.respondent + position, pattern.sheet,
            )  # fmt: skip
