"""What Ollama tells about its models: typed, and tolerant of what it or a look-alike may leave out.

Fields: https://github.com/ollama/ollama/blob/main/api/types.go. Entries without a name are dropped, for
nothing can be asked of them; every other oddity costs one field.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from .wire import count, storable

# OpenAI's open-weight models cannot be told not to think, only how much
# (https://docs.ollama.com/capabilities/thinking).
_THINK_BY_LEVEL = {"gptoss", "gpt-oss"}


class Abilities(NamedTuple):
    """What a model can do beside writing text. `vision`: whether it takes pictures, None where nobody knows;
    `thinking`: how it is chosen, "switch" (on or off), "levels" (low, medium or high) or "" (not at all)."""

    vision: bool | None = None
    thinking: str = ""


def abilities(capabilities: frozenset[str] | None, family: str) -> Abilities:
    """Return what a model of that family can do, by the capabilities that Ollama lists of it (None: it lists none)."""
    if capabilities is None:
        return Abilities()
    how = "levels" if family in _THINK_BY_LEVEL else "switch"
    return Abilities("vision" in capabilities, how if "thinking" in capabilities else "")


class ModelInfo(NamedTuple):
    """A model of `/api/tags`. `size`: bytes; `capabilities`: None where only `/api/show` knows them."""

    name: str
    size: int | None
    capabilities: frozenset[str] | None
    family: str
    parameter_size: str
    quantization: str
    digest: str
    modified_at: str


class LoadedModel(NamedTuple):
    """A model of `/api/ps`, in memory now. `context_length` is the window really in use, in tokens;
    `size_vram` in bytes; `expires_at` in RFC 3339."""

    name: str
    context_length: int | None
    expires_at: str
    size_vram: int | None


class ModelDetails(NamedTuple):
    """The answer of `/api/show`. `context_length`: the window that the model was trained for, in tokens;
    `parameters`: the model's own values of options, `stop` as a list."""

    name: str
    capabilities: frozenset[str] | None
    context_length: int | None
    parameters: dict[str, Any]
    family: str
    system: str
    template: str


def tags(answer: dict[str, Any]) -> list[ModelInfo]:
    """The installed models, in the order told (newest first)."""
    return [_model(name, entry) for name, entry in _entries(answer)]


def loaded(answer: dict[str, Any]) -> list[LoadedModel]:
    """The models in memory."""
    return [
        LoadedModel(
            name=name,
            context_length=count(entry.get("context_length")),
            expires_at=storable(entry.get("expires_at")),
            size_vram=count(entry.get("size_vram")),
        )
        for name, entry in _entries(answer)
    ]


def details(name: str, answer: dict[str, Any]) -> ModelDetails:
    """What `/api/show` told about the model `name`."""
    info = _dict(answer.get("model_info"))
    architecture = storable(info.get("general.architecture"))
    return ModelDetails(
        name=name,
        capabilities=_capabilities(answer),
        context_length=count(info.get(f"{architecture}.context_length")),
        parameters=_parameters(storable(answer.get("parameters"))),
        family=storable(_dict(answer.get("details")).get("family")),
        system=storable(answer.get("system")),
        template=storable(answer.get("template")),
    )


def _entries(answer: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    models = answer.get("models")
    for entry in models if isinstance(models, list) else ():
        if isinstance(entry, dict) and (name := storable(entry.get("name")) or storable(entry.get("model"))):
            yield name, entry


def _model(name: str, entry: dict[str, Any]) -> ModelInfo:
    about = _dict(entry.get("details"))
    return ModelInfo(
        name=name,
        size=count(entry.get("size")),
        capabilities=_capabilities(entry),
        family=storable(about.get("family")),
        parameter_size=storable(about.get("parameter_size")),
        quantization=storable(about.get("quantization_level")),
        digest=storable(entry.get("digest")),
        modified_at=storable(entry.get("modified_at")),
    )


def _capabilities(entry: dict[str, Any]) -> frozenset[str] | None:
    told = entry.get("capabilities")
    return frozenset(name for name in told if isinstance(name, str)) if isinstance(told, list) else None


def _parameters(text: str) -> dict[str, Any]:
    """The option values in lines of `name   value`; a name that comes several times holds a list."""
    found: dict[str, list[Any]] = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        if name and value.strip():
            found.setdefault(name, []).append(_value(value.strip()))
    return {
        name: values if name == "stop" or len(values) > 1 else values[0] for name, values in found.items()
    }


def _value(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    if text in ("true", "false"):
        return text == "true"
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
