"""In every state of the page nothing overlaps, is cut off, needs a mouse or is too small for a finger.

And axe-core, which knows what people with other eyes, ears and hands need, finds nothing there.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.scripted_ollama import ScriptedOllama

from . import axe
from .chat import Chat
from .looks import faults
from .screenshots import LOOKS, PHONE
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
    found: list[str] = []
    looked_at = ""
    for state in states(chat, other, ollama, "muse:1b", words):
        seen = [*faults(chat), *axe.findings(chat.page)]
        # In most states it is as it was, and to look again takes as long as to look at the first tab.
        if (now := other.page.content()) != looked_at:
            seen += axe.findings(other.page)
            looked_at = now
        found += [f"{state}: {fault}" for fault in seen]
    assert found == []


# Each of these is a fault that the page does not have.
BROKEN = {
    "is covered by": """() => {
        const lid = document.querySelector(".chat-title").appendChild(document.createElement("b"));
        document.querySelector(".model-button").before(lid);
        Object.assign(lid.style, { position: "fixed", inset: "0 0 auto 0", height: "60px", background: "red" });
    }""",
    "overlaps": "() => { document.querySelector('.chat-title').style.marginRight = '-40px'; }",
    "is too wide": "() => { document.querySelector('.greeting').style.width = '400px'; }",
    "is 20x": "() => { document.querySelector('[data-action=send]').style.cssText = 'width: 20px; min-width: 0'; }",
    "is not drawn": "() => { document.querySelector('[data-action=send]').style.opacity = 0; }",
    "the window scrolls": "() => { document.body.style.height = '120vh'; }",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_fault_would_be_seen(open_chat: Callable[..., Chat], fault: str) -> None:
    chat = open_chat(**PHONE)
    assert faults(chat) == []
    chat.evaluate(f"({BROKEN[fault]})()")
    assert fault in "; ".join(faults(chat))
