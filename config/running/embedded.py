"""Keys of the embedded mode: made once, kept in files that only their owner reads."""

import base64
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
