"""How the rivals count: what the product's histograms say, by one statement over all rows."""

from __future__ import annotations

from benchmarks.data import ZONE


def histograms(responses: str, answers: str) -> str:
    """A table of (field, local day, status, finished, value, count); a comment is counted, not told apart."""
    return f"""CREATE TABLE rival_histogram AS
        SELECT field, (recorded_at::timestamptz AT TIME ZONE '{ZONE}')::date AS day, status, finished,
            CASE WHEN field = 'QID5_TEXT' THEN 'comment' ELSE value END AS value, count(*) AS n
        FROM {answers} JOIN {responses} USING (external_id) GROUP BY 1, 2, 3, 4, 5"""
