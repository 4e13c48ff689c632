"""What was counted of two surveys that turned out to be one: see `feedback/twins.py`."""

from __future__ import annotations

from collections.abc import Mapping

from accounts.models import Organisation
from feedback.models import Survey, SurveyJoin
from kpis.counting.histograms import union
from kpis.counting.keeping import read
from kpis.counting.notes import note_all
from kpis.counting.refresh import first_countable_day, restate, take_turns
from kpis.models import DayHistogram, Stream


def hold(join: SurveyJoin) -> None:
    """Wait for recounts of the two, and let none begin until the end of the transaction. Before the surveys' own rows."""
    zone = Organisation.current().zone
    for pk in sorted(filter(None, (join.survey_id, join.twin_id))):
        take_turns(Survey(pk=pk), zone)


def unite_purged_days(join: SurveyJoin, pairs: Mapping[int, int]) -> None:
    """Days that one of the two has purged cannot be recounted: each value takes the larger count of the two.

    `pairs`: {question of the twin: the same question of the survey}. In the caller's transaction, which holds both.
    """
    both = Survey.objects.filter(pk__in=[join.survey_id, join.twin_id])
    purged = [until for until in both.values_list("purged_until", flat=True) if until]
    if not purged:
        return
    Survey.objects.filter(pk=join.survey_id).update(purged_until=max(purged))
    first_countable = first_countable_day(read(join.survey, hold=False), Organisation.current().zone)
    for theirs, ours in pairs.items():
        rows = DayHistogram.objects.filter(question__in=[theirs, ours], day__lt=first_countable)
        counts = {(row.question_id, row.day): row.counts for row in rows}
        for (question, day), counted in counts.items():
            if question == theirs:
                united = union([counted, counts.get((ours, day), {})])
                DayHistogram.objects.update_or_create(question_id=ours, day=day, defaults={"counts": united})


def restate_joined(sender: type[SurveyJoin], survey: Survey, **_kwargs: object) -> None:
    """Make the blocks of a survey anew after its twin's answers have come to it: two grids of blocks cannot become one. Its
    people are counted anew as well, by the questions that its items have now."""
    in_blocks = read(survey, hold=True).in_blocks
    # Questions that only the twin had begin as new ones do.
    Stream.objects.filter(question__survey=survey).exclude(question__in=in_blocks or ()).delete()
    restate(survey)
    note_all(survey, DayHistogram.objects.filter(question__survey=survey).values_list("day", flat=True).distinct())
