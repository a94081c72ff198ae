"""From messages to the tokens that the model reads: its ChatML template, and what to leave out when they do
not fit.

The template's marks (`<|im_start|>`, `<|im_end|>`) are put in as token ids, and every text of a person is
tokenised with the parsing of special tokens switched off. Measured: llama.cpp's own chat endpoint turns a
typed `<|im_end|>` into the real end mark (one token, id 2), by which a user could close their turn and speak
as the system; this way it stays eight tokens of plain text.

What is left out follows Ollama (server/prompt.go): whole messages from the front, never a system message,
never the last one; if that is still too long, the middle of the prompt is cut.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from .model import CONTEXT_LENGTH, SYSTEM

IM_START = 1
IM_END = 2
ANSWER_ROOM = 512
"""Tokens of the window kept free for the answer."""

PROMPT_LIMIT = CONTEXT_LENGTH - ANSWER_ROOM

Tokenize = Callable[[str], Awaitable[list[int]]]


@dataclass(frozen=True)
class Message:
    """One turn: `role` as the client named it (system, user, assistant, …) and its text."""

    role: str
    content: str


async def chat_tokens(messages: Sequence[Message], tokenize: Tokenize) -> list[int]:
    """The whole prompt, at most `PROMPT_LIMIT` tokens, ending where the answer begins.

    `tokenize` must take special tokens for plain text. A conversation whose last message is the assistant's
    is left open there, so that the model goes on with it.
    """
    if messages[0].role != "system":
        messages = [Message("system", SYSTEM), *messages]
    newline = await tokenize("\n")
    opening = [] if messages[-1].role == "assistant" else [IM_START, *await tokenize("assistant\n")]
    turns = await _kept_turns(messages, PROMPT_LIMIT - len(opening), newline, tokenize)
    if not opening:
        turns[-1] = turns[-1][: -len(newline) - 1]
    return cut_middle([token for turn in turns for token in turn] + opening)


def cut_middle(tokens: list[int]) -> list[int]:
    """`tokens` if they fit, else their beginning and their end."""
    if len(tokens) <= PROMPT_LIMIT:
        return tokens
    half = PROMPT_LIMIT // 2
    return tokens[:half] + tokens[-half:]


async def _kept_turns(
    messages: Sequence[Message], room: int, newline: list[int], tokenize: Tokenize
) -> list[list[int]]:
    """The turns that fit into `room`, in order. Works from the end, so that a long past costs no
    tokenising."""

    async def tokens_of(message: Message) -> list[int]:
        return [IM_START, *await tokenize(f"{message.role}\n{message.content}"), IM_END, *newline]

    last = len(messages) - 1
    kept = {i: await tokens_of(message) for i, message in enumerate(messages) if message.role == "system"}
    kept.setdefault(last, await tokens_of(messages[last]))
    room -= sum(len(turn) for turn in kept.values())
    for index in range(last - 1, -1, -1):
        if index in kept:
            continue
        turn = await tokens_of(messages[index])
        room -= len(turn)
        if room < 0:
            break
        kept[index] = turn
    return [kept[index] for index in sorted(kept)]
