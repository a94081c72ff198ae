"""The form of a preset: the fields of the settings' dialog, judged by the same rules, and a name."""

import json
import re
from typing import Any, cast
from unicodedata import normalize

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from conversations.services import options as model_options
from conversations.services.conversations import MAX_SYSTEM, clean_text
from conversations.services.errors import Refused
from conversations.services.presets import Values
from conversations.usernames import validate_name

from .models import Preset
from .models.presets import MAX_PRESET_NAME

# As static/js/options.js reads them.
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.IGNORECASE | re.ASCII)
_MOST_CHARACTERS = 20_000

# The options with fields of their own, as the dialog has them.
NUMBERS = {
    "temperature": _("Temperature"),
    "top_p": "top_p",
    "num_predict": _("Token limit"),
    "repeat_penalty": _("Repeat penalty"),
    "num_ctx": _("Window in tokens"),
    "seed": _("Seed"),
    model_options.HISTORY_TURNS: _("Earlier turns"),
}
THINK = [
    ("", pgettext_lazy("choice", "Default")),
    ("on", pgettext_lazy("choice", "On")),
    ("off", pgettext_lazy("choice", "Off")),
    ("low", pgettext_lazy("choice", "Low")),
    ("medium", pgettext_lazy("choice", "Medium")),
    ("high", pgettext_lazy("choice", "High")),
    ("max", pgettext_lazy("choice", "Highest")),
]


def _labelled(name: str) -> str:
    label = NUMBERS[name]
    return str(label) if label == name else str(format_lazy("{} ({})", label, name))


class PresetForm(forms.Form):
    """A preset as a person writes it. `models` are the names of those that can answer now."""

    name = forms.CharField(
        label=pgettext_lazy("preset", "Name"), max_length=MAX_PRESET_NAME, validators=[validate_name]
    )
    model = forms.CharField(label=_("Model"), max_length=200, required=False)
    system = forms.CharField(
        label=_("System prompt"),
        required=False,
        max_length=MAX_SYSTEM,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 6, "dir": "auto"}),
    )
    think = forms.ChoiceField(label=pgettext_lazy("choice", "Thinking"), choices=THINK, required=False)
    stop = forms.CharField(
        label=_("Stop at"),
        help_text=_("One text a line; the answer ends before it."),
        required=False,
        strip=False,
        max_length=_MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    other = forms.CharField(
        label=_("Other options as JSON"),
        required=False,
        max_length=_MOST_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )

    field_order = ("name", "model", "system", "think", *NUMBERS, "stop", "other")

    def __init__(self, *args: Any, models: list[str], preset: Preset | None = None, **kwargs: Any) -> None:
        if preset is not None:
            kwargs["initial"] = _initial(preset)
        super().__init__(*args, **kwargs)
        for name in NUMBERS:
            widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
            self.fields[name] = forms.CharField(
                label=_labelled(name), required=False, max_length=200, widget=widget
            )
        self.order_fields(self.field_order)
        named = self.data.get("model") or self.initial.get("model", "")
        known = [*models, *([named] if named and named not in models else [])]
        choices = [("", _("Chosen by the site")), *((one, one) for one in known)]
        self.fields["model"].widget = forms.Select(choices=choices)

    def clean_name(self) -> str:
        """Return the name in the one way in which equal texts are equal."""
        return normalize("NFC", " ".join(self.cleaned_data["name"].split()))

    def clean_system(self) -> str:
        """Return the prompt as conversations keep it."""
        return clean_text(self.cleaned_data["system"])

    def clean(self) -> dict[str, Any]:
        """Put the options together as a conversation has them; what is wrong is told at its field."""
        cleaned = cast(dict[str, Any], super().clean())
        options = self._others()
        for name in NUMBERS:
            if text := cleaned.get(name):
                self._take(options, name, _number_of(text))
        if stop := [line for line in cleaned.get("stop", "").splitlines() if line]:
            self._take(options, "stop", stop)
        try:
            self.options = model_options.validate(options)
        except Refused as refused:
            self._object(refused)
        return cleaned

    def _others(self) -> dict[str, Any]:
        text = self.cleaned_data.get("other", "")
        try:
            found = json.loads(text) if text else {}
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            if isinstance(found.get("stop"), str):
                found["stop"] = [found["stop"]]
            return found
        sentence = gettext("Other options must be a JSON object, such as {example}.")
        self.add_error("other", sentence.format(example='{"top_k": 40}'))
        return {}

    def _take(self, options: dict[str, Any], name: str, value: Any) -> None:
        if name in options:
            sentence = gettext("“{name}” stands here and in the JSON. Empty one of the two.")
            self.add_error(name, sentence.format(name=name))
        options[name] = value

    def _object(self, refused: Refused) -> None:
        field = refused.detail if refused.detail in self.fields else "other"
        label = _labelled(field) if field in NUMBERS else refused.detail
        sentence = gettext("“{name}” has to be {expected}.")
        self.add_error(field, sentence.format(name=label, expected=refused.expected))

    @property
    def values(self) -> Values:
        """What the preset is to hold; the form must be valid."""
        cleaned = self.cleaned_data
        return Values(cleaned["name"], cleaned["model"], cleaned["system"], self.options, cleaned["think"])


def _number_of(text: str) -> Any:
    """Return the number that a text is, with a comma or a point; anything else stays the text."""
    written = text.replace(",", ".")
    if not _NUMBER.fullmatch(written):
        return text
    value = float(written)
    return int(value) if value.is_integer() else value


def _initial(preset: Preset) -> dict[str, Any]:
    """Return what the fields show of a preset."""
    rest = dict(preset.options)
    shown = {name: rest.pop(name, "") for name in NUMBERS}
    stops = rest.get("stop", [])
    # The field takes a text a line; one that breaks the line itself can stand in JSON only.
    if not any("\n" in text for text in stops):
        rest.pop("stop", None)
        shown["stop"] = "\n".join(stops)
    return {
        **shown,
        "name": preset.name,
        "model": preset.model,
        "system": preset.system_prompt,
        "think": preset.think,
        "other": json.dumps(rest, ensure_ascii=False) if rest else "",
    }
