"""Zip files as Qualtrics makes them: one deflated entry, streamed, sizes after the data, UTF-8 name.

Written by hand because the standard library leaves out the two flags for plain names, and because
the faulty archives of `api/faults.py` are variations of these few bytes.
"""

import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

STREAMED_UTF8 = 0x0808
DOS_TIME = (2026 - 1980) << 25 | 1 << 21 | 1 << 16


def write_zip(out: BinaryIO, entries: Iterable[tuple[str, Iterable[bytes]]]) -> None:
    """Write each (name, pieces) as one entry."""
    directory, count = b"", 0
    for name, pieces in entries:
        offset, encoded = out.tell(), name.encode()
        head = struct.pack("<IHHHIIIIHH", 0x04034B50, 20, STREAMED_UTF8, 8, DOS_TIME, 0, 0, 0, len(encoded), 0)
        out.write(head + encoded)
        checksum, size, start = 0, 0, out.tell()
        deflate = zlib.compressobj(1, zlib.DEFLATED, -15)
        for piece in pieces:
            checksum, size = zlib.crc32(piece, checksum), size + len(piece)
            out.write(deflate.compress(piece))
        out.write(deflate.flush())
        packed = out.tell() - start
        out.write(struct.pack("<IIII", 0x08074B50, checksum, packed, size))
        directory += central_entry(encoded, checksum, packed, size, offset)
        count += 1
    start = out.tell()
    out.write(directory + struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), start, 0))


def central_entry(name: bytes, checksum: int, packed: int, size: int, offset: int) -> bytes:
    """One line of the directory at the end."""
    head = struct.pack("<IHHHHIIII", 0x02014B50, 20, 20, STREAMED_UTF8, 8, DOS_TIME, checksum, packed, size)
    return head + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, offset) + name


def zip_of(path: Path, name: str, pieces: Iterable[bytes]) -> Path:
    """One entry, written to a file that appears when it is whole."""
    part = path.with_suffix(".part")
    with part.open("wb") as out:
        write_zip(out, [(name, pieces)])
    return part.rename(path)
