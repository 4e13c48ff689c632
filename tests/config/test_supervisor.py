"""The processes of the embedded mode."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from config.running.supervisor import AlreadyRunning, alone_in
from tests.end_to_end.conftest import ROOT


def test_two_supervisors_do_not_share_a_folder(tmp_path):
    with alone_in(tmp_path), pytest.raises(AlreadyRunning, match=str(tmp_path)), alone_in(tmp_path):
        pass
    with alone_in(tmp_path):
        pass


@pytest.mark.parametrize("command", ["demo", "runall"])
def test_the_commands_say_so_and_start_nothing(command, tmp_path):
    embedded = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "CELERY_BROKER_URL")}
    with alone_in(tmp_path):
        done = subprocess.run(
            [sys.executable, "manage.py", command],
            cwd=ROOT, env=embedded | {"PARCOURS_VAR_DIR": str(tmp_path)}, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert "already runs" in done.stderr
    assert not list(tmp_path.glob("*.sqlite3"))
