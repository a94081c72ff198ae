"""Filters of the log's lists that stay quick when there are many rows."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR, ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from conversations.models import Generation, User

from . import wording


class PersonFilter(admin.RelatedFieldListFilter):
    """Choose one person by typing a name: a list of all would not fit a page."""

    template = "admin/person_filter.html"

    def __init__(
        self, field: Any, request: HttpRequest, params: Any, model: Any, model_admin: Any, field_path: str
    ) -> None:
        super().__init__(field, request, params, model, model_admin, field_path)
        people = model_admin.admin_site.get_model_admin(field.remote_field.model)
        self.may_search = people.has_view_permission(request)
        widget = AutocompleteSelect(field, model_admin.admin_site)
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
    """Conversations by how their newest answer stands; needs the annotation `newest_status`."""

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
        return queryset.filter(newest_status=status) if status else queryset


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
