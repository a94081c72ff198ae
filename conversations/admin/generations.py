"""The log of model calls: who asked which model for what, how it went, and a way to stop what runs."""

import json
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from conversations.generation import stopping
from conversations.models import Generation, GenerationEvent
from conversations.rendering.characters import clean
from conversations.services import generations

from . import wording
from .base import people_named
from .calendar import CalendarChangeList
from .exporting import ExportAdmin
from .filters import GroupFilter, ModelFilter, PersonFilter, ReasonFilter, used_models


class EventInline(admin.TabularInline):
    """The timeline of a generation."""

    model = GenerationEvent
    fields = ["time", "what", "said"]
    readonly_fields = ["time", "what", "said"]
    template = "admin/conversations/generation/timeline.html"
    can_delete = False
    extra = max_num = 0
    verbose_name_plural = _("timeline")

    @admin.display(description=_("time"))
    def time(self, event: GenerationEvent) -> str:
        """Return when it happened, in milliseconds."""
        return wording.moment(event.at, "milliseconds")

    @admin.display(description=_("event"))
    def what(self, event: GenerationEvent) -> str:
        """Return what happened, in words."""
        return wording.event(event.kind)

    @admin.display(description=_("detail"))
    def said(self, event: GenerationEvent) -> str:
        """Return what else is known of it, in words."""
        return wording.ending(event.detail) if event.kind == "finished" else clean(event.detail)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the generation may be seen: its timeline is a part of it."""
        return request.user.has_perm("conversations.view_generation")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what did not happen is not added."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: history is not rewritten."""
        return False


@admin.register(Generation)
class GenerationAdmin(ExportAdmin):
    """Every call of a model, newest first."""

    id_fields = ("pk", "conversation", "message")
    change_form_template = "admin/conversations/generation/change_form.html"
    # Few enough to stand side by side with the filters on a small desktop.
    list_display = ["queued", "requested_by", "called", "ended", "took", "tokens"]
    list_filter = [
        "status",
        ReasonFilter,
        ModelFilter,
        ("requested_by", PersonFilter),
        GroupFilter.of("requested_by"),
        "queued_at",
    ]
    list_select_related = ["requested_by"]
    search_fields = ["model"]
    search_help_text = _("A person, a model, or the id of a generation, a message or a conversation.")
    # Others would sort all rows.
    sortable_by = ["queued"]
    date_hierarchy = "queued_at"
    ordering = ["-queued_at"]
    export_order = "queued_at"
    export_columns = {
        **{name: name for name in ("id", "queued_at", "started_at", "first_token_at", "finished_at")},
        "requested_by": "requested_by__username",
        "conversation": "conversation_id",
        "message": "message_id",
        **{name: name for name in ("model", "options", "think", "status", "reason", "error_detail")},
        **{name: name for name in ("omitted_messages", "window", "prompt_tokens", "output_tokens")},
        **{name: name for name in ("total_ns", "load_ns", "prompt_ns", "output_ns", "released_ms")},
        "stop_requested_at": "stop_requested_at",
        "stop_requested_by": "stop_requested_by__username",
        "process": "process",
    }
    actions = ["stop"]
    inlines = [EventInline]
    fieldsets = [
        (None, {"fields": [("state", "why"), "error", ("requested_by", "conversation_link")]}),
        (_("Call"), {"fields": ["model", "options_text", ("think", "omitted_messages")]}),
        (_("Times"), {"fields": [("queued", "started"), ("first_token", "finished")]}),
        (
            _("Durations"),
            {"fields": [("waited", "first_text", "duration"), ("load", "prompt_time", "output_time")]},
        ),
        (_("Tokens"), {"fields": [("prompt_tokens", "output_tokens", "window", "speed")]}),
        (
            _("Server"),
            {
                "fields": [
                    ("process", "last_sign"),
                    ("stop_asked", "stop_requested_by", "released_ms"),
                    ("id", "client_id"),
                ]
            },
        ),
    ]
    # What is not a column of the table; the rest is not editable either, by the permissions.
    readonly_fields = [
        "state",
        "why",
        "error",
        "conversation_link",
        "options_text",
        "queued",
        "started",
        "first_token",
        "finished",
        "waited",
        "first_text",
        "duration",
        "load",
        "prompt_time",
        "output_time",
        "speed",
        "last_sign",
        "stop_asked",
    ]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[CalendarChangeList]:
        """Return the list with the quick row of dates."""
        return CalendarChangeList

    def has_stop_permission(self, request: HttpRequest) -> bool:
        """Return whether the reader may stop other people's answers."""
        return request.user.has_perms(["conversations.view_generation", "conversations.stop_generation"])

    def having(self, request: HttpRequest, words: str) -> Q:
        """Return the condition on the calls of people or models of this name."""
        models = [name for name in used_models() if words.casefold() in name.casefold()]
        return Q(requested_by__in=people_named(words)) | Q(model__in=models)

    # --- Columns and fields

    @admin.display(description=_("status"), ordering="status")
    def state(self, generation: Generation) -> str:
        """Return the status, the phase of what runs, and whether it was asked to stop."""
        words = [generation.get_status_display()]
        if generation.is_live and generation.phase not in {"", generation.status}:
            words.append(wording.event(generation.phase))
        if generation.is_live and generation.stop_requested_at:
            words.append(gettext("stop requested"))
        return ", ".join(words)

    @admin.display(description=_("reason"), ordering="reason")
    def why(self, generation: Generation) -> str:
        """Return why it ended, in words."""
        return wording.reason(generation.reason) or wording.EMPTY

    @admin.display(description=_("error detail"))
    def error(self, generation: Generation) -> str:
        """Return what Ollama or the site said of the failure."""
        return _lines(clean(generation.error_detail)) if generation.error_detail else wording.EMPTY

    @admin.display(description=_("model and options"), ordering="model")
    def called(self, generation: Generation) -> str:
        """Return the model, with the options below it."""
        return wording.cell(generation.model, wording.one_line(wording.compact(generation.options), 120))

    @admin.display(description=_("status"), ordering="status")
    def ended(self, generation: Generation) -> str:
        """Return the status, and why it ended where that does not go without saying."""
        reason = "" if generation.reason == "stop" else wording.reason(generation.reason)
        return wording.cell(self.state(generation), reason)

    @admin.display(description=_("duration"))
    def took(self, generation: Generation) -> str:
        """Return the time from the start to the end, with what was waited for before."""
        waits = {"queue": self.waited(generation), "first": self.first_text(generation)}
        return wording.cell(
            self.duration(generation), gettext("queued %(queue)s, first text %(first)s") % waits
        )

    @admin.display(description=_("tokens in → out"), ordering="output_tokens")
    def tokens(self, generation: Generation) -> str:
        """Return how many tokens the model read and wrote, and how fast it wrote."""
        counts = (wording.figure(count, 0) for count in (generation.prompt_tokens, generation.output_tokens))
        speed = gettext("%(number)s tokens/s") % {"number": self.speed(generation)}
        return wording.cell(" → ".join(counts), speed if generation.tokens_per_second else "")

    @admin.display(description=_("options"))
    def options_text(self, generation: Generation) -> str:
        """Return the options as JSON, an option a line."""
        return _lines(clean(json.dumps(generation.options, ensure_ascii=False, indent=2, sort_keys=True)))

    @admin.display(description=_("conversation"))
    def conversation_link(self, generation: Generation) -> str:
        """Return the way to the answer in its transcript, by the conversation's number: not all may read its title."""
        address = reverse("admin:conversations_conversation_change", args=[generation.conversation_id])
        number, message = str(generation.conversation_id)[:8], generation.message_id
        return format_html(
            '<a href="{}?message={}#m-{}"><code>{}</code></a>', address, message, message, number
        )

    @admin.display(description=_("queued at"), ordering="queued_at")
    def queued(self, generation: Generation) -> str:
        """Return when it was asked for."""
        return wording.moment(generation.queued_at)

    @admin.display(description=_("started at"))
    def started(self, generation: Generation) -> str:
        """Return when a model was called."""
        return wording.moment(generation.started_at)

    @admin.display(description=_("first token at"))
    def first_token(self, generation: Generation) -> str:
        """Return when the first text came."""
        return wording.moment(generation.first_token_at)

    @admin.display(description=_("finished at"))
    def finished(self, generation: Generation) -> str:
        """Return when it ended."""
        return wording.moment(generation.finished_at)

    @admin.display(description=_("heartbeat"))
    def last_sign(self, generation: Generation) -> str:
        """Return the last sign of life of its process."""
        return wording.moment(generation.heartbeat)

    @admin.display(description=_("stop requested at"))
    def stop_asked(self, generation: Generation) -> str:
        """Return when somebody asked to stop it."""
        return wording.moment(generation.stop_requested_at)

    @admin.display(description=_("waited"))
    def waited(self, generation: Generation) -> str:
        """Return the time in the queue."""
        started = generation.started_at
        return wording.seconds((started - generation.queued_at).total_seconds() * 1000 if started else None)

    @admin.display(description=_("first text"))
    def first_text(self, generation: Generation) -> str:
        """Return the time from the start to the first text."""
        return wording.seconds(generation.first_token_ms)

    @admin.display(description=_("duration"))
    def duration(self, generation: Generation) -> str:
        """Return the time from the start to the end."""
        return wording.seconds(generation.total_ms)

    @admin.display(description=_("load time"))
    def load(self, generation: Generation) -> str:
        """Return how long Ollama loaded the model."""
        return wording.nanoseconds(generation.load_ns)

    @admin.display(description=_("prompt time"))
    def prompt_time(self, generation: Generation) -> str:
        """Return how long the model read."""
        return wording.nanoseconds(generation.prompt_ns)

    @admin.display(description=_("output time"))
    def output_time(self, generation: Generation) -> str:
        """Return how long the model wrote."""
        return wording.nanoseconds(generation.output_ns)

    @admin.display(description=_("tokens/s"))
    def speed(self, generation: Generation) -> str:
        """Return the model's own speed."""
        return wording.figure(generation.tokens_per_second)

    # --- Stopping

    @admin.action(description=_("Stop the selected generations"), permissions=["stop"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Generation]) -> None:
        """Ask for the end of those of the chosen ones that wait or run."""
        live = queryset.filter(status__in=Generation.LIVE, stop_requested_at=None).values_list(
            "pk", flat=True
        )
        stopped = sum(self._stop(request, pk) for pk in live)
        text = ngettext(
            "Stop requested for %(number)d generation.", "Stop requested for %(number)d generations.", stopped
        )
        self.message_user(request, text % {"number": stopped}, messages.SUCCESS if stopped else messages.INFO)

    def get_urls(self) -> list[URLPattern]:
        """Return Django's addresses and that of the button."""
        stop = self.admin_site.admin_view(self.stop_view)
        return [path("<uuid:pk>/stop/", stop, name="conversations_generation_stop"), *super().get_urls()]

    @method_decorator(require_POST)
    def stop_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Ask for the end of one generation and go back to its page."""
        if not self.has_stop_permission(request):
            raise PermissionDenied
        if self.get_object(request, str(pk)) is None:
            raise Http404
        if self._stop(request, pk):
            self.message_user(request, gettext("Stop requested."), messages.SUCCESS)
        else:
            self.message_user(request, gettext("There is nothing left to stop."), messages.INFO)
        return HttpResponseRedirect(reverse("admin:conversations_generation_change", args=[pk]))

    def _stop(self, request: Any, pk: UUID) -> bool:
        """Mark the generation and wake its owner; returns whether this call marked it."""
        marked = generations.request_stop(pk, by=request.user)
        if marked:
            stopping.stop_now(pk)
        return marked

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        """Offer the button where there is something to stop."""
        generation = kwargs.get("obj")
        context["may_stop"] = bool(
            generation
            and generation.is_live
            and not generation.stop_requested_at
            and self.has_stop_permission(request)
        )
        return super().render_change_form(request, context, *args, **kwargs)


def _lines(text: str) -> str:
    return format_html('<pre class="lines">{}</pre>', text)
