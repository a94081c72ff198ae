"""The log of every model call."""

import uuid
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from conversations.querysets import GenerationQuerySet

from .conversations import Conversation, Message
from .people import User


class Generation(models.Model):
    """One call of a model for one answer: the log's unit, kept whether it ended well or not."""

    class Status(models.TextChoices):
        """Where the generation stands; the last four are final."""

        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        COMPLETED = "completed", _("completed")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("failed")
        INTERRUPTED = "interrupted", _("interrupted")

    LIVE = (Status.QUEUED, Status.RUNNING)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="generations", verbose_name=_("conversation")
    )
    message = models.ForeignKey(
        Message, models.CASCADE, related_name="generations", verbose_name=_("message")
    )
    client_id = models.CharField(_("client id"), max_length=64)
    requested_by = models.ForeignKey(
        User, models.CASCADE, related_name="generations", verbose_name=_("requested by")
    )
    model = models.CharField(_("model"), max_length=200)
    options = models.JSONField(_("options"), default=dict, blank=True)
    think = models.CharField(_("thinking"), max_length=10, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status.choices, default=Status.QUEUED)
    phase = models.CharField(_("phase"), max_length=12, blank=True)
    reason = models.CharField(_("reason"), max_length=20, blank=True)
    error_detail = models.TextField(_("error detail"), blank=True)
    process = models.CharField(_("process"), max_length=64)
    heartbeat = models.DateTimeField(_("heartbeat"))
    stop_requested_at = models.DateTimeField(_("stop requested at"), null=True, blank=True)
    stop_requested_by = models.ForeignKey(
        User, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("stop requested by")
    )
    omitted_messages = models.PositiveIntegerField(_("messages left out"), default=0)
    history_start = models.ForeignKey(
        Message,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("first message sent along"),
    )
    # How much of the message's content was there before: more than nothing where an answer is continued.
    begins_at = models.PositiveIntegerField(default=0, editable=False)
    window = models.PositiveIntegerField(_("window in tokens"), null=True, blank=True)
    released_ms = models.PositiveIntegerField(_("model released after (ms)"), null=True, blank=True)
    queued_at = models.DateTimeField(_("queued at"))
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    first_token_at = models.DateTimeField(_("first token at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    prompt_tokens = models.PositiveIntegerField(_("prompt tokens"), null=True, blank=True)
    output_tokens = models.PositiveIntegerField(_("output tokens"), null=True, blank=True)
    total_ns = models.BigIntegerField(_("total duration (ns)"), null=True, blank=True)
    load_ns = models.BigIntegerField(_("load duration (ns)"), null=True, blank=True)
    prompt_ns = models.BigIntegerField(_("prompt duration (ns)"), null=True, blank=True)
    output_ns = models.BigIntegerField(_("output duration (ns)"), null=True, blank=True)

    # As the `process` of what was brought from another site.
    IMPORTED = "import"

    objects = GenerationQuerySet.as_manager()

    class Meta:
        verbose_name = _("generation")
        verbose_name_plural = _("generations")
        permissions = [("stop_generation", _("Can stop a running generation"))]
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"],
                condition=Q(status__in=["queued", "running"]),
                name="one_live_generation_per_conversation",
            ),
            models.UniqueConstraint(
                fields=["conversation", "client_id"], name="one_generation_per_client_id"
            ),
        ]
        indexes = [
            # The queue and the sweep read only what is live.
            models.Index(
                fields=["status", "queued_at"],
                condition=Q(status__in=["queued", "running"]),
                name="generation_live",
            ),
            # When each person in the queue last had a turn.
            models.Index(fields=["requested_by", "started_at"], name="generation_turns"),
            # The administrator's list, newest first, and its filters; by person, also what they asked today.
            models.Index(fields=["-queued_at"], name="generation_newest"),
            models.Index(fields=["requested_by", "-queued_at"], name="generation_by_person"),
            models.Index(fields=["model", "-queued_at"], name="generation_by_model"),
            models.Index(fields=["status", "-queued_at"], name="generation_by_status"),
            models.Index(fields=["reason", "-queued_at"], name="generation_by_reason"),
            # What has ended lately, for the other processes' pages.
            models.Index(fields=["finished_at"], name="generation_finished"),
            # A conversation's newest generation, in the administrator's list of conversations.
            models.Index(fields=["conversation", "-queued_at"], name="generation_of_conversation"),
            # Conversations in which a model has answered, or an answer has ended so.
            models.Index(fields=["conversation", "model"], name="generation_models"),
            models.Index(fields=["conversation", "status"], name="generation_statuses"),
        ]

    def __str__(self) -> str:
        return f"{self.model} · {self.get_status_display()}"

    @property
    def is_live(self) -> bool:
        """Whether it waits or runs."""
        return self.status in self.LIVE

    @property
    def tokens_per_second(self) -> float | None:
        """The model's own speed, from its own counts; None where it gave none."""
        if not self.output_tokens or not self.output_ns:
            return None
        return self.output_tokens / self.output_ns * 1e9

    @property
    def first_token_ms(self) -> int | None:
        """Milliseconds from the start of the call to its first piece of text."""
        return _milliseconds(self.started_at, self.first_token_at)

    @property
    def total_ms(self) -> int | None:
        """Milliseconds from the start of the call to its end."""
        return _milliseconds(self.started_at, self.finished_at)


def _milliseconds(start: Any, end: Any) -> int | None:
    # Clocks are set back now and then.
    return max(0, round((end - start).total_seconds() * 1000)) if start and end else None


class GenerationChunk(models.Model):
    """Text of a running answer, written twice a second; gone once the answer is whole in its message."""

    id = models.BigAutoField(primary_key=True)
    generation = models.ForeignKey(Generation, models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    thinking = models.TextField(blank=True)

    class Meta:
        constraints = [
            # A checkpoint whose outcome was unknown may be written again without doubling its text.
            models.UniqueConstraint(fields=["generation", "position"], name="one_chunk_per_position"),
        ]

    def __str__(self) -> str:
        return f"{self.generation_id}@{self.position}"


class GenerationEvent(models.Model):
    """A fact in the life of a generation: queued, started, loading, first token, stop asked, finished."""

    generation = models.ForeignKey(Generation, models.CASCADE, related_name="events")
    at = models.DateTimeField(_("time"))
    kind = models.CharField(_("event"), max_length=20)
    detail = models.CharField(_("detail"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["at", "pk"]
        constraints = [
            # The same holds for a checkpoint's facts.
            models.UniqueConstraint(fields=["generation", "kind", "at"], name="one_fact_per_moment"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.detail}".strip()
