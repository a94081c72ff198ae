"""In every state of the page nothing overlaps, is cut off, needs a mouse or is too small for a finger."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.scripted_ollama import ScriptedOllama

from .chat import Chat
from .looks import faults
from .screenshots import LOOKS
from .states import CHINESE, ENGLISH, states


@pytest.mark.parametrize(("language", "theme", "size"), LOOKS)
def test_every_state_can_be_seen_and_used(
    open_chat: Callable[..., Chat], ollama: ScriptedOllama, language: str, theme: str, size: dict[str, Any]
) -> None:
    options = {"locale": language, "color_scheme": theme, "reduced_motion": "reduce", **size}
    # The tab that is opened last is in front; the others draw at their leisure.
    other = open_chat(**options)
    chat = Chat(other.page.context.new_page()).open()
    words = ENGLISH if language == "en" else CHINESE
    found = [
        f"{state}: {fault}"
        for state in states(chat, other, ollama, "muse:1b", words)
        for fault in faults(chat)
    ]
    assert found == []
