"""Ollama's models: what it holds, what is in memory, and fetching others."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from asgiref.sync import async_to_sync
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import Media
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.dateparse import parse_datetime
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from conversations.generation.backend import backend
from conversations.generation.runner import runner
from conversations.models import Pull
from conversations.ollama.catalogue import LoadedModel, ModelInfo
from conversations.ollama.errors import OllamaError
from conversations.services import pulls
from conversations.services.errors import Refused

from .base import UneditedAdmin

_LATEST = 5
_KEPT_YEAR = 2200


class PullForm(forms.Form):
    """The name of a model to fetch."""

    model = forms.CharField(
        label=_("model"), max_length=200, widget=forms.TextInput({"placeholder": settings.DEFAULT_MODEL})
    )


@dataclass(frozen=True, slots=True)
class Held:
    """A model that Ollama has, and, if it is in memory, since that."""

    info: ModelInfo
    loaded: LoadedModel | None

    @property
    def modified_at(self) -> datetime | None:
        """When it was fetched or made."""
        return _moment(self.info.modified_at)

    @property
    def expires_at(self) -> datetime | None:
        """When Ollama lets go of it; None where it was told to keep it, which it writes as a time in centuries."""
        at = _moment(self.loaded.expires_at) if self.loaded else None
        return at if at and at.year < _KEPT_YEAR else None


def _moment(text: str) -> datetime | None:
    try:
        return parse_datetime(text)
    except ValueError:
        return None


async def _look() -> tuple[str, list[Held]]:
    """Return Ollama's version and models. Raises OllamaError."""
    client = backend.ollama
    version, models, loaded = await client.version(), await client.tags(), await client.ps()
    in_memory = {model.name: model for model in loaded}
    return version, [Held(model, in_memory.get(model.name)) for model in models]


@admin.register(Pull)
class OllamaAdmin(UneditedAdmin):
    """One page in place of a list of rows; a setting switches it off."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the page is offered."""
        return self._may(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether the reader may see Ollama's models."""
        return self._may(request)

    @staticmethod
    def _may(request: HttpRequest) -> bool:
        return settings.MODEL_PAGE == "on" and request.user.has_perm("conversations.manage_models")

    def _refuse_others(self, request: HttpRequest) -> None:
        if settings.MODEL_PAGE == "off":
            raise Http404
        if not self._may(request):
            raise PermissionDenied

    def get_urls(self) -> list[URLPattern]:
        """Return Django's addresses, and those of fetching."""
        guard, name = self.admin_site.admin_view, "conversations_pull"
        return [
            path("start", guard(self.start_view), name=f"{name}_start"),
            path("progress", guard(self.progress_view), name=f"{name}_progress"),
            path("<uuid:pk>/stop", guard(self.stop_view), name=f"{name}_stop"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Show what Ollama holds, what is loaded, and what is on its way."""
        self._refuse_others(request)
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "title": gettext("Ollama's models"),
            "opts": self.opts,
            "media": Media(css={"all": ["admin_site/models.css"]}),
            "form": PullForm(),
            "default": settings.DEFAULT_MODEL,
            **_progress(),
        }
        try:
            context["version"], context["held"] = async_to_sync(_look)()
        except OllamaError as error:
            context |= {"address": settings.OLLAMA_BASE_URL, "failure": str(error)}
        return TemplateResponse(request, "admin/models.html", context)

    @method_decorator(require_GET)
    def progress_view(self, request: HttpRequest) -> HttpResponse:
        """Return what is on its way, as HTML."""
        self._refuse_others(request)
        return render(request, "admin/_pulls.html", _progress())

    @method_decorator(require_POST)
    def start_view(self, request: HttpRequest) -> HttpResponse:
        """Begin to fetch a model."""
        self._refuse_others(request)
        try:
            pull = pulls.begin(request.POST.get("model", ""), request.user)  # type: ignore[arg-type] # staff
        except Refused as refused:
            texts = {
                "busy": gettext("This model is on its way already."),
                "bad_option": gettext("This is no name of a model: {name}").format(name=refused.detail),
            }
            self.message_user(request, texts[refused.code], messages.ERROR)
            return redirect("admin:conversations_pull_changelist")

        async def start() -> None:
            runner.pulls.start(pull)

        async_to_sync(start)()
        self.log_change(request, pull, gettext("Began to fetch {model}.").format(model=pull.model))
        return redirect("admin:conversations_pull_changelist")

    @method_decorator(require_POST)
    def stop_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Stop fetching a model; its process sees that within a second."""
        self._refuse_others(request)
        pull = get_object_or_404(Pull, pk=pk)
        if pulls.end(pk, Pull.State.STOPPED):
            self.log_change(request, pull, gettext("Stopped fetching {model}.").format(model=pull.model))
        return redirect("admin:conversations_pull_changelist")


def _progress() -> dict[str, Any]:
    latest = list(Pull.objects.select_related("started_by")[:_LATEST])
    return {"pulls": latest, "is_running": any(pull.is_running for pull in latest)}
