"""The page tells the true phase: a scripted Ollama is held in each one, and the page is read meanwhile."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.scripted_ollama import Piece, ScriptedOllama, hold, load, thinking

from .chat import Chat

COLD = "cold:1b"


@pytest.mark.parametrize(
    ("pieces", "phase", "sentence"),
    [
        ([hold("phase"), "text"], "reading", "Reading the question"),
        ([thinking("Hm."), hold("phase"), "text"], "thinking", "Thinking"),
        (["text", hold("phase")], "writing", "Writing"),
    ],
)
def test_phase_of_a_loaded_model(
    chat: Chat, ollama: ScriptedOllama, pieces: list[Piece], phase: str, sentence: str
) -> None:
    ollama.enqueue(*pieces)
    chat.ask("What are you doing?").phase(phase)
    expect(chat.status).to_contain_text(sentence)
    ollama.wait_held("phase")
    ollama.release("phase")
    chat.ended()
    expect(chat.status).to_contain_text("Done · ")


def test_until_ollama_tells_what_is_loaded_it_is_connecting(chat: Chat, ollama: ScriptedOllama) -> None:
    # Two: the site's own look may take one of them.
    for _ in range(2):
        nothing = b'{"models": []}'
        ollama.enqueue(hold("ps"), nothing, path="/api/ps", framing="length", finish=False)
    ollama.enqueue(hold("chat"), "text")
    chat.ask("Is anybody there?").phase("connecting")
    expect(chat.status).to_contain_text("Connecting to Ollama")
    ollama.release("ps", 2)
    ollama.release("chat")
    chat.ended()


def test_loading_and_then_reading(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.press("open-panel")
    chat.page.locator("#panel-model").select_option(COLD)
    chat.page.locator("#panel [value=use]").click()
    ollama.enqueue(hold("load"), load(), hold("read"), "text")
    chat.ask("Are you awake?").phase("loading")
    expect(chat.status).to_contain_text(f"Loading {COLD}")
    ollama.release("load")
    chat.phase("reading")
    ollama.release("read")
    chat.ended()


def test_who_waits_sees_how_many_are_ahead(open_chat: Callable[..., Chat], ollama: ScriptedOllama) -> None:
    first, second = open_chat(), open_chat()
    ollama.enqueue("One", hold("first"))
    first.ask("I am first").phase("writing")
    second.ask("I am second").phase("queued")
    expect(second.status).to_contain_text("1 ahead")
    expect(first.entry("I am first")).to_have_attribute("data-running", "")
    ollama.release("first")
    first.ended()
    second.ended()


def test_a_queued_answer_can_be_stopped(open_chat: Callable[..., Chat], ollama: ScriptedOllama) -> None:
    first, second = open_chat(), open_chat()
    ollama.enqueue("One", hold("first"))
    first.ask("I keep it busy").phase("writing")
    asked = len(ollama.chats)
    second.ask("I change my mind").phase("queued")
    second.press("stop").ended("stopped")
    expect(second.status).to_have_text("Taken out of the queue", use_inner_text=True)
    second.reload()
    expect(second.status).to_have_text("Taken out of the queue", use_inner_text=True)
    ollama.release("first")
    first.ended()
    assert len(ollama.chats) == asked


def test_the_time_is_counted_and_goes_on_after_a_reload(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue(hold("slow"), "One")
    chat.ask("Take your time").phase("reading")
    time = chat.page.locator(".status-time")
    expect(time).to_have_text("2 s")
    chat.reload().phase("reading")
    expect(time).to_have_text(re.compile(r"^\d+ s$"))
    assert int(time.inner_text().split()[0]) >= 2
    ollama.release("slow")
    chat.ended()
