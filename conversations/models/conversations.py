"""What people and models say to each other: conversations, their messages, what is attached to them."""

import uuid

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.querysets import ConversationQuerySet, MessageQuerySet

from .people import User


class Conversation(models.Model):
    """A person's thread of messages with the settings that its next answer will use."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, related_name="conversations", verbose_name=_("owner"))
    title = models.CharField(_("title"), max_length=200)
    model = models.CharField(_("model"), max_length=200, blank=True)
    system_prompt = models.TextField(_("system prompt"), blank=True)
    options = models.JSONField(_("options"), default=dict, blank=True)
    think = models.CharField(_("thinking"), max_length=10, blank=True)
    pinned = models.BooleanField(_("pinned"), default=False)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True)
    deleted_at = models.DateTimeField(_("deleted at"), null=True, blank=True)
    shown_leaf = models.ForeignKey(
        "Message",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("last shown message"),
    )
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    updated_at = models.DateTimeField(_("updated at"))

    objects = ConversationQuerySet.as_manager()

    class Meta:
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            # The sidebar: one person's pinned conversations, and the others below them, each newest first.
            models.Index(
                fields=["owner", "-updated_at", "-id"],
                condition=Q(deleted_at=None, archived_at=None, pinned=False),
                name="conversation_list",
            ),
            models.Index(
                fields=["owner", "-updated_at", "-id"],
                condition=Q(deleted_at=None, archived_at=None, pinned=True),
                name="conversation_pinned",
            ),
            # What a person has archived, the latest first.
            models.Index(
                fields=["owner", "-archived_at", "-id"],
                condition=Q(deleted_at=None, archived_at__isnull=False),
                name="conversation_archived",
            ),
            # The administrator's list.
            models.Index(fields=["-updated_at"], name="conversation_updated"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """Return the path of the conversation's page."""
        return reverse("conversation", args=[self.pk])


class Message(models.Model):
    """One turn: a person's words or a model's answer. Branches share their parent."""

    class Role(models.TextChoices):
        """Who speaks."""

        USER = "user", _("user")
        ASSISTANT = "assistant", _("assistant")

    class Rating(models.IntegerChoices):
        """What its person thinks of an answer."""

        BAD = -1, _("bad")
        NONE = 0, _("not rated")
        GOOD = 1, _("good")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="messages")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")
    role = models.CharField(_("role"), max_length=10, choices=Role.choices)
    content = models.TextField(_("content"), blank=True)
    thinking = models.TextField(_("thinking"), blank=True)
    html = models.TextField(blank=True, editable=False)
    thinking_ms = models.PositiveIntegerField(_("thought for (ms)"), default=0)
    rating = models.SmallIntegerField(_("rating"), choices=Rating.choices, default=Rating.NONE)
    rating_comment = models.TextField(_("comment on the rating"), blank=True)
    created_at = models.DateTimeField(_("created at"))

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            # Siblings of a message, in their order.
            models.Index(fields=["conversation", "parent", "created_at"], name="message_siblings"),
            # The administrator's list of conversations by rating.
            models.Index(fields=["rating", "conversation"], condition=~Q(rating=0), name="message_rated"),
        ]

    def __str__(self) -> str:
        return f"{self.get_role_display()}: {self.content[:60]}"

    @property
    def end(self) -> tuple[int, int]:
        """The position behind the last character: (content, thinking) in Unicode code points."""
        return len(self.content), len(self.thinking)


class Attachment(models.Model):
    """A picture or a text file of a person, sent along with questions; its bytes lie in a file of the same id.

    An edited question is another message with the same attachments. One without messages has not been sent yet.
    """

    class Kind(models.TextChoices):
        """What a model is given of it."""

        IMAGE = "image", _("picture")
        TEXT = "text", _("text file")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, related_name="attachments", verbose_name=_("owner"))
    messages = models.ManyToManyField(Message, related_name="attachments", blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    name = models.CharField(_("name"), max_length=200)
    media_type = models.CharField(_("media type"), max_length=100)
    size = models.PositiveIntegerField(_("size in bytes"))
    width = models.PositiveIntegerField(_("width"), null=True, blank=True)
    height = models.PositiveIntegerField(_("height"), null=True, blank=True)
    characters = models.PositiveIntegerField(_("characters"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return self.name
