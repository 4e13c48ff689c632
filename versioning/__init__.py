"""Optimistic locking: a write names the version it saw, and is refused if another came first. Knows no app."""
