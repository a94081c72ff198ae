"""An archive that a person brings, and how far it has been read."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .people import User


class Import(models.Model):
    """One archive of one person: received piece by piece, read step by step, and what came of it.

    Nothing works on it but the requests of its person's page, so a restart costs no more than a step.
    """

    class Status(models.TextChoices):
        """Where it stands; the last two are final."""

        RECEIVING = "receiving", _("being received")
        RUNNING = "running", _("being read")
        DONE = "done", _("read to its end")
        REFUSED = "refused", _("refused")

    OPEN = (Status.RECEIVING, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, related_name="imports")
    name = models.CharField(max_length=200)
    size = models.BigIntegerField()
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.RECEIVING)
    # Why it was refused as a whole, as a code of services/importing.py.
    reason = models.CharField(max_length=20, blank=True)
    # Conversations in the archive, and how many of them have been read.
    total = models.PositiveIntegerField(default=0)
    position = models.PositiveIntegerField(default=0)
    conversations_taken = models.PositiveIntegerField(default=0)
    conversations_there = models.PositiveIntegerField(default=0)
    messages_taken = models.PositiveIntegerField(default=0)
    files_taken = models.PositiveIntegerField(default=0)
    # [name, sentence] of the first ones that were not taken.
    not_taken = models.JSONField(default=list)
    not_taken_count = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    moved_at = models.DateTimeField(default=timezone.now)
    # Until then one request works on it alone.
    claimed_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether something of it is still to be done."""
        return self.status in self.OPEN
