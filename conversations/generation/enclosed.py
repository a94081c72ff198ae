"""What a model is given of the files that go along with questions: pictures as base64, texts within the question.

Pictures: https://github.com/ollama/ollama/blob/main/docs/api.md (`images` of a message).
"""

import base64
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from conversations.models import Attachment
from conversations.services import attachments

# In most models a picture takes some hundreds of tokens, whatever its size.
TOKENS_PER_PICTURE = 768
# Of one call: the pictures of the question always fit, those of earlier questions as far as there is room.
_PICTURE_BYTES = attachments.MAX_PER_MESSAGE * attachments.MAX_PICTURE_BYTES
_FENCE = re.compile("`{3,}")


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of the branch that goes along, with its files."""

    role: str
    content: str
    message: UUID
    attached: Sequence[Attachment] = ()


def messages(turns: Sequence[Turn], *, sees: bool) -> list[dict[str, Any]]:
    """Return turns as Ollama takes them, reading their files; a model that does not see is told of pictures only."""
    given = _pictures_that_fit(turns) if sees else frozenset()
    return [_message(turn, given) for turn in turns if turn.content or turn.attached]


def pictures(turns: Sequence[Turn]) -> list[Attachment]:
    """Return the pictures of these turns, oldest first."""
    return [row for turn in turns for row in turn.attached if row.kind == Attachment.Kind.IMAGE]


def _pictures_that_fit(turns: Sequence[Turn]) -> frozenset[UUID]:
    fitting, size = set(), 0
    for row in reversed(pictures(turns)):
        size += row.size
        if size > _PICTURE_BYTES:
            break
        fitting.add(row.pk)
    return frozenset(fitting)


def _message(turn: Turn, given: Collection[UUID]) -> dict[str, Any]:
    texts, images = [], []
    for row in turn.attached:
        if row.kind == Attachment.Kind.TEXT:
            texts.append(_text(row))
        elif content := attachments.content(row) if row.pk in given else None:
            images.append(base64.b64encode(content).decode())
        else:
            texts.append(f"[Picture “{row.name}”: you cannot see it]")
    message: dict[str, Any] = {
        "role": turn.role,
        "content": "\n\n".join(text for text in (*texts, turn.content) if text),
    }
    return {**message, "images": images} if images else message


def _text(row: Attachment) -> str:
    """Return a file's name and its text between fences longer than any in it."""
    content = attachments.content(row)
    if content is None:
        return f"[File “{row.name}”: it is missing]"
    text = content.decode(errors="replace").rstrip("\n")
    fence = "`" * max(3, 1 + max(map(len, _FENCE.findall(text)), default=0))
    return f"File “{row.name}”:\n{fence}\n{text}\n{fence}"
