"""Conversations: a list of all, and files of what is in it."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from conversations.exports import tables
from conversations.models import Conversation, Generation, Message
from conversations.search import searching
from conversations.services import access

from . import wording, words
from .base import StaffRequest, people_named
from .calendar import CalendarChangeList
from .exporting import in_batches
from .filters import (
    AnsweredByFilter,
    EndedFilter,
    GroupFilter,
    KeptFilter,
    NewestStatusFilter,
    PersonFilter,
    RatedFilter,
)
from .reading import TranscriptAdmin


def _told_of(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Return `rows` with the number of messages and tokens, and the status and model of the newest answer."""
    messages = Message.objects.filter(conversation=OuterRef("pk")).order_by().values("conversation")
    calls = Generation.objects.filter(conversation=OuterRef("pk"))
    newest = Generation.objects.newest_of(OuterRef("pk"))
    read, written = Coalesce(F("prompt_tokens"), 0), Coalesce(F("output_tokens"), 0)
    tokens = calls.order_by().values("conversation").annotate(number=Sum(read + written))
    return rows.annotate(
        message_count=Coalesce(Subquery(messages.annotate(number=Count("pk")).values("number")), 0),
        token_count=Coalesce(Subquery(tokens.values("number")), 0),
        newest_status=Subquery(newest.values("status")[:1]),
        newest_model=Subquery(newest.values("model")[:1]),
    )


class ConversationList(CalendarChangeList):
    """The list, which counts what is in a conversation for those of the page alone."""

    def get_results(self, request: HttpRequest) -> None:
        """Find the rows of the page, and then what is told of each."""
        super().get_results(request)
        pks = [row.pk for row in self.result_list]
        rows = _told_of(Conversation.objects.select_related("owner")).in_bulk(pks)
        self.result_list = [rows[pk] for pk in pks if pk in rows]


@admin.register(Conversation)
class ConversationAdmin(TranscriptAdmin):
    """All conversations; reading what was said takes the permission to view messages too."""

    list_display = [
        "subject",
        "owner",
        "model_name",
        "message_count",
        "token_count",
        "last_activity",
        "newest_answer",
    ]
    list_filter = [
        ("owner", PersonFilter),
        GroupFilter.of("owner"),
        AnsweredByFilter,
        NewestStatusFilter,
        EndedFilter,
        RatedFilter,
        KeptFilter,
        "updated_at",
        "created_at",
    ]
    search_fields = ["title"]
    # Others would sort all rows.
    sortable_by = ["last_activity"]
    date_hierarchy = "updated_at"
    ordering = ["-updated_at"]
    export_order = "updated_at"
    export_columns = {
        "id": "id",
        "owner": "owner__username",
        "title": "title",
        "model": "model",
        "messages": "message_count",
        "tokens": "token_count",
        "newest_status": "newest_status",
        **{name: name for name in ("created_at", "updated_at", "archived_at", "deleted_at")},
    }

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ConversationList]:
        """Return the list with the quick row of dates."""
        return ConversationList

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Return the list, which says what can be looked for in it."""
        found = super().get_changelist_instance(request)
        if access.may_read(request.user):
            found.search_help_text = gettext(
                "Words of titles and messages, a person, or the id of a conversation."
            )
        else:
            found.search_help_text = gettext("A person, or the id of a conversation.")
        return found

    def having(self, request: HttpRequest, term: str) -> Q:
        """Return the condition on conversations of people of this name, or with these words in title or messages."""
        condition = Q(owner__in=people_named(term))
        if not access.may_read(request.user):
            return condition
        found, is_all = searching.everywhere(term)
        if not is_all:
            text = gettext(
                "These words are in many conversations: the {count} with the newest messages are shown."
            )
            self.message_user(request, text.format(count=len(found)), messages.INFO)
        return condition | Q(pk__in=found)

    def get_list_display(self, request: HttpRequest) -> Any:
        """Return the columns; for those who may not read what was said, without the title: it is made of it."""
        return self.list_display if access.may_read(request.user) else ["number", *self.list_display[1:]]

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        """Return the column that leads to the transcript, for those who may read it."""
        return ["subject"] if access.may_read(request.user) else None

    @admin.display(description=_("number"))
    def number(self, conversation: Conversation) -> str:
        """Return the beginning of the conversation's id."""
        return str(conversation.pk)[:8]

    @admin.display(description=_("title"), ordering="title")
    def subject(self, conversation: Conversation) -> str:
        """Return the title on one line."""
        return wording.one_line(conversation.title) or wording.EMPTY

    @admin.display(description=_("last activity"), ordering="updated_at")
    def last_activity(self, conversation: Conversation) -> str:
        """Return the time of the last change."""
        return wording.moment(conversation.updated_at)

    @admin.display(description=_("model"))
    def model_name(self, conversation: Any) -> str:
        """Return the model that answered last, or else the one that was chosen."""
        return wording.one_line(conversation.newest_model or conversation.model) or wording.EMPTY

    @admin.display(description=_("messages"))
    def message_count(self, conversation: Any) -> int:
        """Return the number of messages, all versions counted."""
        return int(conversation.message_count)

    @admin.display(description=_("tokens"))
    def token_count(self, conversation: Any) -> str:
        """Return how many tokens were read and written."""
        return wording.figure(conversation.token_count, 0)

    @admin.display(description=_("newest answer"))
    def newest_answer(self, conversation: Any) -> str:
        """Return how the newest answer stands, and below it what the owner did with the conversation."""
        status = conversation.newest_status
        label = str(Generation.Status(status).label) if status else wording.EMPTY
        return wording.cell(label, self.place_of(conversation))

    def get_urls(self) -> list[URLPattern]:
        """Return Django's addresses, those of transcripts, and those of files with messages."""
        name = "conversations_conversation"
        guard = self.admin_site.admin_view
        return [
            path("messages.<str:kind>", guard(self.messages_view), name=f"{name}_messages"),
            path("<uuid:pk>/messages.<str:kind>", guard(self.whole_view), name=f"{name}_whole"),
            *super().get_urls(),
        ]

    # --- Files

    def exported(self, rows: QuerySet[Any], request: HttpRequest) -> Iterator[Mapping[str, Any]]:
        """Yield the rows as the file has them; titles are for those who may read what was said."""
        may_read = access.may_read(request.user)
        for row in super().exported(_told_of(rows), request):
            yield row if may_read else {**row, "title": ""}

    def export_links(self, request: HttpRequest) -> list[tuple[str, str]]:
        """Return the files that are offered: the list, and the messages of all its conversations."""
        links = super().export_links(request)
        if access.may_read(request.user):
            for kind, label in (("csv", "CSV"), ("jsonl", "JSON Lines")):
                address = reverse("admin:conversations_conversation_messages", args=[kind])
                links.append((gettext("all messages as {form}").format(form=label), address))
        return links

    @method_decorator(require_GET)
    def messages_view(self, request: StaffRequest, kind: str) -> HttpResponseBase:
        """Send the messages of all conversations of the list that the address stands for."""
        self.refuse_who_may_not_read(request)
        rows = self.exported_rows(request, kind)
        if not isinstance(rows, QuerySet):
            return rows
        return self._messages(request, kind, rows)

    @method_decorator(require_GET)
    def whole_view(self, request: StaffRequest, pk: UUID, kind: str) -> HttpResponseBase:
        """Send the messages of one conversation."""
        self.refuse_who_may_not_read(request)
        get_object_or_404(Conversation, pk=pk)
        if kind not in tables.TYPES:
            raise Http404
        return self._messages(request, kind, Conversation.objects.filter(pk=pk))

    def _messages(self, request: StaffRequest, kind: str, rows: QuerySet[Conversation]) -> HttpResponseBase:
        ids = (row["pk"] for row in in_batches(rows.values("pk", self.export_order), self.export_order))
        found = words.messages_of(ids, request.user)
        return self.as_file(kind, list(words.COLUMNS), found, gettext("messages"))
