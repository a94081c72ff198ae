"""The rows of a list as a file: all that the list's filters and its search let through."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_GET

from conversations.exports import tables
from conversations.views.streaming import streamed

from .base import LogAdmin

_BATCH = 1000


class ExportAdmin(LogAdmin):
    """A log whose list can be carried away."""

    change_list_template = "admin/log_list.html"
    # Names in the file, and where each value comes from, as `values` takes it.
    export_columns: dict[str, str]
    # The column of time by which the file goes, newest first.
    export_order: str

    def get_urls(self) -> list[URLPattern]:
        """Return Django's addresses and those of the files."""
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        view = self.admin_site.admin_view(self.export_view)
        return [path("export.<str:kind>", view, name=name), *super().get_urls()]

    @method_decorator(require_GET)
    def export_view(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """Send the rows of the list that the address stands for."""
        rows = self.exported_rows(request, kind)
        if not isinstance(rows, QuerySet):
            return rows
        found = self.exported(rows, request)
        return self.as_file(kind, list(self.export_columns), found, str(self.opts.verbose_name_plural))

    def exported_rows(self, request: HttpRequest, kind: str) -> QuerySet[Any] | HttpResponse:
        """Return the rows of the list that the address stands for, or what is answered instead."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        changelist = redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        if kind not in tables.TYPES or self.is_unfit(request):
            return changelist
        try:
            return self.get_changelist_instance(request).get_queryset(request)
        except IncorrectLookupParameters:
            return changelist

    def exported(self, rows: QuerySet[Any], request: HttpRequest) -> Iterator[Mapping[str, Any]]:
        """Yield the rows as the file has them."""
        columns = self.export_columns
        for row in in_batches(rows.values(*{*columns.values(), "pk", self.export_order}), self.export_order):
            yield {name: row[source] for name, source in columns.items()}

    @staticmethod
    def as_file(
        kind: str, names: list[str], rows: Iterator[Mapping[str, Any]], title: str
    ) -> HttpResponseBase:
        """Send rows as a file with a name of the day."""
        name = f"chatsite {title} {timezone.localdate().isoformat()}.{kind}"
        return streamed(tables.pieces(kind, names, rows), tables.TYPES[kind], name)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list, with the ways to carry it away."""
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        links = [(label, address + query) for label, address in self.export_links(request)]
        return super().changelist_view(request, {**(extra_context or {}), "exports": links})

    def export_links(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Return the files that are offered: their names, and where they are."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_export"
        return [("CSV", reverse(name, args=["csv"])), ("JSON Lines", reverse(name, args=["jsonl"]))]


def in_batches(rows: QuerySet[Any], order: str) -> Iterator[dict[str, Any]]:
    """Yield the values of `rows`, the newest by `order` first, so many at a time.

    Each batch is a query of its own: what is in memory is bounded, and any thread may ask for the next one.
    """
    rows = rows.order_by(f"-{order}", "-pk")
    place: tuple[datetime, UUID | int] | None = None
    while True:
        batch = list((rows.filter(_behind(order, *place)) if place else rows)[:_BATCH])
        yield from batch
        if len(batch) < _BATCH:
            return
        place = batch[-1][order], batch[-1]["pk"]


def _behind(order: str, at: datetime, pk: UUID | int) -> Q:
    # The first condition alone lets an index begin at the place.
    return Q(**{f"{order}__lte": at}) & ~Q(**{order: at, "pk__gte": pk})
