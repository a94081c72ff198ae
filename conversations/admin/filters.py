"""Filters of the log's lists that stay quick when there are many rows."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from conversations.models import Generation, Message, User
from conversations.usage import reading

from . import wording

_LATEST = 200
_MOST_GROUPS = 200


class PersonFilter(admin.RelatedFieldListFilter):
    """Choose one person by typing a name: a list of all would not fit a page."""

    template = "admin/person_filter.html"

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        people = model_admin.admin_site.get_model_admin(field.remote_field.model)
        self.may_search = people.has_view_permission(request)
        # Among what is read with the page, as Select2 would else hang what it opens behind everything.
        within = {"data-dropdown-parent": "#changelist-filter"}
        widget = AutocompleteSelect(field, model_admin.admin_site, within)
        self.chooser = forms.ModelChoiceField(User.objects.all(), required=False, widget=widget)

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        """Return nothing: the names come while one types."""
        return []

    def has_output(self) -> bool:
        """Return whether the reader may see people."""
        return self.may_search

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """Yield the one thing that the template draws: the field, and what the other filters say."""
        value = self.lookup_val[-1] if self.lookup_val else None
        # The field itself would fail on a number that no database can hold.
        if value is not None and not User.objects.filter(pk=value).exists():
            value = None
        kept = changelist.params.items()
        yield {
            "field": self.chooser.widget.render(
                self.lookup_kwarg, value, {"id": f"filter-{self.field_path}", "aria-label": self.title}
            ),
            "chosen": self.lookup_val is not None,
            "query_string": changelist.get_query_string(remove=[self.lookup_kwarg]),
            "kept": [
                (name, item) for name, item in _pairs(kept) if name not in {self.lookup_kwarg, PAGE_VAR}
            ],
        }


def _pairs(params: Any) -> Iterator[tuple[str, str]]:
    for name, values in params:
        yield from ((name, value) for value in (values if isinstance(values, list) else [values]))


class NewestStatusFilter(admin.SimpleListFilter):
    """Conversations by how their newest answer stands."""

    title = _("newest answer")
    parameter_name = "newest"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the statuses."""
        return list(Generation.Status.choices)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the chosen status."""
        status = self.value()
        if status in Generation.LIVE:
            # What lives is always the newest, and there are few.
            live = Generation.objects.live().filter(status=status)
            return queryset.filter(pk__in=live.values("conversation"))
        if not status:
            return queryset
        newest = Generation.objects.newest_of(OuterRef("pk")).values("status")[:1]
        return queryset.alias(stands=Subquery(newest)).filter(stands=status)


class KeptFilter(admin.SimpleListFilter):
    """Conversations by what their owner did with them."""

    title = _("place")
    parameter_name = "place"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the places."""
        return [
            ("listed", _("in the owner's list")),
            ("archived", _("archived")),
            ("deleted", _("deleted by the owner")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return those in the chosen place."""
        conditions: dict[str | None, dict[str, bool]] = {
            "listed": {"archived_at__isnull": True, "deleted_at__isnull": True},
            "archived": {"archived_at__isnull": False, "deleted_at__isnull": True},
            "deleted": {"deleted_at__isnull": False},
        }
        return queryset.filter(**conditions.get(self.value(), {}))


class ReasonFilter(admin.SimpleListFilter):
    """Generations by why they ended; the reasons are known, so none are read from the table."""

    title = _("reason")
    parameter_name = "reason"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the reasons in words."""
        return list(wording.REASONS.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the chosen reason."""
        return queryset.filter(reason=self.value()) if self.value() else queryset


def used_models() -> list[str]:
    """Return the names of the models that were called: those of the days that are counted, and of the latest calls.

    The table itself has so many rows that looking through them takes longer than anybody waits.
    """
    latest = Generation.objects.order_by("-queued_at").values_list("model", flat=True)[:_LATEST]
    return sorted({*reading.models(), *latest})


class ModelFilter(admin.SimpleListFilter):
    """Generations by model."""

    title = _("model")
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the models that were called."""
        return [(name, wording.one_line(name)) for name in used_models()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the chosen model."""
        return queryset.filter(model=self.value()) if self.value() else queryset


class AnsweredByFilter(ModelFilter):
    """Conversations by a model that has answered in them."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return those with an answer of the chosen model."""
        calls = Generation.objects.filter(conversation=OuterRef("pk"), model=self.value())
        return queryset.filter(Exists(calls)) if self.value() else queryset


class EndedFilter(admin.SimpleListFilter):
    """Conversations in which an answer was stopped, or failed."""

    title = _("answers")
    parameter_name = "ended"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return what may have happened to an answer."""
        return [("stopped", _("one was stopped")), ("failed", _("one failed or was interrupted"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return those in which it happened."""
        statuses = {"stopped": ["stopped"], "failed": ["failed", "interrupted"]}.get(self.value() or "")
        calls = Generation.objects.filter(conversation=OuterRef("pk"), status__in=statuses or [])
        return queryset.filter(Exists(calls)) if statuses else queryset


class RatedFilter(admin.SimpleListFilter):
    """Conversations with an answer that its person rated."""

    title = _("rating")
    parameter_name = "rated"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the ratings."""
        return [("1", _("an answer was good")), ("-1", _("an answer was bad"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return those with such a rating."""
        if self.value() not in {"1", "-1"}:
            return queryset
        rated = Message.objects.exclude(rating=Message.Rating.NONE).filter(rating=int(self.value() or 0))
        return queryset.filter(pk__in=rated.values("conversation"))


class GroupFilter(admin.SimpleListFilter):
    """Rows by a group of their person, whom `person` names; to be made by `of`."""

    title = _("group")
    parameter_name = "group"
    person: str

    @classmethod
    def of(cls, person: str) -> type["GroupFilter"]:
        """Return the filter for rows whose person stands in this field."""
        return type("GroupFilter", (cls,), {"person": person})

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Return the groups."""
        groups = Group.objects.order_by("name").values_list("pk", "name")[:_MOST_GROUPS]
        return [(str(pk), wording.one_line(name)) for pk, name in groups]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return those of the people of the chosen group."""
        if self.value() not in {key for key, _name in self.lookup_choices}:
            return queryset
        members = User.objects.filter(groups=int(self.value() or 0)).values_list("pk", flat=True)
        return queryset.filter(**{f"{self.person}__in": list(members)})
