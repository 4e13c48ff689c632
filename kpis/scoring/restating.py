"""Making the blocks of a survey anew: a conscious act of an admin, logged, and said on the pages from then on."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from feedback.models import Survey
from kpis.counting.refresh import restate
from kpis.models import Counting

logger = logging.getLogger(__name__)


def restate_survey(survey: Survey, by: Any) -> bool:
    """Count the survey in new blocks, made of what is stored now; whether blocks are kept of it."""
    done = restate(survey)
    if done:
        logger.warning("The blocks of survey %s were made anew by user %s", survey.external_id, by.pk)
    return done


def restated_at(survey: Survey) -> datetime | None:
    """When that was done last."""
    return Counting.objects.filter(survey=survey).values_list("restated_at", flat=True).first()
