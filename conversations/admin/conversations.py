"""Conversations: a list, and each as a transcript."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from conversations.models import Attachment, Conversation, Generation, Message
from conversations.rendering.characters import clean
from conversations.views import attachments

from . import transcript, wording
from .base import LogAdmin
from .filters import KeptFilter, NewestStatusFilter, PersonFilter


@admin.register(Conversation)
class ConversationAdmin(LogAdmin):
    """All conversations; reading what was said takes the permission to view messages too."""

    list_display = [
        "subject",
        "owner",
        "message_count",
        "newest_status",
        "last_activity",
        "model_name",
        "place",
    ]
    list_filter = [("owner", PersonFilter), NewestStatusFilter, KeptFilter, "updated_at", "created_at"]
    list_select_related = ["owner"]
    search_fields = ["title", "owner__username", "owner__name"]
    ordering = ["-updated_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        """Return all, with the number of their messages and the status of their newest answer."""
        messages = Message.objects.filter(conversation=OuterRef("pk")).order_by().values("conversation")
        newest = Generation.objects.filter(conversation=OuterRef("pk")).order_by("-queued_at")
        return (
            super()
            .get_queryset(request)
            .annotate(
                message_count=Coalesce(Subquery(messages.annotate(number=Count("pk")).values("number")), 0),
                newest_status=Subquery(newest.values("status")[:1]),
            )
        )

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        """Return the column that leads to the transcript, for those who may read it."""
        return ["subject"] if _may_read(request) else None

    @admin.display(description=_("title"), ordering="title")
    def subject(self, conversation: Conversation) -> str:
        """Return the title on one line."""
        return wording.one_line(conversation.title) or wording.EMPTY

    @admin.display(description=_("last activity"), ordering="updated_at")
    def last_activity(self, conversation: Conversation) -> str:
        """Return the time of the last change."""
        return wording.moment(conversation.updated_at)

    @admin.display(description=_("model"), ordering="model")
    def model_name(self, conversation: Conversation) -> str:
        """Return the model that the conversation uses."""
        return wording.one_line(conversation.model) or wording.EMPTY

    @admin.display(description=_("messages"))
    def message_count(self, conversation: Any) -> int:
        """Return the number of messages, all versions counted."""
        return int(conversation.message_count)

    @admin.display(description=_("newest answer"))
    def newest_status(self, conversation: Any) -> str:
        """Return how the newest answer stands."""
        status = conversation.newest_status
        return str(Generation.Status(status).label) if status else wording.EMPTY

    @admin.display(description=_("place"))
    def place(self, conversation: Conversation) -> str:
        """Return what the owner did with the conversation."""
        return _place(conversation) or wording.EMPTY

    def get_urls(self) -> list[URLPattern]:
        """Return Django's addresses and that of a message's file."""
        show = self.admin_site.admin_view(self.attachment_view)
        name = "conversations_conversation_attachment"
        return [path("<uuid:pk>/attachments/<uuid:attachment>", show, name=name), *super().get_urls()]

    @method_decorator(require_GET)
    def attachment_view(self, request: HttpRequest, pk: UUID, attachment: UUID) -> HttpResponse:
        """Send a file of this conversation to those who may read it."""
        if not (self.has_view_permission(request) and _may_read(request)):
            raise PermissionDenied
        rows = Attachment.objects.filter(messages__conversation=pk).distinct()
        return attachments.answer(get_object_or_404(rows, pk=attachment))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the transcript."""
        conversation = self.get_object(request, unquote(object_id))
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        if not (self.has_view_permission(request, conversation) and _may_read(request)):
            raise PermissionDenied
        if conversation is None:
            # Django's way of saying that there is no such row.
            return super().change_view(request, object_id, form_url, extra_context)
        return TemplateResponse(
            request,
            "admin/conversations/conversation/transcript.html",
            {
                **self.admin_site.each_context(request),
                "title": wording.one_line(conversation.title, 200),
                "opts": self.opts,
                "media": self.media + Media(css={"all": ["admin_site/transcript.css"]}),
                "conversation": conversation,
                "system_prompt": clean(conversation.system_prompt),
                "options": wording.compact(conversation.options),
                "place": _place(conversation),
                "transcript": transcript.read(conversation, request.GET),
                "may_view_generations": request.user.has_perm("conversations.view_generation"),
                "may_view_users": request.user.has_perm("conversations.view_user"),
            },
        )


def _may_read(request: HttpRequest) -> bool:
    return request.user.has_perm("conversations.view_message")


def _place(conversation: Conversation) -> str:
    if conversation.deleted_at:
        return str(_("deleted by the owner"))
    return str(_("archived")) if conversation.archived_at else ""
