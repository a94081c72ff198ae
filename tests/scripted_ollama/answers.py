"""What the scripted Ollama says when no script is queued: the few endpoints of the real one, in its words."""

import json
from typing import Any

from .script import Piece, Script

_PIECE = 4


def model(name: str, **fields: Any) -> dict[str, Any]:
    """An installed model. `loaded` says whether `/api/ps` lists it; `capabilities` None leaves them out."""
    return {
        "name": name,
        "capabilities": ["completion"],
        "loaded": True,
        "size": 1_200_000_000,
        "family": "internlm2",
        "context_length": 4096,
        "parameters": 'stop                           "<|im_end|>"',
    } | fields


def default_script(method: str, path: str, body: Any, models: list[dict[str, Any]]) -> Script:
    """The plain answer to a request."""
    known = {entry["name"]: entry for entry in models}
    if path == "/api/chat":
        return _chat(body, known)
    if path == "/api/show":
        return _show(body, known)
    plain = {
        "/": b"Ollama is running",
        "/api/version": json.dumps({"version": "0.33.0"}).encode(),
        "/api/tags": json.dumps({"models": [_tag(entry) for entry in models]}).encode(),
        "/api/ps": json.dumps({"models": [_loaded(entry) for entry in models if entry["loaded"]]}).encode(),
    }
    if path not in plain:
        return _answer(b"404 page not found", status=404, content_type="text/plain")
    return _answer(plain[path], content_type="text/plain; charset=utf-8" if path == "/" else "")


def json_error(status: int, text: str, **headers: str) -> Script:
    """An error as Ollama gives it before the first line."""
    return _answer(json.dumps({"error": text}).encode(), status=status, headers=headers)


def _answer(body: bytes, *, status: int = 200, content_type: str = "", **fields: Any) -> Script:
    kind = content_type or "application/json; charset=utf-8"
    return Script([body], status=status, content_type=kind, framing="length", finish=False, **fields)


def _chat(body: Any, known: dict[str, Any]) -> Script:
    if not isinstance(body, dict):
        return json_error(400, "missing request body")
    name = str(body.get("model", ""))
    if name not in known:
        return json_error(404, f"model '{name}' not found")
    messages = body.get("messages") or []
    question = str(messages[-1].get("content", "")) if messages else ""
    text = f"Echo: {question} 答案"
    pieces: list[Piece] = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)]
    return Script(pieces)


def _show(body: Any, known: dict[str, Any]) -> Script:
    name = str((body or {}).get("model", ""))
    if name not in known:
        return json_error(404, f"model '{name}' not found")
    entry = known[name]
    about = {
        "parameters": entry["parameters"],
        "template": "{{ .Prompt }}",
        "details": _details(entry),
        "model_info": {
            "general.architecture": entry["family"],
            f"{entry['family']}.context_length": 32_768,
        },
        "capabilities": entry["capabilities"],
    }
    return _answer(json.dumps(about).encode())


def _tag(entry: dict[str, Any]) -> dict[str, Any]:
    told = {
        "name": entry["name"],
        "model": entry["name"],
        "modified_at": "2026-08-21T10:00:00.1234Z",
        "size": entry["size"],
        "digest": "a" * 64,
        "details": _details(entry),
        "capabilities": entry["capabilities"],
    }
    return {key: value for key, value in told.items() if value is not None}


def _loaded(entry: dict[str, Any]) -> dict[str, Any]:
    return _tag(entry) | {
        "expires_at": "2318-01-01T00:00:00Z",
        "size_vram": 0,
        "context_length": entry["context_length"],
    }


def _details(entry: dict[str, Any]) -> dict[str, Any]:
    family = entry["family"]
    return {
        "format": "gguf",
        "family": family,
        "families": [family],
        "parameter_size": "1.9B",
        "quantization_level": "Q4_0",
    }
