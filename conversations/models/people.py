"""The people who log in, and the browsers in which they are."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.usernames import validate_name, validate_username


class User(AbstractUser):
    """A person who logs in by user name; the e-mail address is optional.

    Where nothing is chosen, language and time zone are the browser's, the theme its cookie's, the model the site's.
    """

    class Theme(models.TextChoices):
        """How pages look."""

        AUTO = "auto", _("As the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    username = models.CharField(
        _("user name"),
        max_length=150,
        unique=True,
        validators=[validate_username],
        error_messages={"unique": _("Somebody has this user name already.")},
    )
    name = models.CharField(_("name"), max_length=150, blank=True, validators=[validate_name])
    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)
    time_zone = models.CharField(_("time zone"), max_length=64, blank=True)
    theme = models.CharField(_("theme"), max_length=5, blank=True, choices=Theme.choices)
    default_model = models.CharField(_("default model"), max_length=200, blank=True)
    default_preset = models.ForeignKey(
        "Preset",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("default preset"),
    )
    # The account is being deleted (services/leaving.py).
    leaving_at = models.DateTimeField(null=True, blank=True, editable=False)

    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            # People log in without minding capitals, so no two names may differ in those alone.
            models.UniqueConstraint(
                Lower("username"),
                name="one_user_per_name",
                violation_error_message=_("Somebody has this user name already."),
            ),
        ]

    def get_full_name(self) -> str:
        """Return the name as the person wrote it, or the user name."""
        return self.name or self.username

    def get_short_name(self) -> str:
        """Return the same as `get_full_name`: names are not taken apart."""
        return self.get_full_name()


class BrowserSession(models.Model):
    """A browser in which a person is logged in, or was: the session says whether it still is."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="browser_sessions")
    # No foreign key: sessions come and go with the login, and what ends them need not know of this.
    session_key = models.CharField(max_length=40, unique=True)
    user_agent = models.CharField(max_length=300, blank=True)
    last_seen_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.user_agent
