"""The bodies of `/api/chat` and `/api/generate`, read into one typed question.

Decoded as Ollama's Go does it: whatever the Content-Type says, unknown fields ignored, null the same as
absent, what follows the first JSON value ignored. Each refusal has the status and, where it is known, the
words of Ollama (https://github.com/ollama/ollama/blob/main/server/routes.go).
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any, NoReturn

from . import model
from .errors import ApiError
from .options import engine_parameters
from .prompt import Message

_FULL_NAME = f"registry.ollama.ai/library/{model.NAME}"
_SURROGATE = re.compile("[\ud800-\udfff]")
_DURATION = re.compile(r"[-+]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+|[-+]?0")
_KINDS = {str: "string", bool: "bool", dict: "map[string]interface {}", list: "array"}


@dataclass(frozen=True)
class Question:
    """What one request asks for. `messages` and `raw` both empty: only load (or unload) the model."""

    stream: bool
    unload: bool
    messages: list[Message] = field(default_factory=list)
    raw: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)


def read_body(raw: bytes) -> dict[str, Any]:
    """The first JSON value of a request's body, which must be an object. Raises ApiError (400)."""
    text = raw.decode("utf-8", "replace").lstrip(" \t\r\n")
    if not text:
        raise ApiError(400, "missing request body")
    try:
        body, _ = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise ApiError(400, f"invalid JSON in the request body: {error}") from error
    if not isinstance(body, dict):
        raise ApiError(400, "json: cannot unmarshal the request body into an object")
    return body


def known_model(body: dict[str, Any], *, missing: ApiError) -> None:
    """Accepts this process's one model, under the key `model` or its older name `name`. Raises ApiError."""
    name = _field(body, "model", str, "") or _field(body, "name", str, "")
    if not name:
        raise missing
    if name != model.NAME:
        raise ApiError(404, f"model '{name}' not found")


def chat_question(body: dict[str, Any]) -> Question:
    """A body of `/api/chat`. Raises ApiError."""
    known_model(body, missing=ApiError(400, "model is required"))
    messages = [_message(item) for item in _field(body, "messages", list, [])]
    if _field(body, "tools", list, []):
        raise ApiError(400, f"{_FULL_NAME} does not support tools")
    return _question(body, messages=messages)


def generate_question(body: dict[str, Any]) -> Question:
    """A body of `/api/generate`. Raises ApiError."""
    known_model(body, missing=ApiError(404, "model '' not found"))
    prompt, system = _text(body, "prompt"), _text(body, "system")
    if _text(body, "suffix"):
        raise ApiError(400, f"{_FULL_NAME} does not support insert")
    _refuse_images(body)
    if _field(body, "raw", bool, False):
        if system or _text(body, "template") or body.get("context"):
            raise ApiError(400, "raw mode does not support template, system, or context")
        return _question(body, raw=prompt)
    if not prompt:
        return _question(body)
    asked = [Message("user", prompt)]
    return _question(body, messages=[Message("system", system), *asked] if system else asked)


def _question(body: dict[str, Any], *, messages: list[Message] | None = None, raw: str = "") -> Question:
    if body.get("think"):
        raise ApiError(400, f'"{model.NAME}" does not support thinking')
    parameters = engine_parameters(_field(body, "options", dict, {})) | _grammar(body.get("format"))
    return Question(
        stream=_field(body, "stream", bool, True),
        unload=_is_zero(body.get("keep_alive")),
        messages=messages or [],
        raw=raw,
        parameters=parameters,
    )


def _message(item: Any) -> Message:
    if not isinstance(item, dict):
        raise ApiError(400, "json: cannot unmarshal a message into an object")
    _refuse_images(item)
    return Message(_text(item, "role").lower(), _text(item, "content"))


def _refuse_images(holder: dict[str, Any]) -> None:
    if _field(holder, "images", list, []):
        raise ApiError(500, "this model is missing data required for image input")


def _grammar(wanted: Any) -> dict[str, Any]:
    if wanted in (None, ""):
        return {}
    if wanted == "json":
        return {"json_schema": {"type": "object"}}
    if isinstance(wanted, dict):
        return {"json_schema": wanted}
    raise ApiError(
        500, f'invalid format: {json.dumps(wanted)}; expected "json" or a valid JSON Schema object'
    )


def _is_zero(keep_alive: Any) -> bool:
    """Whether this `keep_alive` (seconds, or a duration such as "5m") asks to unload at once."""
    if isinstance(keep_alive, str):
        if not _DURATION.fullmatch(keep_alive):
            raise ApiError(400, f'time: invalid duration "{keep_alive}"')
        return not re.search("[1-9]", keep_alive)
    if isinstance(keep_alive, bool) or not isinstance(keep_alive, int | float | None):
        raise ApiError(400, f"json: cannot unmarshal keep_alive {json.dumps(keep_alive)} into a duration")
    return keep_alive == 0


def _text(holder: dict[str, Any], name: str) -> str:
    # A lone surrogate is legal in JSON's escapes and cannot be written as UTF-8; Go reads it as U+FFFD, too.
    return _SURROGATE.sub("\ufffd", _field(holder, name, str, ""))


def _field(holder: dict[str, Any], name: str, kind: type, absent: Any) -> Any:
    value = holder.get(name)
    if value is None:
        return absent
    if not isinstance(value, kind):
        raise ApiError(400, f"json: cannot unmarshal field {name} into Go value of type {_KINDS[kind]}")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"invalid character in {name}")
