"""Options of a model call: which there are, what values they take, and what a conversation starts with.

Names and types: https://github.com/ollama/ollama/blob/main/docs/modelfile.mdx#valid-parameters-and-values
"""

from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from conversations.ollama.wire import storable

from .errors import Refused

# Ours, not Ollama's: how many earlier turns go along. It travels and is kept with the others.
HISTORY_TURNS = "history_turns"


@dataclass(frozen=True, slots=True)
class Range:
    """The numbers from `low` to `high`, both among them; `whole` where it takes no fractions."""

    low: float
    high: float
    whole: bool = False

    def holds(self, value: Any) -> bool:
        """Tell whether `value` is such a number."""
        kinds = int if self.whole else int | float
        # NaN is in no range, and an integer of any length compares without becoming a float.
        return isinstance(value, kinds) and not isinstance(value, bool) and self.low <= value <= self.high

    @property
    def expected(self) -> str | Promise:
        """What is expected, as the end of a sentence."""
        words = _("a whole number from {low} to {high}") if self.whole else _("a number from {low} to {high}")
        return format_lazy(words, low=self.low, high=self.high)


# In the order in which the page shows them.
RANGES = {
    "temperature": Range(0, 5),
    "top_p": Range(0, 1),
    "num_predict": Range(-2, 4_194_304, whole=True),
    "repeat_penalty": Range(0, 10),
    "num_ctx": Range(256, 4_194_304, whole=True),
    "seed": Range(-(2**31), 2**31 - 1, whole=True),
    HISTORY_TURNS: Range(0, 10_000, whole=True),
    "frequency_penalty": Range(-2, 2),
    "min_p": Range(0, 1),
    "num_keep": Range(-1, 4_194_304, whole=True),
    "presence_penalty": Range(-2, 2),
    "repeat_last_n": Range(-1, 4_194_304, whole=True),
    "top_k": Range(0, 100_000, whole=True),
    "typical_p": Range(0, 1),
}
# Of options that this site does not know: what Ollama's own numbers can hold.
_ANY_NUMBER = Range(-(2**63 - 1), 2**63 - 1)
_MAX_OPTIONS = 40
_MAX_STOPS = 16
_MAX_TEXT = 200

_A_NAME = format_lazy(_("named with 1 to {length} characters"), length=_MAX_TEXT)
_ONE_OF_FEW = format_lazy(_("one of at most {count}"), count=_MAX_OPTIONS)
_STOPS = format_lazy(
    _("a list of at most {count} texts of 1 to {length} characters"), count=_MAX_STOPS, length=_MAX_TEXT
)
_ANYTHING = format_lazy(_("a number, true, false or a text of 1 to {length} characters"), length=_MAX_TEXT)


def validate(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options without those that are null. Raises Refused(bad_option) naming the first bad one."""
    kept = {name: value for name, value in options.items() if value is not None}
    for place, (name, value) in enumerate(kept.items()):
        expected = _expected(name, value) if place < _MAX_OPTIONS else _ONE_OF_FEW
        if expected:
            raise Refused("bad_option", detail=storable(name[:_MAX_TEXT]), expected=expected)
    return kept


def _expected(name: str, value: Any) -> str | Promise:
    """Return what an option has to be that is something else; empty where it is right."""
    if not _is_text(name):
        return _A_NAME
    if name in RANGES:
        return "" if RANGES[name].holds(value) else RANGES[name].expected
    if name == "stop":
        return "" if _is_stops(value) else _STOPS
    # An option this site does not know: Ollama itself ignores or refuses it, so only its size matters here.
    fits = isinstance(value, bool) or _ANY_NUMBER.holds(value) or _is_text(value)
    return "" if fits else _ANYTHING


def _is_stops(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MAX_STOPS and all(map(_is_text, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_TEXT and value == storable(value)


def rules() -> dict[str, Any]:
    """Return the same rules as data for the page, their words in the active language."""
    numbers = {
        name: {"low": one.low, "high": one.high, "whole": one.whole, "expected": str(one.expected)}
        for name, one in RANGES.items()
    }
    return {
        "numbers": numbers,
        "limits": {
            "options": _MAX_OPTIONS,
            "stops": _MAX_STOPS,
            "text": _MAX_TEXT,
            "number": _ANY_NUMBER.high,
        },
        "expected": {
            "name": str(_A_NAME),
            "options": str(_ONE_OF_FEW),
            "stop": str(_STOPS),
            "other": str(_ANYTHING),
        },
    }
