"""Files of the embedded mode that only their owner reads; the keys among them are made once."""

import base64
import contextlib
import os
import secrets
from collections.abc import Callable
from pathlib import Path


def _kept(path: Path, make: Callable[[], str]) -> str:
    """The file's text; made on the first call. Two processes starting together agree on one value."""
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(make(), encoding="ascii")
        try:
            os.link(draft, path)  # fails if another process was first: its value stands
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def secret_key(folder: Path) -> str:
    """Django's SECRET_KEY of this installation."""
    return _kept(folder / "secret_key", lambda: secrets.token_urlsafe(50))


def encryption_keys(folder: Path) -> list[str]:
    """The ring of keys for stored tokens, as `id:base64`, first one encrypts."""
    return _kept(folder / "encryption_keys", lambda: "k1:" + base64.b64encode(secrets.token_bytes(32)).decode()).split(
        ","
    )


def keep_private(folder: Path) -> None:
    """What this process makes from now on only its owner reads; so is what stood open before."""
    os.umask(0o077)
    database = [f"parcours.sqlite3{end}" for end in ("", "-wal", "-shm")]
    for name in (*database, "spool", "queue", "erased-responses.jsonl", "celerybeat-schedule"):
        with contextlib.suppress(OSError):  # not there yet, or somebody else's
            path = folder / name
            path.chmod(path.stat().st_mode & 0o700)
