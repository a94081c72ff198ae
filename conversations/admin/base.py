"""What the admin's lists have in common, and what those of the log do."""

import uuid
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.functional import cached_property

from conversations.models import Conversation, User

from . import wording

# Whoever types one letter is not helped by all people who have it.
_MOST_NAMED = 200


class StaffRequest(HttpRequest):
    """A request in the admin, which lets in only who is logged in."""

    user: User


class GuardedAdmin(admin.ModelAdmin):
    """Rows of which nobody who may not look at them learns whether there is one."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show what was changed; Django looks for the row before it asks who wants to know."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)


class UneditedAdmin(GuardedAdmin):
    """Rows that the site writes: superusers do not change them either."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what did not happen is not added."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: history is not rewritten."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: history is not removed here."""
        return False


class ListAdmin(GuardedAdmin):
    """Rows with a list whose address may hold anything."""

    list_per_page = 50
    # The number of all rows beside that of the found ones costs a second count.
    show_full_result_count = False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list; NUL, which PostgreSQL cannot compare with text, is in no address that a page made."""
        if self.is_unfit(request):
            return HttpResponseRedirect(request.path)
        return super().changelist_view(request, extra_context)

    @staticmethod
    def is_unfit(request: HttpRequest) -> bool:
        """Return whether the address holds what no list can be asked for."""
        return any("\x00" in value for _name, values in request.GET.lists() for value in values)


class NewestRows(Paginator):
    """The pages of a list that may be long: counted no further than anybody would turn them."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        """The number of rows that there are pages for."""
        return min(self._some, self.MOST)

    @property
    def is_cut(self) -> bool:
        """Whether there are more."""
        return self._some > self.MOST

    @cached_property
    def _some(self) -> int:
        rows = cast("QuerySet[Any]", self.object_list)
        return rows[: self.MOST + 1].count()


class LogAdmin(UneditedAdmin, ListAdmin):
    """Rows that tell what happened: read with the view permission."""

    # Columns that a UUID in the search field is looked up in, instead of `search_fields`.
    id_fields: tuple[str, ...] = ("pk",)
    empty_value_display = wording.EMPTY
    paginator = NewestRows
    # Counting each choice of each filter reads every row.
    show_facets = admin.ShowFacets.NEVER
    # The pages of the site belong to the owners of what they show.
    view_on_site = False

    @property
    def media(self) -> Media:
        """Return the files of Django's pages and of the person filter."""
        person = AutocompleteSelect(Conversation._meta.get_field("owner"), self.admin_site)
        return super().media + person.media

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Return whether an address may ask for this: of the columns only for those that there are filters for.

        Others could be guessed at, by who may not read them, and have no index.
        """
        offered = {self.date_hierarchy, *map(_filtered_by, self.list_filter)}
        column = lookup.partition("__")[0]
        is_column = any(column == field.name for field in self.opts.get_fields())
        return (not is_column or column in offered) and super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find by id where a whole one was typed, by words otherwise."""
        try:
            wanted = uuid.UUID(search_term.strip())
        except ValueError:
            words = search_term.strip()
            return (queryset.filter(self.having(request, words)) if words else queryset), False
        return queryset.filter(Q(*[(name, wanted) for name in self.id_fields], _connector=Q.OR)), False

    def having(self, request: HttpRequest, words: str) -> Q:
        """Return the condition on the rows that are found by `words`: such that an index leads to them."""
        raise NotImplementedError


def _filtered_by(choice: Any) -> str:
    """Return what stands in an address for an entry of `list_filter`."""
    name: str = choice[0] if isinstance(choice, tuple) else getattr(choice, "parameter_name", choice)
    return name


def people_named(words: str) -> list[int]:
    """Return who is called so, or nearly so."""
    named = User.objects.filter(Q(username__icontains=words) | Q(name__icontains=words))
    return list(named.values_list("pk", flat=True)[:_MOST_NAMED])
