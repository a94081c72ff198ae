"""What the administrator sets for everybody: options that models start with, and shared presets."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.models import ModelProfile, Preset, Quota
from conversations.preset_forms import THINK
from conversations.services import options as model_options
from conversations.services.conversations import MAX_SYSTEM, clean_text
from conversations.services.errors import Refused
from conversations.usernames import validate_name

from . import wording
from .base import ListAdmin


def checked_prompt(prompt: str) -> str:
    """Return a system prompt as conversations keep it. Raises ValidationError."""
    prompt = clean_text(prompt)
    if len(prompt) > MAX_SYSTEM:
        sentence = gettext("This is longer than {limit} characters.")
        raise forms.ValidationError(sentence.format(limit=MAX_SYSTEM))
    return prompt


class CheckedOptions(forms.ModelForm):
    """Rows whose options a model call can take."""

    def clean_options(self) -> dict[str, Any]:
        """Return the options as they are kept. Raises ValidationError naming the first bad one."""
        options = self.cleaned_data["options"] or {}
        if not isinstance(options, dict):
            raise forms.ValidationError(gettext('Write a JSON object, such as {"temperature": 0.7}.'))
        try:
            return model_options.validate(options)
        except Refused as refused:
            sentence = gettext("“{name}” has to be {expected}.")
            raise forms.ValidationError(
                sentence.format(name=refused.detail, expected=refused.expected)
            ) from refused


class ModelProfileForm(CheckedOptions):
    """A profile."""

    class Meta:
        model = ModelProfile
        fields = ["name", "is_offered", "groups", "options", "system_prompt"]

    def clean_system_prompt(self) -> str:
        """Return the prompt as conversations keep it. Raises ValidationError."""
        return checked_prompt(self.cleaned_data["system_prompt"])


class SharedPresetForm(CheckedOptions):
    """A preset that everybody can begin with."""

    class Meta:
        model = Preset
        fields = ["name", "model", "system_prompt", "think", "options"]

    think = forms.ChoiceField(label=_("thinking"), choices=THINK, required=False)

    def clean_name(self) -> str:
        """Return a name that can be shown and that no other shared preset has. Raises ValidationError."""
        name: str = self.cleaned_data["name"]
        validate_name(name)
        others = Preset.objects.shared().exclude(pk=self.instance.pk)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError(gettext("There is a shared preset of this name already."))
        return name

    def clean_system_prompt(self) -> str:
        """Return the prompt as conversations keep it. Raises ValidationError."""
        return checked_prompt(self.cleaned_data["system_prompt"])


@admin.register(ModelProfile)
class ModelProfileAdmin(ListAdmin):
    """Model profiles; a change holds from the next question on."""

    form = ModelProfileForm
    list_display = ["name", "is_offered", "options_line"]
    list_filter = ["is_offered", "groups"]
    search_fields = ["name"]
    filter_horizontal = ["groups"]

    @admin.display(description=_("options"))
    def options_line(self, profile: ModelProfile) -> str:
        """Return the options on one line."""
        return wording.compact(profile.options) or wording.EMPTY


@admin.register(Quota)
class QuotaAdmin(ListAdmin):
    """How much people may ask a day; a change holds from the next question on."""

    list_display = ["whose", "messages", "tokens"]
    list_select_related = ["person", "group"]
    search_fields = ["person__username", "person__name", "group__name"]
    autocomplete_fields = ["person"]

    @admin.display(description=_("for"))
    def whose(self, quota: Quota) -> str:
        """Return whom it holds for."""
        return wording.one_line(str(quota))


@admin.register(Preset)
class PresetAdmin(ListAdmin):
    """Presets of everybody, to be changed here, and those that people have made, to be read."""

    form = SharedPresetForm
    list_display = ["name", "belongs_to", "model", "options_line"]
    list_select_related = ["owner"]
    search_fields = ["name", "owner__username", "model"]
    # All at once would delete people's own, too.
    actions = None

    @admin.display(description=_("owner"), ordering="owner__username")
    def belongs_to(self, preset: Preset) -> str:
        """Return whose it is."""
        return preset.owner.get_username() if preset.owner else gettext("shared")

    @admin.display(description=_("options"))
    def options_line(self, preset: Preset) -> str:
        """Return the options on one line."""
        return wording.compact(preset.options) or wording.EMPTY

    def has_change_permission(self, request: HttpRequest, obj: Preset | None = None) -> bool:
        """Return whether it may be changed: only what is everybody's."""
        return super().has_change_permission(request, obj) and (obj is None or obj.owner_id is None)

    def has_delete_permission(self, request: HttpRequest, obj: Preset | None = None) -> bool:
        """Return whether it may be deleted: only what is everybody's."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.owner_id is None)
