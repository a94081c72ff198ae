"""The API tokens of people: looked at, and deleted to end one that was stolen. What a program sends is nowhere kept."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.models import ApiToken

from . import wording
from .base import LogAdmin, people_named
from .filters import PersonFilter


@admin.register(ApiToken)
class ApiTokenAdmin(LogAdmin):
    """Every token, newest first."""

    list_display = ("called", "owner", "made", "used", "ends")
    fields = list_display
    readonly_fields = fields
    list_select_related = ("owner",)
    list_filter = [("owner", PersonFilter)]
    search_fields = ["owner__username"]
    search_help_text = _("A person, or the id of a token.")
    sortable_by = ["made"]
    ordering = ["-created_at", "-pk"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether it may be ended: what it was used for stays in the log."""
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> list[LogEntry]:
        """Note it with the owner, with whose account it goes: the name is the owner's."""
        text = gettext("Revoked the API token “{name}”.")
        return [
            self.log_change(request, token.owner, text.format(name=wording.one_line(token.name)))
            for token in queryset
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiToken]:
        """Return all, without what they are found by."""
        return super().get_queryset(request).defer("digest")

    def having(self, request: HttpRequest, words: str) -> Q:
        """Return the condition on tokens of people of this name."""
        return Q(owner__in=people_named(words))

    @admin.display(description=_("name"))
    def called(self, token: ApiToken) -> str:
        """Return the name on one line."""
        return wording.one_line(token.name)

    @admin.display(description=_("made at"), ordering="created_at")
    def made(self, token: ApiToken) -> str:
        """Return when it was made."""
        return wording.moment(token.created_at, "minutes")

    @admin.display(description=_("last used"))
    def used(self, token: ApiToken) -> str:
        """Return when it was used last."""
        return wording.moment(token.last_used_at, "minutes")

    @admin.display(description=_("until"))
    def ends(self, token: ApiToken) -> str:
        """Return until when it works."""
        return wording.moment(token.expires_at, "minutes")
