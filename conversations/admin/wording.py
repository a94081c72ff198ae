"""Words and figures of the log as an administrator reads them."""

import json
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.models import Generation
from conversations.rendering.characters import clean

EMPTY = "–"
_CELL = 80
_OPTION = 60

REASONS: dict[str, Promise] = {
    "stop": _("the model came to its end"),
    "length": _("the limit of its length was reached"),
    "cut_off": _("ended without its end mark"),
    "user_stop": _("a person stopped it"),
    "limit": _("a limit of this site was reached"),
    "model_missing": _("the model is not pulled"),
    "ollama_down": _("the connection to Ollama failed"),
    "ollama_error": _("Ollama answered with an error"),
    "stalled": _("no more text came"),
    "process_died": _("the server's process died"),
    "restart": _("the server restarted"),
    "internal": _("an error of this site"),
}

EVENTS: dict[str, Promise] = {
    "queued": _("queued"),
    "started": _("started"),
    "connecting": _("connecting to Ollama"),
    "loading": _("loading the model"),
    "reading": _("reading the question"),
    "thinking": _("thinking"),
    "writing": _("writing"),
    "first_token": _("first text"),
    "pictures_left_out": _("pictures left out"),
    "stop_asked": _("asked to stop"),
    "finished": _("finished"),
}


def one_line(text: str, limit: int = _CELL) -> str:
    """Return `text` for a cell of a list: one line of at most `limit` characters, none of them controls."""
    # What is cut away must not cost time: a value may be a megabyte long.
    line = " ".join(clean(text[: 4 * limit]).split())
    return line if len(line) <= limit and len(text) <= 4 * limit else line[:limit] + "…"


def cell(main: str, more: str) -> str:
    """Return a cell of a list: what one looks for, and more about it in small letters below."""
    return format_html('<bdi>{}</bdi><div class="help">{}</div>', main, more)


def compact(options: Any) -> str:
    """Return a call's options on one line: `stop ["###"] · temperature 0.7`."""
    if not isinstance(options, dict):
        return one_line(json.dumps(options, ensure_ascii=False))
    # Databases keep the names in orders of their own.
    return " · ".join(f"{one_line(name)} {_value(value)}" for name, value in sorted(options.items()))


def _value(value: Any) -> str:
    return one_line(json.dumps(value, ensure_ascii=False), _OPTION)


def figure(value: float | None, decimals: int = 1) -> str:
    """Return a number as the reader's language writes it; a dash for None."""
    return EMPTY if value is None else number_format(value, decimals, use_l10n=True, force_grouping=True)


def moment(at: datetime | None, timespec: str = "seconds") -> str:
    """Return a time in the reader's zone, exact enough to compare with a log; a dash for None."""
    return timezone.localtime(at).replace(tzinfo=None).isoformat(" ", timespec) if at else EMPTY


def seconds(milliseconds: float | None) -> str:
    """Return a duration given in milliseconds as seconds; a dash for None."""
    if milliseconds is None:
        return EMPTY
    return gettext("%(number)s s") % {"number": figure(milliseconds / 1000)}


def nanoseconds(duration: int | None) -> str:
    """Return a duration as Ollama gives it as seconds; a dash for None."""
    return seconds(None if duration is None else duration / 1e6)


def reason(code: str) -> str:
    """Return why a generation ended, in words; a code without words stays as it is."""
    return str(REASONS.get(code, code))


def event(kind: str) -> str:
    """Return what happened, in words; a kind without words stays as it is."""
    return str(EVENTS.get(kind, kind))


def ending(detail: str) -> str:
    """Return the end of a generation, kept as "status reason", in words."""
    status, _space, code = detail.partition(" ")
    known = dict(Generation.Status.choices)
    return ": ".join(str(words) for words in (known.get(status, status), reason(code)) if words)
