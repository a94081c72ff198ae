"""Options that models start with."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.models import ModelProfile
from conversations.services import options as model_options
from conversations.services.errors import Refused

from . import wording
from .base import ListAdmin


class ModelProfileForm(forms.ModelForm):
    """A profile whose options a model call can take."""

    class Meta:
        model = ModelProfile
        fields = ["name", "options"]

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


@admin.register(ModelProfile)
class ModelProfileAdmin(ListAdmin):
    """Model profiles; a change holds from the next question on."""

    form = ModelProfileForm
    list_display = ["name", "options_line"]
    search_fields = ["name"]

    @admin.display(description=_("options"))
    def options_line(self, profile: ModelProfile) -> str:
        """Return the options on one line."""
        return wording.compact(profile.options) or wording.EMPTY
