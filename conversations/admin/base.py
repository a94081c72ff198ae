"""What the admin's lists have in common, and what those of the log do."""

import uuid
from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Q, QuerySet
from django.forms import Media
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from conversations.models import Conversation

from . import wording


class ListAdmin(admin.ModelAdmin):
    """Rows with a list whose address may hold anything."""

    list_per_page = 50
    # The number of all rows beside that of the found ones costs a second count.
    show_full_result_count = False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show the list; NUL, which PostgreSQL cannot compare with text, is in no address that a page made."""
        if any("\x00" in value for _name, values in request.GET.lists() for value in values):
            return HttpResponseRedirect(request.path)
        return super().changelist_view(request, extra_context)


class LogAdmin(ListAdmin):
    """Rows that tell what happened: read with the view permission, changed by nobody, superusers included."""

    # Columns that a UUID in the search field is looked up in, instead of `search_fields`.
    id_fields: tuple[str, ...] = ("pk",)
    empty_value_display = wording.EMPTY
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
        """Find by id where a whole one was typed, by text otherwise."""
        try:
            wanted = uuid.UUID(search_term.strip())
        except ValueError:
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(Q(*[(name, wanted) for name in self.id_fields], _connector=Q.OR)), False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what did not happen is not added."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: history is not rewritten."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: history is not removed here."""
        return False
