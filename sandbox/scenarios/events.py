"""What happens in scenarios that are events: people answer, edit, delete. Each gives back what it did, as numbers."""

import random
from datetime import UTC, datetime

from sandbox.actions import Actions
from sandbox.demo import survey_of
from sandbox.demo.life import fill_history, responses_of_day
from sandbox.demo.station import STATION_VISIT
from sandbox.state.clock import DAY
from sandbox.state.surveys import Survey

ODD_TEXT = "🚆\u202eevil\u202c e\u0301\u0000 end"


def days_pass(actions: Actions, days: int, brisk: float) -> dict[str, int]:
    """Move the clock day by day; on each, people answer as they would (times `brisk`)."""
    world, added = actions.world, 0
    for _ in range(days):
        start = world.clock.now()
        day = datetime.fromtimestamp(start / 1000, tz=UTC).date()
        world.clock.advance(DAY)
        with world.lock:
            for survey in [each for each in world.surveys.values() if each.is_active]:
                source = random.Random(f"{world.seed}:{survey.key}:{day}:later")
                for response in responses_of_day(source, survey, day, 0.0, brisk):
                    if not start < response.ended <= world.clock.now():
                        response.ended += DAY  # the part of the day that had passed already is played tomorrow
                        response.started, response.recorded = response.started + DAY, response.recorded + DAY
                        response.modified += DAY
                    if response.ended <= world.clock.now():
                        world.add_response(survey, response)
                        added += 1
        world.settle()
    actions.site.services.webhooks.wake()
    return {"added": added}


def edit_newest(actions: Actions) -> dict[str, int]:
    """Set the 20 newest answers to the post-journey NPS to 0."""
    ids = _newest(actions, actions.world.survey("post-journey"), 20)
    for response_id in ids:
        actions.edit_response("post-journey", response_id, answers={"QID2": 0})
    return {"edited": len(ids)}


def analyse_anew(actions: Actions) -> dict[str, int]:
    """Let Text iQ find ten post-journey comments very negative."""
    survey = actions.world.survey("post-journey")
    rows = actions.world.responses[survey.id]
    ids = [each for each in _newest(actions, survey, 200) if "QID8_TEXT" in rows[each].sheet.answers][-10:]
    for response_id in ids:
        actions.add_text_iq("post-journey", response_id, "Very Negative")
    return {"analysed": len(ids)}


def delete_newest(actions: Actions) -> dict[str, int]:
    """Delete the five newest post-journey responses."""
    ids = _newest(actions, actions.world.survey("post-journey"), 5)
    for response_id in ids:
        actions.delete_response("post-journey", response_id)
    return {"deleted": len(ids)}


def delete_most(actions: Actions) -> dict[str, int]:
    """Delete three fifths of the responses on ticket purchase."""
    survey = actions.world.survey("ticket-purchase")
    ids = list(actions.world.responses[survey.id])
    gone = ids[: len(ids) * 3 // 5]
    for response_id in gone:
        actions.world.delete_response(survey, response_id)
    return {"deleted": len(gone)}


def write_odd_words(actions: Actions) -> dict[str, str]:
    """Add a comment of five megabytes with characters that are hard to store."""
    return actions.add_response("post-journey", answers={"QID2": 9, "QID8_TEXT": ODD_TEXT + "long " * 1_000_000})


def add_previews_and_spam(actions: Actions) -> None:
    """Add a preview, a test and a spam response on complaints."""
    for status in (1, 2, 8):
        actions.add_response("complaint", status=status)


def open_station_survey(actions: Actions) -> dict[str, int]:
    """Share the survey of the stations, with the answers of four months; pressed again, twenty people answer it."""
    world, plan = actions.world, STATION_VISIT
    with world.lock:
        if any(survey.key == plan.key for survey in world.surveys.values()):
            return {"added": len(actions.add_responses(plan.key, 20)["ids"])}
        owner = next(user.id for user in world.users if user.brand == "coastline")
        survey = world.add_survey(survey_of(plan, "coastline", "railway", owner, world, world.source))
        fill_history(world, survey, plan.launched_days_ago or 0, 1.0)
        return {"added": len(world.responses[survey.id])}


def share_twins(actions: Actions) -> None:
    """Share surveys that names do not tell apart: two of one name, one without any, one that turns the text round."""
    for number, name in enumerate(("Same name", "Same name", "   ", "Visit \u202eyevrus")):
        actions.add_survey(name, key=f"twin-{number}-{actions.world.next_step()}", active=True)


def flood(actions: Actions) -> dict[str, int]:
    """Add 300 post-journey responses at once."""
    return {"added": len(actions.add_responses("post-journey", 300)["ids"])}


def _newest(actions: Actions, survey: Survey, count: int) -> list[str]:
    """Ids of the newest counted responses."""
    rows = [each for each in actions.world.recorded(survey) if not each.is_generated and each.finished]
    return [each.id for each in sorted(rows, key=lambda each: each.recorded)[-count:]]
