"""The messages that go to Ollama with a question: whole turns, as many as fit.

Ollama itself drops what does not fit from the front without a word
(https://github.com/ollama/ollama/blob/main/server/prompt.go), so the site leaves turns out itself and tells.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from conversations.models import Attachment
from conversations.services.options import HISTORY_TURNS

from . import enclosed
from .enclosed import Turn

# Per message: the marks of a chat template around it.
_TOKENS_PER_MESSAGE = 8
# A quarter of the window stays free for the answer, unless fewer tokens are asked for.
_ANSWER_SHARE = 4
_LETTERS_PER_TOKEN = 3.5


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent, and how many of the conversation's messages stay behind; then `start` is the first that goes.

    `unseen` pictures belong to what is sent, but the model is not given them.
    """

    messages: list[dict[str, Any]]
    omitted: int
    start: UUID | None
    unseen: int = 0


def compose(
    turns: Sequence[Turn],
    *,
    system: str,
    window: int,
    options: dict[str, object],
    unread: int = 0,
    sees: bool = True,
) -> Prompt:
    """Return the newest turns that the options and the window (in tokens) allow; the last one always goes.

    `turns` is the shown branch, oldest first, ending with the question (and, to continue it, the answer so far).
    `unread` messages stand before them; then the first turn may lack its question, and stays behind as well.
    `sees` tells whether the model takes pictures. Files are read here, so this is not for the event loop where turns
    have some.
    """
    first = _first_by_count(turns, options.get(HISTORY_TURNS))
    reserve = window // _ANSWER_SHARE
    wanted = options.get("num_predict")
    if isinstance(wanted, int) and 0 < wanted < reserve:
        reserve = wanted
    room = window - reserve - (_tokens(system) if system else 0)
    first = max(first, _first_by_room(turns, room), _first_whole(turns) if unread else 0)
    sent = enclosed.messages(turns[first:], sees=sees)
    unseen = len(enclosed.pictures(turns[first:])) - sum(len(message.get("images", ())) for message in sent)
    messages = [{"role": "system", "content": system}] if system else []
    omitted = unread + first
    start = turns[first].message if omitted else None
    return Prompt([*messages, *sent], omitted, start, unseen)


def _starts(turns: Sequence[Turn]) -> list[int]:
    """Return where the turns begin: with each message of the person, and with whatever is the first of all."""
    return [index for index, turn in enumerate(turns) if turn.role == "user" or index == 0]


def _first_whole(turns: Sequence[Turn]) -> int:
    return next((index for index, turn in enumerate(turns) if turn.role == "user"), 0)


def _first_by_count(turns: Sequence[Turn], earlier: object) -> int:
    starts = _starts(turns)
    if not isinstance(earlier, int) or len(starts) <= earlier + 1:
        return 0
    return starts[-(earlier + 1)]


def _first_by_room(turns: Sequence[Turn], room: int) -> int:
    starts = _starts(turns)
    if not starts:
        return 0
    first, used, end = starts[-1], 0, len(turns)
    for start in reversed(starts):
        used += sum(_tokens_of(turn) for turn in turns[start:end])
        if used > room and start != starts[-1]:
            return first
        first, end = start, start
    return 0


def _tokens_of(turn: Turn) -> int:
    return _tokens(turn.content) + sum(map(_tokens_of_file, turn.attached))


def _tokens_of_file(row: Attachment) -> int:
    if row.kind == Attachment.Kind.IMAGE:
        return enclosed.TOKENS_PER_PICTURE
    characters = row.characters or 0
    # Of three bytes each; other characters beyond ASCII, of two or four, count as half a wide one or more.
    wide = (row.size - characters) // 2
    return _TOKENS_PER_MESSAGE + _estimate(characters, wide)


def _tokens(text: str) -> int:
    wide = 0 if text.isascii() else sum(map(_is_wide, text))
    return _TOKENS_PER_MESSAGE + _estimate(len(text), wide)


def _estimate(characters: int, wide: int) -> int:
    """Estimate tokens, rather too many: one for each wide character, one for each 3.5 of the others."""
    return wide + round((characters - wide) / _LETTERS_PER_TOKEN)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
