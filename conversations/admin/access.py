"""Who of the staff read whose conversations: for whoever may see the log, and changed by nobody."""

from typing import Any

from django.contrib import admin
from django.db.models import F, Q, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from conversations.models import Access
from conversations.services import access as reading

from . import wording
from .base import people_named
from .calendar import CalendarChangeList
from .exporting import ExportAdmin
from .filters import PersonFilter


@admin.register(Access)
class AccessAdmin(ExportAdmin):
    """Every reading, newest first."""

    id_fields = ("conversation",)
    list_display = ("time", "reader_name", "how", "owner_name", "conversation_link")
    list_display_links = None
    fields = ("time", "reader_name", "how", "owner_name", "conversation_link")
    readonly_fields = fields
    list_filter = ["kind", ("reader", PersonFilter), ("owner", PersonFilter), "at"]
    search_fields = ["reader_name"]
    search_help_text = _("A person, or the id of a conversation.")
    sortable_by = ["time"]
    date_hierarchy = "at"
    export_order = "at"
    export_columns = {
        **{name: name for name in ("at", "kind", "reader_name", "owner_name", "conversation")},
        "detail": "told",
    }
    ordering = ["-at", "-pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Access]:
        """Return all, with what is `told` of each: the name of a file to none but those who may read the file."""
        told = F("detail") if reading.may_read(request.user) else Value("")
        return super().get_queryset(request).annotate(told=told)

    def get_changelist(self, request: HttpRequest, **kwargs: object) -> type[CalendarChangeList]:
        """Return the list with the quick row of dates."""
        return CalendarChangeList

    def having(self, request: HttpRequest, words: str) -> Q:
        """Return the condition on readings by or of people of this name."""
        people = people_named(words)
        return Q(reader__in=people) | Q(owner__in=people)

    @admin.display(description=_("time"), ordering="at")
    def time(self, access: Access) -> str:
        """Return when it was read."""
        return wording.moment(access.at)

    @admin.display(description=_("how"), ordering="kind")
    def how(self, access: Any) -> str:
        """Return how it was read, and what of it."""
        return wording.cell(access.get_kind_display(), wording.one_line(access.told))

    @admin.display(description=_("conversation"))
    def conversation_link(self, access: Access) -> str:
        """Return the way to the conversation, by its number: its title may tell what it is about."""
        address = reverse("admin:conversations_conversation_change", args=[access.conversation])
        return format_html('<a href="{}"><code>{}</code></a>', address, str(access.conversation)[:8])
