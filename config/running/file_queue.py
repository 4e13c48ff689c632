"""The embedded broker: kombu's queue in a folder, with every file appearing whole.

kombu's own transport opens a message's file before it fills it, so that a worker that looks at that moment reads nothing and
ends. Here files are written aside and renamed into place, and a message is taken by renaming it, which only one can do.
"""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.transport.filesystem import exchange_queue_t
from kombu.utils.json import dumps, loads

SCHEME = "files"
_TAKEN, _DRAFT = ".taken", ".draft"


class Channel(filesystem.Channel):
    """Messages are files `<time>_<id>.<queue>.msg`; an exchange's queues stand in a file of the control folder."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        name = f"{time_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        _write_whole(Path(self.data_folder_out) / name, payload)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        folder = Path(self.data_folder_in)
        for name in sorted(entry.name for entry in os.scandir(folder)):
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            mine = folder / f"{name}.{os.getpid()}{_TAKEN}"
            try:
                (folder / name).rename(mine)
            except OSError:  # somebody else was first
                continue
            message = loads(mine.read_text(encoding="utf-8"))
            mine.unlink()
            return message
        raise Empty

    def get_table(self, exchange: str) -> list[exchange_queue_t]:
        try:
            return [exchange_queue_t(*row) for row in loads(self._exchange_file(exchange).read_text(encoding="utf-8"))]
        except FileNotFoundError:
            return []

    def _queue_bind(self, exchange: str, routing_key: str, pattern: str, queue: str) -> None:
        row = exchange_queue_t(routing_key or "", pattern or "", queue or "")
        self.control_folder.mkdir(exist_ok=True)
        with _locked(self.control_folder / f"{exchange}.lock"):
            rows = self.get_table(exchange)
            if row not in rows:
                _write_whole(self._exchange_file(exchange), [row, *rows])


class Transport(filesystem.Transport):
    """The transport behind `files://`."""

    Channel = Channel


TRANSPORT_ALIASES[SCHEME] = f"{__name__}:Transport"


def _write_whole(path: Path, content: Any) -> None:
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex}{_DRAFT}")
    draft.write_text(dumps(content), encoding="utf-8")
    draft.replace(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
