"""One conversation for an administrator to read: page by page, with its files, and while an answer is written."""

from typing import Any, cast
from uuid import UUID

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.forms import Media
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from conversations import js_strings
from conversations.models import Access, Attachment, Conversation, User
from conversations.rendering.characters import clean
from conversations.services import access
from conversations.views import attachments

from . import transcript, wording
from .base import StaffRequest
from .exporting import ExportAdmin

_STYLES = ["css/tokens.css", "css/messages.css", "css/code.css", "css/math.css", "admin_site/transcript.css"]


class TranscriptAdmin(ExportAdmin):
    """Conversations whose page is a transcript. That it is opened is kept before it is shown."""

    def get_urls(self) -> list[URLPattern]:
        """Return Django's addresses and those of a part of a transcript and of a message's file."""
        name = "conversations_conversation"
        part = self.admin_site.admin_view(self.part_view)
        file = self.admin_site.admin_view(self.attachment_view)
        return [
            path("<uuid:pk>/part", part, name=f"{name}_part"),
            path("<uuid:pk>/attachments/<uuid:attachment>", file, name=f"{name}_attachment"),
            *super().get_urls(),
        ]

    def refuse_who_may_not_read(self, request: HttpRequest) -> None:
        """Raise PermissionDenied for who may not read what people say."""
        if not (self.has_view_permission(request) and access.may_read(request.user)):
            raise PermissionDenied

    @method_decorator(require_GET)
    def attachment_view(self, request: StaffRequest, pk: UUID, attachment: UUID) -> HttpResponse:
        """Send a file of this conversation to those who may read it."""
        self.refuse_who_may_not_read(request)
        rows = Attachment.objects.filter(messages__conversation=pk).distinct()
        found = get_object_or_404(rows, pk=attachment)
        access.note_more(request.user, self._conversation(pk), Access.Kind.FILE, found.name)
        return attachments.answer(found)

    @method_decorator(require_GET)
    def part_view(self, request: StaffRequest, pk: UUID) -> HttpResponse:
        """Send what has changed on a page of a transcript since its `state`."""
        self.refuse_who_may_not_read(request)
        conversation = self._conversation(pk)
        access.note_more(request.user, conversation, Access.Kind.TRANSCRIPT)
        found = transcript.changed(conversation, request.GET, request.GET.get("state", ""))
        context = self._context(request, conversation, found)
        return render(request, "admin/conversations/conversation/_part.html", context)

    @staticmethod
    def _conversation(pk: UUID) -> Conversation:
        return get_object_or_404(Conversation.objects.select_related("owner"), pk=pk)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the transcript."""
        if request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        self.refuse_who_may_not_read(request)
        conversation = self.get_object(request, unquote(object_id))
        if conversation is None:
            # Django's way of saying that there is no such row.
            return super().change_view(request, object_id, form_url, extra_context)
        access.note(cast("User", request.user), Access.Kind.TRANSCRIPT, [conversation])
        context = {
            **self.admin_site.each_context(request),
            **self._context(request, conversation, transcript.read(conversation, request.GET)),
            "title": wording.one_line(conversation.title, 200),
            "opts": self.opts,
            "media": self.media + Media(css={"all": _STYLES}),
            "system_prompt": clean(conversation.system_prompt),
            "options": wording.compact(conversation.options),
            "place": self.place_of(conversation),
            "may_view_users": request.user.has_perm("conversations.view_user"),
            "data": {"strings": js_strings.translated() if get_language() != "en" else {}, "outcomes": {}},
        }
        return TemplateResponse(request, "admin/conversations/conversation/transcript.html", context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Lead to the transcript: as nobody changes a conversation here, Django's page would be an empty one."""
        return redirect("admin:conversations_conversation_change", object_id)

    @staticmethod
    def _context(
        request: HttpRequest, conversation: Conversation, found: transcript.TranscriptPage
    ) -> dict[str, Any]:
        may_view = request.user.has_perm("conversations.view_generation")
        return {"conversation": conversation, "transcript": found, "may_view_generations": may_view}

    @staticmethod
    def place_of(conversation: Conversation) -> str:
        """Return what the owner did with the conversation."""
        if conversation.deleted_at:
            return str(_("deleted by the owner"))
        return str(_("archived")) if conversation.archived_at else ""
