"""Everything that can go wrong between the site and Ollama.

OllamaError
├── OllamaUnavailable   nobody could be reached: refused, dns, tls, timeout, unreachable
├── OllamaStalled       somebody was reached and then stayed silent for too long
├── StreamBroken        the connection was lost before the answer ended
├── BadAnswer           something answered, but not in Ollama's language
├── EndlessAnswer       an answer longer than any model's: more lines, bytes or time than one may take
└── OllamaRefused       Ollama itself said no, with a status and a text
    └── ModelMissing    … because it does not have the model

A stream which ends cleanly without a final line is no error: Ollama does that when a model repeats itself,
and the text so far is valid. `str(error)` is safe to store and to show: one line of at most 500 harmless
characters. It is for administrators and logs; what a person reads is the site's own sentence for the class.
"""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

MAX_TEXT = 500
_DENIED = frozenset({401, 403})
_BUSY = frozenset({429, 503})

# Ollama produces one level (llama-server's JSON body inside its own error string); a few more cost nothing.
_MAX_NESTING = 4
_TERMINAL_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.)", re.DOTALL)
# Controls, surrogates, marks that turn the direction of the text around them, the invisible Tag block.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\U000e0000-\U000e007f]+"
)


def readable(value: object) -> str:
    """One harmless line out of what stood in an error text's place (a string, JSON in one, an object)."""
    text = _innermost(value, _MAX_NESTING)[: 8 * MAX_TEXT]
    text = _UNSAFE.sub(" ", _TERMINAL_ESCAPE.sub("", text))
    text = " ".join(text.split())
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _innermost(value: object, levels: int) -> str:
    """The text inside `{"error": {"message": "…"}}` and its like, objects written into strings included."""
    found = _object(value)
    inner = found and (found.get("error") or found.get("message") or found.get("detail"))
    if inner and levels:
        return _innermost(inner, levels - 1)
    return value if isinstance(value, str) else str(value)


def _object(value: object) -> dict[str, object] | None:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value if isinstance(value, dict) else None


def retry_after(header: str) -> float | None:
    """Seconds that a `Retry-After` asks to wait, as a number or as a date (RFC 9110, 10.2.3); None for neither."""
    if header.isascii() and header.isdecimal():
        return float(header)
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    now = datetime.now(UTC)
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())


class OllamaError(Exception):
    """Base of the tree. Without a text of its own an error's text is the name of its class.

    `cause` is one word that tells apart what a class holds together, for whoever keeps or explains the error.
    """

    def __init__(self, text: object = "", *, cause: str = "error") -> None:
        super().__init__(readable(text) or type(self).__name__)
        self.cause = cause

    @property
    def record(self) -> str:
        """One line to keep of the error: its cause, a colon, its text."""
        return f"{self.cause}: {self}"


UnavailableKind = Literal["refused", "dns", "tls", "timeout", "unreachable"]
StalledPhase = Literal["sending", "first_byte", "streaming"]


class OllamaUnavailable(OllamaError):
    """No connection came about, so nothing was sent and trying again is safe."""

    def __init__(self, kind: UnavailableKind, text: object = "") -> None:
        super().__init__(text, cause=kind)
        self.kind = kind


class OllamaStalled(OllamaError):
    """Silence for `seconds` while `phase` went on: sending the question, waiting for the first byte, or
    between two pieces of the answer."""

    def __init__(self, phase: StalledPhase, seconds: float) -> None:
        super().__init__(f"no progress for {seconds:g} s ({phase})", cause=phase)
        self.phase = phase
        self.seconds = seconds


class StreamBroken(OllamaError):
    """The connection was lost after the request had gone out, which is not sent again by itself."""

    def __init__(self, text: object = "") -> None:
        super().__init__(text, cause="broken")


class BadAnswer(OllamaError):
    """An answer that is not Ollama's: HTML, events, garbage. `status` is HTTP's, 0 where it was not HTTP.

    Its cause is `foreign`, or `denied` where whoever answers asks for a key.
    """

    def __init__(self, status: int, text: object = "") -> None:
        cause = "denied" if status in _DENIED else "foreign"
        super().__init__(f"HTTP {status}: {readable(text)}" if status else text, cause=cause)
        self.status = status


class EndlessAnswer(OllamaError):
    """An answer that went on beyond what one may take. What came of it before is as good as any."""

    def __init__(self, text: object = "") -> None:
        super().__init__(text, cause="endless")


class OllamaRefused(OllamaError):
    """Ollama's own error. `status` is 200 for a line inside a stream; `retry_after` is in seconds.

    Its cause is `denied` (a wrong key, or an origin that Ollama does not like), `busy`, or `error`.
    """

    def __init__(self, status: int, text: object = "", retry_after: float | None = None) -> None:
        cause = "denied" if status in _DENIED else "busy" if status in _BUSY else "error"
        super().__init__(readable(text) or f"HTTP {status}", cause=cause)
        self.status = status
        self.retry_after = retry_after


class ModelMissing(OllamaRefused):
    """Ollama does not have `model`; `ollama pull` would get it."""

    def __init__(self, model: str, text: object = "") -> None:
        super().__init__(404, text)
        self.model = model
