"""An export is waited for as long as somebody has time, read, and thrown away."""

import io
import time
import zipfile

import pytest

from integrations.qualtrics import exports
from integrations.qualtrics.exports import ExportNotReady, export_lines
from integrations.qualtrics.records import ExportProgress
from integrations.troubles.errors import FileBroken

RUNNING, FAILED = ExportProgress("ES_1", "inProgress"), ExportProgress("ES_1", "failed")
DONE, WITHOUT_FILE = ExportProgress("ES_1", "complete", 100.0, "file-1"), ExportProgress("ES_1", "complete", 100.0)


def zipped(text: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Survey.ndjson", text)
    return packed.getvalue()


class Vendor:
    """Ready after so many looks. Notes when it was asked."""

    def __init__(self, looks: int = 0, end: ExportProgress = DONE, file: bytes = b"") -> None:
        self.looks, self.end, self.file = looks, end, file
        self.asked_at: list[float] = []

    def export_progress(self, survey_id, progress_id):
        assert (survey_id, progress_id) == ("SV_1", "ES_1")
        self.asked_at.append(time.monotonic())
        return self.end if len(self.asked_at) >= self.looks else RUNNING

    def download_export(self, survey_id, file_id, to):
        assert (survey_id, file_id) == ("SV_1", "file-1")
        to.write_bytes(self.file)


pytestmark = pytest.mark.usefixtures("own_files")


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """A clock that only sleeping moves."""
    now = [1000.0]
    monkeypatch.setattr(exports.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(exports.time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    return now


def lines(vendor, *, seconds=12.0, export=RUNNING):
    return export_lines(vendor, "SV_1", export, until=1000.0 + seconds)


def test_the_lines_come_as_soon_as_it_is_ready_and_nothing_stays(settings):
    vendor = Vendor(looks=3, file=zipped(b'{"a":1}\n{"b":2}\n'))
    assert list(lines(vendor)) == [b'{"a":1}', b'{"b":2}']
    assert len(vendor.asked_at) == 3
    assert list(settings.SPOOL_DIR.iterdir()) == []


def test_what_is_ready_at_once_is_not_waited_for(clock):
    assert list(lines(Vendor(file=zipped(b"x")), export=DONE)) == [b"x"]
    assert clock == [1000.0]


def test_whoever_stops_reading_leaves_nothing_behind(settings):
    reading = lines(Vendor(file=zipped(b"a\nb\n")), export=DONE)
    assert next(reading) == b"a"
    assert list(settings.SPOOL_DIR.iterdir()) != []
    reading.close()
    assert list(settings.SPOOL_DIR.iterdir()) == []


@pytest.mark.parametrize("seconds", [0.3, 12.0, 3600.0])
def test_at_the_end_of_the_time_it_is_asked_once_more_and_given_up(seconds, settings):
    vendor = Vendor(looks=10**6)
    with pytest.raises(ExportNotReady) as slow:
        list(lines(vendor, seconds=seconds))
    assert (slow.value.code, slow.value.has_failed) == ("export_stuck", False)
    assert vendor.asked_at[-1] == pytest.approx(1000.0 + seconds)
    assert list(settings.SPOOL_DIR.iterdir()) == []


def test_short_exports_are_asked_for_often_and_long_ones_seldom():
    vendor = Vendor(looks=10**6)
    with pytest.raises(ExportNotReady):
        list(lines(vendor, seconds=3600.0))
    pauses = [after - before for before, after in zip([1000.0, *vendor.asked_at], vendor.asked_at, strict=False)]
    assert pauses[0] == 0.25
    assert max(pauses) == pytest.approx(15.0)
    assert sum(at < 1012.0 for at in vendor.asked_at) > 8
    assert len(vendor.asked_at) < 300


@pytest.mark.parametrize("end", [FAILED, WITHOUT_FILE])
def test_an_export_that_failed_is_not_waited_for(end, clock):
    with pytest.raises(ExportNotReady) as failed:
        list(lines(Vendor(looks=1, end=end)))
    assert failed.value.has_failed
    assert clock == [1000.25]


def test_a_damaged_file_is_said_at_the_latest_with_its_last_line():
    whole = bytearray(zipped(b"".join(b"line %d\n" % n for n in range(5000))))
    whole[60] ^= 0xFF
    with pytest.raises(FileBroken):
        list(lines(Vendor(file=bytes(whole)), export=DONE))
