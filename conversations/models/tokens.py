"""By what programs show that they act for a person."""

import uuid

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.querysets import ApiTokenQuerySet

from .people import User

MAX_TOKEN_NAME = 100


class ApiToken(models.Model):
    """A token of the HTTP API: whoever has it acts as its owner, until it expires or is deleted.

    Of the token only a digest is kept: enough to know it again, not to write it down.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, models.CASCADE, related_name="api_tokens", verbose_name=_("owner"))
    name = models.CharField(_("name"), max_length=MAX_TOKEN_NAME)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    created_at = models.DateTimeField(_("made at"), default=timezone.now)
    expires_at = models.DateTimeField(_("until"), null=True, blank=True)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at", "-pk"]
        # The administrator's list.
        indexes = [models.Index(fields=["-created_at", "-id"], name="api_token_newest")]
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="one_api_token_per_name")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_expired(self) -> bool:
        """Whether its time is over."""
        return self.expires_at is not None and self.expires_at <= timezone.now()
