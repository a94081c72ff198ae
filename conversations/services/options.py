"""Options of a model call: which there are, what types they take, and what a conversation starts with.

Names and types: https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx#valid-parameters-and-values
"""

import math
from typing import Any

from conversations.models import ModelProfile

from .errors import Refused

# Ours, not Ollama's: how many earlier turns go along. It travels and is kept with the others.
HISTORY_TURNS = "history_turns"

_INTEGERS = {
    HISTORY_TURNS: (0, 10_000),
    "num_ctx": (256, 4_194_304),
    "num_keep": (-1, 4_194_304),
    "num_predict": (-2, 4_194_304),
    "repeat_last_n": (-1, 4_194_304),
    "seed": (-(2**31), 2**31 - 1),
    "top_k": (0, 100_000),
}
_NUMBERS = {
    "frequency_penalty": (-2.0, 2.0),
    "min_p": (0.0, 1.0),
    "presence_penalty": (-2.0, 2.0),
    "repeat_penalty": (0.0, 10.0),
    "temperature": (0.0, 5.0),
    "top_p": (0.0, 1.0),
    "typical_p": (0.0, 1.0),
}
_MAX_OPTIONS = 40
_MAX_STOPS = 16
_MAX_TEXT = 200


def validate(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options without those that are null. Raises Refused(bad_option) naming the first bad one."""
    if len(options) > _MAX_OPTIONS:
        raise Refused("bad_option", detail="…", limit=_MAX_OPTIONS)
    kept = {name: value for name, value in options.items() if value is not None}
    for name, value in kept.items():
        if not name or len(name) > _MAX_TEXT or not _fits(name, value):
            raise Refused("bad_option", detail=name[:_MAX_TEXT])
    return kept


def _fits(name: str, value: Any) -> bool:
    if name in _INTEGERS:
        low, high = _INTEGERS[name]
        return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
    if name in _NUMBERS:
        return _is_number(value) and _NUMBERS[name][0] <= value <= _NUMBERS[name][1]
    if name == "stop":
        return isinstance(value, list) and len(value) <= _MAX_STOPS and all(_is_text(item) for item in value)
    # An option this site does not know: Ollama itself ignores or refuses it, so only its size matters here.
    return isinstance(value, bool) or _is_number(value) or _is_text(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_TEXT


def defaults(model: str) -> dict[str, Any]:
    """Return what the administrator's profiles say for `model`: those of its family, then those of its tag."""
    family = model.partition(":")[0]
    profiles = {
        profile.name: profile.options for profile in ModelProfile.objects.filter(name__in=[family, model])
    }
    return {**profiles.get(family, {}), **profiles.get(model, {})}


def effective(model: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """Return what a call of `model` uses: the profile's values under the conversation's own."""
    return {**defaults(model), **chosen}
