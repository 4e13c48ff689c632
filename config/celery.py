"""The Celery application and its timetable: one tick; what is due stands in the database."""

import os

from celery import Celery
from django.conf import settings

from config.running import file_queue  # noqa: F401 (makes `files://` known)

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("parcours")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    "dispatch": {
        "task": "integrations.timetable.tasks.tick",
        "schedule": settings.DISPATCH_INTERVAL,
        # Ticks that piled up while no worker ran vanish instead of running one after another.
        "options": {"expires": max(settings.DISPATCH_INTERVAL - 5, 5), "queue": "default"},
    },
}
