"""What each day came to, counted once it is over: so that years are shown as fast as a week."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .people import User


class UsageDay(models.Model):
    """Calls of one model on one day: by everybody where there is no person, and by each person.

    Days are those of the site's time zone. A row of everybody without a model says that the day is counted, how many
    people asked, and how many answers waited at once at most. `spread` has counts by name: `hours` of the day,
    `reasons` of what did not end by itself, and `first` and `took`, the bins of `conversations/usage/counts.py`.
    """

    day = models.DateField(_("day"))
    person = models.ForeignKey(User, models.CASCADE, null=True, related_name="+", verbose_name=_("person"))
    model = models.CharField(_("model"), max_length=200, blank=True)
    people = models.PositiveIntegerField(default=0)
    most_queued = models.PositiveIntegerField(default=0)
    questions = models.PositiveIntegerField(default=0)
    answers = models.PositiveIntegerField(default=0)
    completed = models.PositiveIntegerField(default=0)
    stopped = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    interrupted = models.PositiveIntegerField(default=0)
    prompt_tokens = models.PositiveBigIntegerField(default=0)
    output_tokens = models.PositiveBigIntegerField(default=0)
    spread = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("usage")
        verbose_name_plural = _("usage")
        constraints = [
            # A day that two processes count at once is there once.
            models.UniqueConstraint(
                fields=["day", "model"], condition=Q(person=None), name="one_usage_of_all_a_day"
            ),
            models.UniqueConstraint(fields=["person", "day", "model"], name="one_usage_of_a_person_a_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model}"
