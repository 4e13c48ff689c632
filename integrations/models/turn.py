"""Who may keep workers busy: the slots that a worker takes before it calls a vendor."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.connection import Connection


class WorkerSlot(models.Model):
    """A place for one worker at work for a connection; without a connection, one of those that slow connections share.

    Taken by one conditional UPDATE, and given back by moving `free_at` to the present. See `vendor/turns.py`.
    """

    connection = models.ForeignKey(Connection, models.CASCADE, null=True, related_name="worker_slots")
    number = models.PositiveSmallIntegerField()
    free_at = models.DateTimeField(default=timezone.now)
    turn = models.UUIDField(null=True)  # whose it is, or was last
    holder = models.CharField(max_length=120, blank=True)  # the process that took it last: see vendor/processes.py

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["connection", "number"], name="one_slot_of_each_number"),
            models.UniqueConstraint(
                fields=["number"], condition=Q(connection=None), name="one_shared_slot_of_each_number"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection_id or 'slow'}/{self.number}"
