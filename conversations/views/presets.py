"""The pages of presets, and the menu that a conversation offers them in."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from conversations import offering
from conversations.models import Preset
from conversations.preset_forms import PresetForm
from conversations.services import presets
from conversations.services.errors import Refused

from .requests import PersonRequest, done, refusal, wants_json

# Of the form's fields, what the service objects to.
_FIELD_OF = {"name_taken": "name"}


def _both(request: PersonRequest) -> dict[str, Any]:
    """Return the person's presets and the shared ones."""
    found = list(Preset.objects.for_user(request.user))
    return {
        "own": [preset for preset in found if preset.owner_id],
        "shared": [preset for preset in found if not preset.owner_id],
        "default": request.user.default_preset_id,
        "most": presets.MAX_PRESETS,
    }


@never_cache
@require_GET
@login_required
def index(request: PersonRequest) -> HttpResponse:
    """List the presets that the person can begin with."""
    return render(request, "presets/list.html", _both(request))


@require_GET
@login_required
def menu(request: PersonRequest) -> HttpResponse:
    """Return the presets as the entries of a menu (HTML)."""
    both = _both(request)
    names = [model.name for model in offering.models(request.user)]
    groups = [(kind, [_entry(preset, names) for preset in both[kind]]) for kind in ("own", "shared")]
    return render(request, "presets/_menu.html", {"groups": groups})


def _entry(preset: Preset, models: list[str]) -> dict[str, Any]:
    settings = {
        "model": preset.model,
        "options": preset.options,
        "system": preset.system_prompt,
        "think": preset.think,
    }
    is_gone = bool(preset.model and models and preset.model not in models)
    return {"preset": preset, "settings": json.dumps(settings, ensure_ascii=False), "is_gone": is_gone}


def _form(request: PersonRequest, preset: Preset | None = None) -> PresetForm:
    models = [model.name for model in offering.models(request.user)]
    return PresetForm(request.POST or None, models=models, preset=preset)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PersonRequest) -> HttpResponse:
    """Make a preset: by the form, or by the settings' dialog of a conversation (JSON)."""
    form = _form(request)
    if form.is_valid():
        try:
            preset = presets.make(request.user, form.values)
        except Refused as refused:
            form.add_error(_FIELD_OF.get(refused.code), str(refused))
        else:
            return _saved(request, preset)
    return _shown(request, form)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Show and change a preset of the person's own."""
    try:
        preset = presets.owned(request.user, pk)
        form = _form(request, preset)
        if form.is_valid():
            return _saved(request, presets.change(request.user, pk, form.values))
    except Refused as refused:
        if refused.code != "name_taken":
            return refusal(request, refused)
        form.add_error("name", str(refused))
    return _shown(request, form, preset)


def _saved(request: HttpRequest, preset: Preset) -> HttpResponse:
    if not wants_json(request):
        messages.success(request, gettext("“{name}” is saved.").format(name=preset.name))
    return done(request, reverse("presets"), name=preset.name)


def _shown(request: HttpRequest, form: PresetForm, preset: Preset | None = None) -> HttpResponse:
    """Return the form with what is wrong in it; to a module, the first of it."""
    if wants_json(request) and form.errors:
        field, errors = next(iter(form.errors.items()))
        return JsonResponse({"field": field, "text": errors[0]}, status=400)
    return render(request, "presets/form.html", {"form": form, "preset": preset})


@require_POST
@login_required
def delete(request: PersonRequest, pk: UUID) -> HttpResponse:
    """Delete a preset of the person's own."""
    try:
        presets.delete(request.user, pk)
    except Refused as refused:
        return refusal(request, refused)
    messages.success(
        request, gettext("The preset is deleted. Conversations that used it keep their settings.")
    )
    return redirect("presets")


@require_POST
@login_required
def make_default(request: PersonRequest) -> HttpResponse:
    """Have new conversations begin with the preset in the form, or with none."""
    wanted = request.POST.get("preset", "")
    try:
        presets.make_default(request.user, UUID(wanted) if wanted else None)
    except ValueError as error:
        raise Http404 from error
    except Refused as refused:
        return refusal(request, refused)
    return redirect("presets")
