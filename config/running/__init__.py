"""How Parcours is run: web server, supervisor, embedded mode, backups, and what Celery needs of us."""
