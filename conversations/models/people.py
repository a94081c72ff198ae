"""The people who log in."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from conversations.usernames import validate_name, validate_username


class User(AbstractUser):
    """A person who logs in by user name; the e-mail address is optional."""

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
