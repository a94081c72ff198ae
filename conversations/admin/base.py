"""What the admin's lists have in common, and what those of the log do."""

import uuid
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
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


class ListAdmin(admin.ModelAdmin):
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


class LogAdmin(ListAdmin):
    """Rows that tell what happened: read with the view permission, changed by nobody, superusers included."""

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
        """Return the files of Django's pages, of the person filter, and the site's own styles."""
        person = AutocompleteSelect(Conversation._meta.get_field("owner"), self.admin_site)
        return super().media + person.media + Media(css={"all": ["admin_site/admin.css"]})

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

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what did not happen is not added."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: history is not rewritten."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: history is not removed here."""
        return False


def people_named(words: str) -> list[int]:
    """Return who is called so, or nearly so."""
    named = User.objects.filter(Q(username__icontains=words) | Q(name__icontains=words))
    return list(named.values_list("pk", flat=True)[:_MOST_NAMED])
