"""What the administrator sets: how models start and who may use them, and how much people may ask."""

from django.contrib.auth.models import Group
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .people import User


class ModelProfile(models.Model):
    """How a model starts on this site, under what a conversation sets itself, and whom it is offered to."""

    name = models.CharField(
        _("model"),
        max_length=200,
        unique=True,
        validators=[RegexValidator(r"^[\w./:-]+$")],
        help_text=_("A model's name, for all of its tags (internlm2) or for one (internlm2:1.8b)."),
    )
    options = models.JSONField(_("options"), default=dict, blank=True)
    system_prompt = models.TextField(
        _("system prompt"), blank=True, help_text=_("For conversations that have none of their own.")
    )
    is_offered = models.BooleanField(
        _("offered"), default=True, help_text=_("Administrators can use every model that is there.")
    )
    groups = models.ManyToManyField(
        Group,
        blank=True,
        verbose_name=_("groups"),
        help_text=_("Only these may use it; none: everybody may."),
    )

    class Meta:
        verbose_name = _("model profile")
        verbose_name_plural = _("model profiles")
        ordering = ["name"]
        permissions = [("manage_models", _("Can see Ollama's models and pull others"))]

    def __str__(self) -> str:
        return self.name


class Spent(models.Model):
    """What a person asked on a day and deleted on it: it counts for quotas as if it were there."""

    person = models.ForeignKey(User, models.CASCADE, related_name="spent")
    day = models.DateField()
    messages = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "day"], name="one_spent_a_day")]

    def __str__(self) -> str:
        return f"{self.person} {self.day}"


class Quota(models.Model):
    """How much somebody may ask on one day: a person, each member of a group, or else everybody.

    Nothing stands for no limit.
    """

    person = models.OneToOneField(
        User, models.CASCADE, null=True, blank=True, related_name="quota", verbose_name=_("person")
    )
    group = models.OneToOneField(
        Group, models.CASCADE, null=True, blank=True, related_name="quota", verbose_name=_("group")
    )
    messages = models.PositiveIntegerField(_("messages a day"), null=True, blank=True)
    tokens = models.PositiveIntegerField(_("tokens a day"), null=True, blank=True)

    class Meta:
        verbose_name = _("quota")
        verbose_name_plural = _("quotas")
        constraints = [
            models.CheckConstraint(
                condition=Q(person=None) | Q(group=None),
                name="quota_of_a_person_or_a_group",
                violation_error_message=_("Choose a person or a group, or neither."),
            ),
            models.UniqueConstraint(
                models.Value(1),
                condition=Q(person=None, group=None),
                name="one_quota_for_everybody",
                violation_error_message=_("There is a quota for everybody already."),
            ),
        ]

    def __str__(self) -> str:
        return str(self.person or self.group or _("everybody"))
