"""Eight kinds of broken zip, bombs that lie, and lines in every form."""

import contextlib
import io
import resource
import struct
import zipfile

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from integrations.qualtrics import archive
from integrations.qualtrics.archive import inspect, read_lines
from integrations.troubles.errors import FileBroken

LINES = b'{"responseId":"R_1"}\n{"responseId":"R_2"}\n'


def zipped(*entries, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in entries:
            file.writestr(name, data)
    return buffer.getvalue()


@pytest.fixture
def keep(tmp_path):
    def write(data):
        path = tmp_path / "export.zip"
        path.write_bytes(data)
        return path

    return write


def streamed():
    """As Qualtrics makes it: sizes behind the data, names in UTF-8."""

    class Unseekable(io.RawIOBase):
        def __init__(self):
            self.data = bytearray()

        def writable(self):
            return True

        def write(self, piece):
            self.data += piece
            return len(piece)

    sink = Unseekable()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file, file.open("Enquête … / été: 1.ndjson", "w") as entry:
        entry.write(LINES)
    return bytes(sink.data)


class TestWholeFiles:
    @pytest.mark.parametrize(
        "data",
        [
            streamed(),
            zipped(("Survey.ndjson", LINES)),
            zipped(("Survey.ndjson", LINES), method=zipfile.ZIP_STORED),
            zipped(("../../etc/passwd", LINES)),
            zipped(("/absolute", LINES)),
            zipped(("x" * 300, LINES)),
            zipped(("first", LINES), ("second", b"not read\n")),
            zipped(("folder/", b""), ("folder/first", LINES)),
        ],
        ids=["streamed", "plain", "stored", "climbing", "absolute", "long name", "two entries", "folder"],
    )
    def test_the_first_file_is_read_whatever_its_name(self, keep, data, tmp_path):
        path = keep(data)
        assert list(read_lines(path)) == LINES.splitlines()
        assert inspect(path) == len(LINES)
        assert [item.name for item in tmp_path.iterdir() if item.is_file()] == ["export.zip"]

    def test_an_export_without_responses(self, keep):
        path = keep(zipped(("Survey.ndjson", b"")))
        assert list(read_lines(path)) == []
        assert inspect(path) == 0


def encrypted():
    data = bytearray(zipped(("a", LINES)))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = data.index(signature) + offset
        data[at] |= 1
    return bytes(data)


def lying(size):
    """Declares a size that its data do not have."""
    data = bytearray(zipped(("a", b"0" * 3_000_000)))
    at = data.index(b"PK\x01\x02") + 24
    data[at : at + 4] = struct.pack("<I", size)
    return bytes(data)


def with_bad_checksum():
    data = bytearray(zipped(("a", LINES)))
    at = data.index(b"PK\x01\x02") + 16
    data[at : at + 4] = b"\0\0\0\0"
    return bytes(data)


def with_method(number):
    data = bytearray(zipped(("a", LINES)))
    for signature, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = data.index(signature) + offset
        data[at : at + 2] = struct.pack("<H", number)
    return bytes(data)


GOOD = zipped(("a", LINES * 50))


def changed(position, value):
    return GOOD[:position] + bytes([value]) + GOOD[position + 1 :]


class TestBrokenFiles:
    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "zip_broken"),
            (b"PK\x03\x04", "zip_broken"),
            (b"<html>Not found</html>", "zip_broken"),
            (b'{"meta":{"httpStatus":"500"}}', "zip_broken"),
            (GOOD[: len(GOOD) // 2], "zip_broken"),
            (GOOD[:-1], "zip_broken"),
            (GOOD[:40] + b"\xff\xff\xff\xff" + GOOD[44:], "zip_broken"),
            (with_bad_checksum(), "zip_broken"),
            (with_method(99), "zip_broken"),
            (lying(10), "zip_broken"),
            (lying(2**31 + 1), "zip_too_big"),
            (zipped(), "zip_empty"),
            (zipped(("folder/", b"")), "zip_empty"),
            (encrypted(), "zip_encrypted"),
        ],
        ids=[
            *("nothing", "beginning only", "HTML", "JSON", "half", "last byte missing", "damaged data", "checksum"),
            *("unknown method", "lies low", "lies high", "no entry", "only a folder", "encrypted"),
        ],
    )
    def test_each_has_its_code(self, keep, data, code):
        path = keep(data)
        for read in (inspect, lambda path: list(read_lines(path))):
            with pytest.raises(FileBroken) as failure:
                read(path)
            assert failure.value.code == code
            assert not failure.value.permanent

    def test_every_cut_is_noticed(self, keep):
        for length in range(0, len(GOOD), 7):
            with pytest.raises(FileBroken):
                inspect(keep(GOOD[:length]))

    @hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
    @given(position=st.integers(0, len(GOOD) - 1), value=st.integers(0, 255))
    @example(position=GOOD.index(b"PK\x01\x02") + 46, value=0)  # its name begins with NUL: an entry without a name
    def test_a_changed_byte_gives_the_same_lines_or_an_error(self, keep, position, value):
        with contextlib.suppress(FileBroken):
            assert list(read_lines(keep(changed(position, value)))) == (LINES * 50).splitlines()

    @pytest.mark.soak
    def test_every_changed_byte_gives_the_same_lines_or_an_error(self, keep):
        for position in range(len(GOOD)):
            for value in range(256):
                with contextlib.suppress(FileBroken):
                    assert list(read_lines(keep(changed(position, value)))) == (LINES * 50).splitlines()

    def test_the_end_of_a_task_s_time_is_no_damage(self, keep):
        lines = read_lines(keep(GOOD))
        next(lines)
        with pytest.raises(SoftTimeLimitExceeded):
            lines.throw(SoftTimeLimitExceeded())


class TestBombs:
    def test_a_high_ratio_is_refused_before_unpacking(self, keep):
        with pytest.raises(FileBroken) as failure:
            inspect(keep(zipped(("bomb", b"\0" * (archive.RATIO_MATTERS_FROM + 1)))))
        assert failure.value.code == "zip_too_big"

    def test_more_than_the_cap_is_refused(self, keep, monkeypatch):
        monkeypatch.setattr(archive, "MOST_BYTES", 5000)
        assert inspect(keep(zipped(("a", b"0123456789" * 500)))) == 5000
        with pytest.raises(FileBroken) as failure:
            inspect(keep(zipped(("a", b"0123456789" * 501))))
        assert failure.value.code == "zip_too_big"

    def test_memory_stays_flat(self, keep):
        record = b'{"responseId":"R_%08d","values":{"QID1":%d,"text":"' + b"word " * 200 + b'"}}\n'
        data = b"".join(record % (number, number % 11) for number in range(60_000))  # 62 MB
        path = keep(zipped(("a", data)))
        size = len(data)
        del data
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        assert sum(len(line) + 1 for line in read_lines(path)) == size
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 30 * 1024  # kilobytes


class TestLines:
    @pytest.mark.parametrize(
        ("data", "lines"),
        [
            (b"a\nb\n", [b"a", b"b"]),
            (b"a\nb", [b"a", b"b"]),
            (b"a\r\nb\r\n", [b"a", b"b"]),
            (b"\xef\xbb\xbfa\nb\n", [b"a", b"b"]),
            (b"a\n\n\nb\n", [b"a", b"", b"", b"b"]),
            (b"{}\n{}\n", [b"{}", b"{}"]),
            (b"\n", [b""]),
            (b"a", [b"a"]),
            (b"\xef\xbb\xbf", []),
        ],
    )
    def test_every_form(self, keep, data, lines):
        path = keep(zipped(("a", data)))
        assert list(read_lines(path)) == lines

    @hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
    @given(
        lines=st.lists(
            st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")), max_size=30
        ),
        skip=st.integers(0, 35),
        chunk=st.integers(1, 40),
        ends=st.booleans(),
    )
    def test_going_on_after_any_line_gives_the_rest(self, keep, monkeypatch, lines, skip, chunk, ends):
        monkeypatch.setattr(archive, "_CHUNK", chunk)
        data = b"\n".join(lines) + (b"\n" if ends and lines else b"")
        if data.startswith(b"\xef\xbb\xbf"):
            return
        path = keep(zipped(("a", data)))
        expected = data.split(b"\n")
        if expected[-1] == b"":
            expected.pop()
        assert list(read_lines(path)) == expected
        assert list(read_lines(path, skip)) == expected[skip:]

    def test_a_line_too_long_is_cut_so_that_it_can_be_rejected(self, keep, monkeypatch):
        monkeypatch.setattr(archive, "LONGEST_LINE", 5000)
        monkeypatch.setattr(archive, "_CHUNK", 700)
        path = keep(zipped(("a", b"short\n" + b"x" * 20_000 + b"\nnext\n" + b"y" * 4000 + b"\n")))
        lines = list(read_lines(path))
        assert [lines[0], lines[2], lines[3]] == [b"short", b"next", b"y" * 4000]
        assert lines[1] == b"x" * 1024
