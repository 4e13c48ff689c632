"""How the project is wired: settings, addresses, access table, Celery."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
