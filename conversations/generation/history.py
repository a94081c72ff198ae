"""The messages that go to Ollama with a question: whole turns, as many as fit.

Ollama itself drops what does not fit from the front without a word
(https://github.com/ollama/ollama/blob/main/server/prompt.go), so the site leaves turns out itself and tells.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from conversations.services.options import HISTORY_TURNS

# Per message: the marks of a chat template around it.
_TOKENS_PER_MESSAGE = 8
# A quarter of the window stays free for the answer, unless fewer tokens are asked for.
_ANSWER_SHARE = 4
_LETTERS_PER_TOKEN = 3.5


@dataclass(frozen=True, slots=True)
class Turn:
    """One message as Ollama takes it."""

    role: str
    content: str
    message: UUID


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is sent, and how many of the conversation's messages stay behind; then `start` is the first that goes."""

    messages: list[dict[str, str]]
    omitted: int
    start: UUID | None


def compose(
    turns: Sequence[Turn], *, system: str, window: int, options: dict[str, object], unread: int = 0
) -> Prompt:
    """Return the newest turns that the options and the window (in tokens) allow; the last one always goes.

    `turns` is the shown branch, oldest first, ending with the question (and, to continue it, the answer so far).
    `unread` messages stand before them; then the first turn may lack its question, and stays behind as well.
    """
    first = _first_by_count(turns, options.get(HISTORY_TURNS))
    reserve = window // _ANSWER_SHARE
    wanted = options.get("num_predict")
    if isinstance(wanted, int) and 0 < wanted < reserve:
        reserve = wanted
    room = window - reserve - (_tokens(system) if system else 0)
    first = max(first, _first_by_room(turns, room), _first_whole(turns) if unread else 0)
    messages = [{"role": "system", "content": system}] if system else []
    messages += [{"role": turn.role, "content": turn.content} for turn in turns[first:] if turn.content]
    omitted = unread + first
    return Prompt(messages, omitted, start=turns[first].message if omitted else None)


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
        used += sum(_tokens(turn.content) for turn in turns[start:end])
        if used > room and start != starts[-1]:
            return first
        first, end = start, start
    return 0


def _tokens(text: str) -> int:
    """Estimate tokens, rather too many: one for each wide character, one for each 3.5 of the others."""
    wide = 0 if text.isascii() else sum(map(_is_wide, text))
    return _TOKENS_PER_MESSAGE + wide + round((len(text) - wide) / _LETTERS_PER_TOKEN)


def _is_wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in "WF"
