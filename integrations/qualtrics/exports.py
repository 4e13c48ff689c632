"""An export that is read at once and thrown away: wait until it is ready, download it, read its lines."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from integrations.qualtrics import archive
from integrations.qualtrics.client import QualtricsClient
from integrations.qualtrics.records import ExportProgress
from integrations.troubles.errors import QualtricsError

# Each pause lasts about a third of the wait so far: a short export is not waited for long, a long one is not asked often.
_FIRST_PAUSE, _LONGER, _LONGEST_PAUSE = 0.25, 1.3, 15.0


class ExportNotReady(QualtricsError):
    """The export was not ready in time; or Qualtrics could not prepare it, and it never will be (`has_failed`)."""

    code = "export_stuck"

    def __init__(self, message: str = "", *, has_failed: bool = False) -> None:
        super().__init__(message)
        self.has_failed = has_failed


def export_lines(client: QualtricsClient, survey_id: str, export: ExportProgress, *, until: float) -> Iterator[bytes]:
    """The lines of an export that was asked for, of which nothing is kept.

    Raises `ExportNotReady` at `until` (of `time.monotonic`), and `FileBroken` in the midst of a damaged file: whoever
    needs all of it, or nothing, acts on it when the last line is read.
    """
    ready = _ready(client, survey_id, export, until)
    with tempfile.TemporaryDirectory(dir=settings.SPOOL_DIR, prefix="export-") as folder:
        file = Path(folder) / "lines.zip"
        client.download_export(survey_id, ready.file_id or "", file)
        yield from archive.read_lines(file)


def _ready(client: QualtricsClient, survey_id: str, export: ExportProgress, until: float) -> ExportProgress:
    progress, pause = export, _FIRST_PAUSE
    while not progress.is_complete:
        if progress.has_failed:
            raise ExportNotReady("Qualtrics could not prepare the export.", has_failed=True)
        if (left := until - time.monotonic()) <= 0:
            raise ExportNotReady("The export was not ready in time.")
        time.sleep(min(pause, left))
        pause = min(pause * _LONGER, _LONGEST_PAUSE)
        progress = client.export_progress(survey_id, export.progress_id)
    return progress
