"""Which member of staff read whose conversation."""

from typing import Any, NoReturn

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from conversations.querysets import AccessQuerySet

from .people import User


class Access(models.Model):
    """One time that a member of staff had somebody's words before them. It is written once, before they are shown.

    The names stand beside the keys: it stays when an account or a conversation goes.
    """

    class Kind(models.TextChoices):
        """How they were read."""

        TRANSCRIPT = "transcript", _("opened")
        FILE = "file", _("opened a file")
        EXPORT = "export", _("exported")

    at = models.DateTimeField(_("time"), default=timezone.now, editable=False)
    kind = models.CharField(_("how"), max_length=10, choices=Kind.choices)
    reader = models.ForeignKey(
        User,
        models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        verbose_name=_("read by"),
    )
    reader_name = models.CharField(_("read by"), max_length=150)
    owner = models.ForeignKey(
        User,
        models.DO_NOTHING,
        db_constraint=False,
        related_name="+",
        verbose_name=_("owner"),
    )
    owner_name = models.CharField(_("owner"), max_length=150)
    conversation = models.UUIDField(_("conversation"))
    detail = models.CharField(_("detail"), max_length=200, blank=True)

    objects = AccessQuerySet.as_manager()

    class Meta:
        verbose_name = _("reading")
        verbose_name_plural = _("who read what")
        indexes = [
            # The administrator's list.
            models.Index(fields=["-at", "-id"], name="access_newest"),
            # What a person is told of their own conversations, and the filters by person.
            models.Index(fields=["owner", "-at", "-id"], name="access_of_owner"),
            models.Index(fields=["reader", "-at", "-id"], name="access_by_reader"),
        ]

    def __str__(self) -> str:
        return f"{self.reader_name} → {self.owner_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write a new row. Raises TypeError for one that is written already."""
        if not self._state.adding:
            self._refuse()
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Raise TypeError."""
        self._refuse()

    @staticmethod
    def _refuse() -> NoReturn:
        raise TypeError("What was read is neither changed nor deleted.")
