"""The bytes of an answer, turned into chunks: pure functions and one small splitter, without any network.

An answer of `POST /api/chat` is a JSON object per line
(https://github.com/ollama/ollama/blob/main/docs/api.md). Three facts shape this module: a read may end
anywhere, also inside a character; only the byte 0x0A ends a line, since Go writes U+0085 raw; and other
servers behind the same URL may leave out or misspell any field, which must cost that field and never the
text.
"""

import json
import re
from typing import Any, NamedTuple

import msgspec

from .errors import readable

MAX_LINE = 8_000_000
"""Bytes in one line; the limit of Ollama's own client. It bounds the memory that a broken server can take."""

_MAX_DIGITS = 19
# What databases keep of each.
_MAX_COUNT = 2**63 - 1
_MAX_TOKENS = 2**31 - 1
# NUL is refused by PostgreSQL, and a lone surrogate cannot be written as UTF-8 at all.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Stats(NamedTuple):
    """What Ollama counted, from the final line. Durations are in nanoseconds; None is unknown."""

    total_ns: int | None = None
    load_ns: int | None = None
    prompt_tokens: int | None = None
    prompt_ns: int | None = None
    output_tokens: int | None = None
    output_ns: int | None = None

    @property
    def tokens_per_second(self) -> float | None:
        """The pace of writing, without loading and reading; None where it cannot be told."""
        if not self.output_tokens or not self.output_ns:
            return None
        return self.output_tokens * 1e9 / self.output_ns


class Chunk(NamedTuple):
    """One line of an answer. The final line may carry text too; its `stats` are set and `done` is true.

    `done_reason` is `stop`, `length`, `load`, `unload`, something newer, or empty when it was not told.
    """

    text: str = ""
    thinking: str = ""
    done: bool = False
    done_reason: str = ""
    stats: Stats | None = None
    tool_calls: tuple[dict[str, Any], ...] = ()


class LineSplitter:
    """Cuts a stream of bytes at 0x0A and keeps the unfinished rest, in time linear in the bytes."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._held = 0

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends. Raises ValueError beyond MAX_LINE."""
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = self.flush() + lines[0]
        self._rest.append(rest)
        self._held += len(rest)
        if self._held > MAX_LINE or any(len(line) > MAX_LINE for line in lines):
            raise ValueError("a line longer than 8 MB")
        return lines

    def flush(self) -> bytes:
        """What has come since the last end of a line; afterwards nothing is held."""
        rest = b"".join(self._rest)
        self._rest.clear()
        self._held = 0
        return rest


class _Words(msgspec.Struct):
    content: str
    thinking: str = ""
    tool_calls: None = None


class _Delta(msgspec.Struct):
    """The line that nearly all are, read in a tenth of the time; whatever deviates from it is read with patience."""

    message: _Words
    done: bool
    error: None = None


def parse_line(line: bytes) -> tuple[Chunk, str] | None:
    """The chunk in one line and the error that the line tells (empty: none); None for a blank line.

    Raises ValueError when the line is not an object of Ollama's chat.
    """
    try:
        delta = _DELTAS.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _parse_odd_line(line)
    if delta.done:
        return _parse_odd_line(line)
    return Chunk(storable(delta.message.content), storable(delta.message.thinking)), ""


def _parse_odd_line(line: bytes) -> tuple[Chunk, str] | None:
    text = line.decode("utf-8", "replace").strip("\ufeff \t\r\n")
    if not text:
        return None
    fields = parse_object(text)
    error = fields.get("error")
    if not error and "message" not in fields and "done" not in fields:
        raise ValueError("an object without message, done and error")
    message = fields.get("message")
    return _chunk(fields, message if isinstance(message, dict) else {}), readable(error) if error else ""


def parse_object(text: str) -> dict[str, Any]:
    """The JSON object in `text`. Raises ValueError for anything else, absurdly deep nesting included."""
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004  (the data's fault, not the caller's)
    return value


def storable(text: object) -> str:
    """`text` as the site can keep it: nothing if it is no string, U+FFFD for NUL and lone surrogates."""
    return _UNSTORABLE.sub("\ufffd", text) if isinstance(text, str) else ""


def count(value: object, most: int = _MAX_COUNT) -> int | None:
    """A whole number of something, or None for what cannot be one (negative, NaN, text, above `most`)."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Written so that NaN fails too.
    return int(value) if 0 <= value <= most else None


def _chunk(fields: dict[str, Any], message: dict[str, Any]) -> Chunk:
    content, thinking = storable(message.get("content")), storable(message.get("thinking"))
    calls = _tool_calls(message["tool_calls"]) if message.get("tool_calls") else ()
    if fields.get("done") is not True:
        return Chunk(content, thinking, tool_calls=calls)
    return Chunk(content, thinking, True, storable(fields.get("done_reason")), _stats(fields), calls)


def _tool_calls(value: object) -> tuple[dict[str, Any], ...]:
    return tuple(call for call in value if isinstance(call, dict)) if isinstance(value, list) else ()


def _stats(fields: dict[str, Any]) -> Stats:
    return Stats(
        total_ns=count(fields.get("total_duration")),
        load_ns=count(fields.get("load_duration")),
        prompt_tokens=count(fields.get("prompt_eval_count"), _MAX_TOKENS),
        prompt_ns=count(fields.get("prompt_eval_duration")),
        output_tokens=count(fields.get("eval_count"), _MAX_TOKENS),
        output_ns=count(fields.get("eval_duration")),
    )


def _integer(digits: str) -> int | None:
    """Python reads no integer of more than 4300 digits; one such figure must not cost the line its text."""
    return int(digits) if len(digits) <= _MAX_DIGITS + 1 else None


_DECODER = json.JSONDecoder(parse_int=_integer)
_DELTAS = msgspec.json.Decoder(_Delta)
