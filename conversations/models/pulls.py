"""Models that Ollama was told to fetch."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .people import User


class Pull(models.Model):
    """One fetching of a model, as far as it has come. Sizes are in bytes, of the part that is on its way."""

    class State(models.TextChoices):
        """Where it stands."""

        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        STOPPED = "stopped", _("stopped")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    model = models.CharField(_("model"), max_length=200)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RUNNING)
    step = models.CharField(max_length=200, blank=True)
    completed = models.BigIntegerField(default=0)
    total = models.BigIntegerField(default=0)
    error = models.TextField(blank=True)
    started_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    started_at = models.DateTimeField(default=timezone.now)
    # Its process writes it twice a second for as long as it lives.
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("Ollama's models")
        verbose_name_plural = _("Ollama's models")
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["model"], condition=models.Q(state="running"), name="one_running_pull_per_model"
            ),
        ]

    def __str__(self) -> str:
        return self.model

    @property
    def is_running(self) -> bool:
        """Whether a process works on it, as far as anybody knows."""
        return self.state == self.State.RUNNING
