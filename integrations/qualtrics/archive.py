"""The downloaded export: a zip with one file of one JSON record a line, read as a stream, trusted in nothing.

The entry is taken by its position and read in memory: its name is the survey's, and may be anything.
"""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from celery.exceptions import SoftTimeLimitExceeded

from integrations.troubles.errors import FileBroken

MOST_BYTES = 2 * 2**30
HIGHEST_RATIO = 200
# Survey data repeat themselves; only where it could hurt is a high ratio a sign of a bomb.
RATIO_MATTERS_FROM = 64 * 2**20
LONGEST_LINE = 32 * 2**20
_CHUNK = 2**20
_BOM = b"\xef\xbb\xbf"
# How exports are packed. Others ask for more memory than a file may, by what its headers say.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def inspect(path: Path) -> int:
    """Read the export to its end, checksum included; its size in bytes. Raises `FileBroken` unless all of it can be read."""
    size = 0
    with _entry(path) as entry:
        while chunk := entry.read(_CHUNK):
            size += len(chunk)
            _refuse_above_cap(size)
    return size


def read_lines(path: Path, skip: int = 0) -> Iterator[bytes]:
    """The lines without their ends, the first `skip` left out. Blank lines are lines. Memory stays flat.

    A line longer than 32 MB is cut, so that it can be rejected.
    """
    with _entry(path) as entry:
        size = 0
        rest = b""
        cutting = False  # inside a line that is too long: what follows is dropped up to its end
        is_first = True
        while chunk := entry.read(_CHUNK):
            size += len(chunk)
            _refuse_above_cap(size)
            if is_first:
                chunk, is_first = chunk.removeprefix(_BOM), False
            if skip:
                found = chunk.count(b"\n")
                if found <= skip:
                    # Whole chunks of lines that were read before. What follows the last of them is not skipped.
                    skip -= found
                    rest = chunk[chunk.rfind(b"\n") + 1 :] if not skip and found else b""
                    continue
                chunk, skip = chunk.split(b"\n", skip)[skip], 0
            *whole, tail = chunk.split(b"\n")
            if whole:
                whole[0] = rest if cutting else rest + whole[0]
                rest, cutting = tail, False
                for line in whole:
                    yield line.removesuffix(b"\r")
            elif not cutting:
                rest += tail
            if len(rest) > LONGEST_LINE:
                rest, cutting = rest[:1024], True
        if rest and not skip:
            yield rest.removesuffix(b"\r")


@contextmanager
def _entry(path: Path) -> Iterator[IO[bytes]]:
    """The first file of the zip, opened. Whatever goes wrong in reading it is damage: zipfile raises what its parts raise."""
    problem: FileBroken
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [info for info in archive.infolist() if not info.is_dir()]
            if not entries:
                raise FileBroken("The zip holds no file.", code="zip_empty")
            info = entries[0]
            if info.flag_bits & 0x1:
                raise FileBroken("The zip is encrypted.", code="zip_encrypted")
            if info.compress_type not in _METHODS:
                raise FileBroken("The zip is packed in a way that exports are not.", code="zip_broken")
            _refuse_above_cap(info.file_size)
            if info.file_size > max(RATIO_MATTERS_FROM, HIGHEST_RATIO * info.compress_size):
                raise FileBroken("The zip unpacks to suspiciously much.", code="zip_too_big")
            with archive.open(info) as entry:
                yield entry
            return
    except (FileBroken, SoftTimeLimitExceeded):
        raise
    except Exception as error:
        problem = FileBroken(f"The zip cannot be read ({type(error).__name__}).", code="zip_broken")
    raise problem


def _refuse_above_cap(size: int) -> None:
    if size > MOST_BYTES:
        raise FileBroken("The export unpacks to more than 2 GB.", code="zip_too_big")
