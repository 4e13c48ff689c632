"""A worker of the embedded mode, as `manage.py runall` starts it: one process, its threads, beat inside."""

import os

from config.running.supervisor import worker_with_beat

if __name__ == "__main__":
    command = worker_with_beat()
    os.execv(command[0], command)  # noqa: S606
