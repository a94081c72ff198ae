"""How many people at once get their accounts: by a slip of paper each, or by a link for all."""

import secrets

from django.contrib.auth.models import Group
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.querysets import InvitationQuerySet

from .people import User


class Slip(models.Model):
    """A code with which a person chooses the first password of an account that was made for them, once."""

    user = models.OneToOneField(User, models.CASCADE, related_name="slip")
    # Of the code itself nothing is kept but what recognises it.
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.user)


def _new_token() -> str:
    """Return 128 random bits as they stand in an address."""
    return secrets.token_urlsafe(16)


class Invitation(models.Model):
    """A link by which as many people as its limit says make their own accounts in a group, until it expires."""

    token = models.CharField(max_length=43, unique=True, default=_new_token, editable=False)
    group = models.ForeignKey(Group, models.CASCADE, verbose_name=_("group"))
    limit = models.PositiveIntegerField(_("for how many"), default=40)
    used = models.PositiveIntegerField(_("used"), default=0, editable=False)
    expires_at = models.DateTimeField(_("until"))
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, editable=False, related_name="+", verbose_name=_("made by")
    )
    created_at = models.DateTimeField(_("made at"), default=timezone.now, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("sign-up link")
        verbose_name_plural = _("sign-up links")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return str(self.group)

    @property
    def is_open(self) -> bool:
        """Whether somebody may still use it."""
        return self.used < self.limit and self.expires_at > timezone.now()
