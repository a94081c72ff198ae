"""The usage page: what the chosen days came to, as pictures with their numbers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.formats import date_format
from django.utils.http import content_disposition_header
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.exports import tables
from conversations.models import UsageDay, User
from conversations.usage import counting, reading
from conversations.usage.counts import Counts, percentile

from . import charts, wording
from .base import UneditedAdmin
from .charts import Column, Number, Shapes
from .filters import used_models

_DAYS = 30
_MOST_DAYS = 731
# All rows of a large group's people over years would take longer than anybody waits.
_MOST_DAYS_OF_GROUP = 366
_HOURS = 24
RANGES = (7, 30, 90, 365)


class ChoiceForm(forms.Form):
    """Which days, whose and which model's calls are shown."""

    since = forms.DateField(label=_("from"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    until = forms.DateField(label=_("to"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    model = forms.ChoiceField(label=_("model"), required=False)
    group = forms.ModelChoiceField(Group.objects.order_by("name"), label=_("group"), required=False)
    person = forms.ModelChoiceField(
        User.objects.all(),
        label=_("person"),
        required=False,
        to_field_name="username",
        widget=forms.TextInput(),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        names = [(name, wording.one_line(name)) for name in used_models()]
        self.fields["model"].choices = [("", _("all models")), *names]  # type: ignore[attr-defined] # a ChoiceField
        self.fields["group"].empty_label = _("everybody")  # type: ignore[attr-defined] # a ModelChoiceField

    def clean(self) -> dict[str, Any]:
        """Return what was chosen. Raises ValidationError for days that cannot be shown."""
        chosen: dict[str, Any] = super().clean() or {}
        since, until = chosen.get("since"), chosen.get("until")
        if since and until:
            most = _MOST_DAYS_OF_GROUP if chosen.get("group") else _MOST_DAYS
            if until < since:
                raise forms.ValidationError(gettext("The first day has to come before the last one."))
            if (until - since).days >= most:
                raise forms.ValidationError(gettext("Choose at most {count} days.").format(count=most))
        if chosen.get("group") and chosen.get("person"):
            raise forms.ValidationError(gettext("Choose a group or a person."))
        return chosen


def default_range(days: int = _DAYS) -> dict[str, str]:
    """Return the latest days as the form takes them."""
    until = counting.today()
    return {"since": (until - timedelta(days=days - 1)).isoformat(), "until": until.isoformat()}


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture and its numbers; `is_list` draws a bar beside each name."""

    slug: str
    title: str
    labels: Sequence[str]
    columns: Sequence[Column]
    head: str
    shapes: Shapes = field(default_factory=Shapes)
    top: str = ""
    # What the numbers of its CSV are in, where they are no counts.
    unit: str = ""
    is_list: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(any(column.values) for column in self.columns)

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The table: each name with its figures."""
        return [
            (label, [column.written[place] for column in self.columns])
            for place, label in enumerate(self.labels)
        ]

    @property
    def list_rows(self) -> list[tuple[str, str, str]]:
        """Names with their figure and, in hundredths of the largest, the length of their bar."""
        values = [value or 0 for value in self.columns[0].values]
        top = max(values, default=0) or 1
        written = self.columns[0].written
        return [
            (label, written[place], f"{values[place] / top * 100:.2f}")
            for place, label in enumerate(self.labels)
        ]


def _whole(value: Number) -> str:
    return wording.figure(value, 0)


def _column(name: Any, values: Sequence[Number], write: Callable[[Number], str] = _whole) -> Column:
    return Column(str(name), values, [write(value) for value in values])


def pictures(choice: reading.Choice, figures: reading.Figures) -> list[Picture]:
    """Return all pictures of the page."""
    days = [_label(choice, step) for step in figures.steps]
    steps = list(figures.steps.values())
    return [
        _bars("messages", gettext("Messages"), days, [
            _column(_("questions"), [one.questions for one in steps]),
            _column(_("answers"), [one.answers for one in steps]),
        ]),
        _bars("tokens", gettext("Tokens"), days, [
            _column(_("read by the model"), [one.prompt_tokens for one in steps]),
            _column(_("written by the model"), [one.output_tokens for one in steps]),
        ]),
        _bars("people", gettext("People who asked, on the day with most"), days, [
            _column(_("people"), list(figures.people.values())),
        ]),
        _lines("first", gettext("Time to the first text"), days, steps, "first"),
        _lines("took", gettext("Duration of an answer"), days, steps, "took"),
        _bars("queue", gettext("Longest queue"), days, [
            _column(_("waiting at once"), list(figures.most_queued.values())),
        ]),
        _bars("hours", gettext("Hours of the day"), [f"{hour:02}" for hour in range(_HOURS)], [
            _column(_("answers"), [figures.total.hours[hour] for hour in range(_HOURS)]),
        ], head=gettext("hour")),
        _models(figures),
        _endings(figures.total),
    ]  # fmt: skip


def _label(choice: reading.Choice, step: date) -> str:
    is_of_months = (choice.until - choice.since).days >= 400
    return date_format(step, "YEAR_MONTH_FORMAT") if is_of_months else step.isoformat()


def _bars(slug: str, title: str, labels: Sequence[str], columns: Sequence[Column], head: str = "") -> Picture:
    shapes = charts.stacked(labels, columns)
    return Picture(slug, title, labels, columns, head or gettext("from"), shapes, _whole(shapes.top))


def _lines(slug: str, title: str, labels: Sequence[str], steps: Sequence[Counts], bins: str) -> Picture:
    columns = [
        _column(name, [percentile(getattr(one, bins), share) for one in steps], wording.seconds)
        for name, share in ((gettext("half of them within"), 0.5), (gettext("95 % within"), 0.95))
    ]
    shapes = charts.lines(labels, columns)
    return Picture(slug, title, labels, columns, gettext("from"), shapes, wording.seconds(shapes.top), "ms")


def _models(figures: reading.Figures) -> Picture:
    most = sorted(figures.by_model.items(), key=lambda item: (-item[1].answers, item[0]))
    columns = [
        _column(_("answers"), [counts.answers for _model, counts in most]),
        _column(_("tokens"), [counts.tokens for _model, counts in most]),
    ]
    labels = [wording.one_line(model) for model, _counts in most]
    return Picture("models", gettext("Models"), labels, columns, gettext("model"), is_list=True)


def _endings(total: Counts) -> Picture:
    most = total.reasons.most_common()
    labels = [wording.reason(code) for code, _count in most]
    columns = [_column(_("answers"), [count for _code, count in most])]
    title = gettext("Failures and stops")
    return Picture("endings", title, labels, columns, gettext("reason"), is_list=True)


@admin.register(UsageDay)
class UsageAdmin(UneditedAdmin):
    """The page in place of a list of rows."""

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the pictures, or one's numbers as CSV."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = ChoiceForm(request.GET if "since" in request.GET else default_range())
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Usage"),
            "opts": self.opts,
            "media": Media(css={"all": ["admin_site/usage.css"]}),
            "form": form,
            "ranges": [{"days": days, **default_range(days)} for days in RANGES],
        }
        if form.is_valid():
            choice = _choice(form.cleaned_data)
            figures = reading.read(choice)
            drawn = pictures(choice, figures)
            wanted = [picture for picture in drawn if picture.slug == request.GET.get("csv")]
            if wanted:
                return _as_csv(wanted[0], choice)
            context |= {"pictures": drawn, "figures": figures, "totals": _totals(figures.total)}
            context["query"] = request.GET.urlencode() if "since" in request.GET else ""
        return TemplateResponse(request, "admin/usage.html", context)


def _choice(chosen: dict[str, Any]) -> reading.Choice:
    person, group = chosen["person"], chosen["group"]
    return reading.Choice(
        chosen["since"], chosen["until"], chosen["model"], person and person.pk, group and group.pk
    )


def _totals(total: Counts) -> list[tuple[str, str]]:
    return [
        (gettext("questions"), _whole(total.questions)),
        (gettext("answers"), _whole(total.answers)),
        (gettext("tokens"), _whole(total.tokens)),
        (gettext("stopped"), _whole(total.stopped)),
        (gettext("failed"), _whole(total.failed + total.interrupted)),
    ]


def _as_csv(picture: Picture, choice: reading.Choice) -> HttpResponse:
    unit = f" ({picture.unit})" if picture.unit else ""
    names = [picture.head, *(f"{column.name}{unit}" for column in picture.columns)]
    series = [[_rounded(value) for value in column.values] for column in picture.columns]
    rows = (dict(zip(names, row, strict=True)) for row in zip(picture.labels, *series, strict=True))
    response = HttpResponse(b"".join(tables.pieces("csv", names, rows)), content_type=tables.TYPES["csv"])
    name = f"chatsite {picture.slug} {choice.since} {choice.until}.csv"
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response


def _rounded(value: Number) -> int | None:
    return None if value is None else round(value)
