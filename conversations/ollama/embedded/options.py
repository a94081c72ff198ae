"""The `options` of a request: checked as Ollama checks them, and translated for llama.cpp.

Names, types and defaults: https://github.com/ollama/ollama/blob/main/api/types.go. A name that Ollama does
not know is ignored, null means the default, and a value of the wrong type is an error with status 500 (as
Ollama answers).
"""

import math
from typing import Any

from .errors import ApiError
from .model import CONTEXT_LENGTH, DEFAULTS

_INT32_MAX = 2**31 - 1
_RANDOM_SEED = 2**32 - 1

# num_ctx and the others that Ollama applies when it loads a model are checked, and change nothing: one
# window fits all.
_INTEGERS = {
    "num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread", "draft_num_predict",
    "num_keep", "seed", "num_predict", "top_k", "repeat_last_n",
}  # fmt: skip
_FLOATS = {
    "top_p", "min_p", "typical_p", "temperature", "repeat_penalty", "presence_penalty", "frequency_penalty",
}  # fmt: skip
_OLLAMA_DEFAULTS: dict[str, Any] = {
    "temperature": 0.8,
    "top_k": 40,
    "top_p": 0.9,
    "min_p": 0.0,
    "typical_p": 1.0,
    "repeat_last_n": 64,
    "repeat_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "num_predict": -1,
    "seed": -1,
    "stop": [],
}


def engine_parameters(options: dict[str, Any]) -> dict[str, Any]:
    """What llama.cpp's `/completion` is told: the request's options over the model's values over Ollama's.

    Raises ApiError (500) for a value of the wrong type.
    """
    given = {name: _checked(name, value) for name, value in options.items() if value is not None}
    known = {name: value for name, value in given.items() if name in _OLLAMA_DEFAULTS}
    chosen = _OLLAMA_DEFAULTS | DEFAULTS | known
    limit, seed = chosen.pop("num_predict"), chosen["seed"]
    return chosen | {
        "n_predict": limit if 0 <= limit < CONTEXT_LENGTH else CONTEXT_LENGTH,
        "seed": seed % 2**32 if seed >= 0 else _RANDOM_SEED,
        "repeat_last_n": _window(chosen["repeat_last_n"]),
        "stop": [text for text in chosen["stop"] if text],
    }


def _window(last_n: int) -> int:
    """How many tokens the penalties look back on; below 0 means all.

    llama.cpp refuses what is below 0, and takes memory for as many as it is told: 2**31 made it stand still.
    """
    return min(last_n, CONTEXT_LENGTH) if last_n >= 0 else CONTEXT_LENGTH


def _checked(name: str, value: Any) -> Any:
    number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if name in _INTEGERS:
        if not number:
            raise _wrong_type(name, "of type integer")
        return max(-_INT32_MAX, min(_INT32_MAX, int(value)))
    if name in _FLOATS:
        if not number:
            raise _wrong_type(name, "of type float32")
        return float(value)
    if name == "use_mmap" and not isinstance(value, bool):
        raise _wrong_type(name, "of type boolean")
    if name == "stop":
        if not isinstance(value, list):
            raise _wrong_type(name, "of type array")
        if not all(isinstance(text, str) for text in value):
            raise _wrong_type(name, "of an array of strings")
    return value


def _wrong_type(name: str, wanted: str) -> ApiError:
    return ApiError(500, f'option "{name}" must be {wanted}')
