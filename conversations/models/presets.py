"""Settings that conversations can begin with, under a name."""

import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from conversations.querysets import PresetQuerySet

MAX_PRESET_NAME = 80


class Preset(models.Model):
    """A model, a system prompt and options under a name; without an owner it is shared with everybody.

    Conversations copy what it holds, so a change leaves those as they are that have used it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(
        "User", models.CASCADE, null=True, blank=True, related_name="presets", verbose_name=_("owner")
    )
    name = models.CharField(_("name"), max_length=MAX_PRESET_NAME)
    model = models.CharField(_("model"), max_length=200, blank=True)
    system_prompt = models.TextField(_("system prompt"), blank=True)
    options = models.JSONField(_("options"), default=dict, blank=True)
    think = models.CharField(_("thinking"), max_length=10, blank=True)

    objects = PresetQuerySet.as_manager()

    class Meta:
        verbose_name = _("preset")
        verbose_name_plural = _("presets")
        ordering = [Lower("name"), "pk"]
        constraints = [
            models.UniqueConstraint("owner", Lower("name"), name="one_preset_per_name"),
            models.UniqueConstraint(
                Lower("name"), condition=Q(owner=None), name="one_shared_preset_per_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name
