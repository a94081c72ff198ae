"""What goes wrong is told in a sentence; the text stays, and one click tries again."""

import re

import pytest
from playwright.sync_api import expect

from tests.scripted_ollama import Piece, ScriptedOllama, cut, done, error, hold, json_error, model

from .chat import Chat


@pytest.mark.parametrize(
    ("pieces", "reason", "sentence"),
    [
        (["Half ", error("llama runner process has terminated")], "ollama_error", "Ollama reported an error"),
        (["Half ", cut()], "", ""),
    ],
)
def test_an_answer_that_breaks_keeps_its_text_and_can_be_retried(
    chat: Chat, ollama: ScriptedOllama, pieces: list[Piece], reason: str, sentence: str
) -> None:
    ollama.enqueue(*pieces)
    chat.ask("Will it break?")
    answer = chat.ended("failed")
    expect(answer.locator(".markdown")).to_have_text("Half")
    if reason:
        expect(answer).to_have_attribute("data-reason", reason)
    expect(answer.locator(".outcome-text")).to_contain_text(sentence or "Ollama")
    ollama.enqueue("Whole")
    chat.press("regenerate", answer.locator(".outcome"))
    expect(chat.text()).to_have_text("Whole")
    chat.ended()


def test_an_answer_of_html_is_an_error(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("<html>Bad gateway</html>", status=502, content_type="text/html", finish=False)
    chat.ask("Is this a proxy?")
    answer = chat.ended("failed")
    expect(answer.locator(".outcome-text")).not_to_be_empty()
    expect(answer.locator(".markdown")).to_be_empty()


def test_a_model_that_has_gone_is_named_with_the_command(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.play(json_error(404, "model 'internlm2:1.8b' not found"))
    chat.ask("Are you there?")
    expect(chat.ended("failed").locator(".outcome-text")).to_contain_text("ollama pull internlm2:1.8b")


def test_the_limit_of_tokens_offers_to_continue(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("Once upon a time", done(done_reason="length"))
    answer = chat.ask("A long story").ended()
    expect(answer.locator(".outcome-text")).to_contain_text("num_predict")
    ollama.enqueue(" there was a king.")
    chat.press("continue", answer)
    expect(chat.text()).to_have_text("Once upon a time there was a king.")
    chat.ended()


def test_an_empty_question_is_not_sent(chat: Chat) -> None:
    chat.field.fill("   ")
    chat.field.press("Enter")
    expect(chat.refusal).to_have_text("Write a question first.")
    expect(chat.main).to_have_attribute("data-empty", "")


def test_an_unknown_conversation_is_a_page_of_its_own(chat: Chat, expected: list[str]) -> None:
    expected.append("404")
    answer = chat.page.goto("/c/00000000-0000-4000-8000-000000000000/")
    assert answer
    assert answer.status == 404
    expect(chat.page.locator("h1")).to_have_text("There is nothing here")


def test_a_hostile_answer_is_inert(chat: Chat, ollama: ScriptedOllama) -> None:
    hostile = (
        "<script>window.pwned=1</script><img src=x onerror='window.pwned=1'>[a](javascript:window.pwned=1)"
    )
    ollama.enqueue(hostile, hold("look"), " ![x](http://127.0.0.1:9/beacon.png)")
    chat.ask("<img src=x onerror='window.pwned=1'>").phase("writing")
    ollama.release("look")
    chat.ended()
    chat.reload()
    assert chat.evaluate("window.pwned") is None
    expect(chat.text().locator("img, script, a[href^='javascript']")).to_have_count(0)


def test_the_page_follows_what_becomes_of_ollama(chat: Chat, ollama: ScriptedOllama) -> None:
    before = [*ollama.models]
    state = chat.page.locator("#model-state .state")
    try:
        ollama.models = []
        expect(state).to_have_attribute("data-state", "empty")
        expect(state.locator("code")).to_have_text("ollama pull internlm2:1.8b")
        ollama.models = [model("other:1b")]
        expect(state).to_have_attribute("data-name", "other:1b")
        expect(state).to_contain_text("stands in for it")
    finally:
        ollama.models = [*before]
    expect(state).to_have_attribute("data-name", "internlm2:1.8b")


def choose_model(chat: Chat, name: str) -> None:
    chat.press("open-panel")
    chat.page.locator("#panel-model").select_option(name)
    chat.page.locator("#panel [value=use]").click()


def test_who_takes_over_a_conversation_is_told(chat: Chat, ollama: ScriptedOllama) -> None:
    before = [*ollama.models]
    state = chat.page.locator("#model-state .state")
    chat.ask("Who are you?").ended()
    expect(state).not_to_have_text(re.compile("."), use_inner_text=True)
    try:
        ollama.models = [model("cold:1b", loaded=False)]
        expect(state).to_have_text(
            "internlm2:1.8b is not pulled, so cold:1b stands in for it.", use_inner_text=True
        )
        expect(chat.page.locator(".model-name")).to_have_text("cold:1b")
        choose_model(chat, "cold:1b")
        chat.ask("Then you").ended()
        expect(state).not_to_have_text(re.compile("."), use_inner_text=True)
    finally:
        ollama.models = [*before]
    expect(chat.open().page.locator("#model-state .state")).to_have_attribute("data-name", "internlm2:1.8b")


def test_a_chosen_model_that_goes_away_is_told(chat: Chat, ollama: ScriptedOllama) -> None:
    before = [*ollama.models]
    choose_model(chat, "cold:1b")
    chat.ask("Who are you?").ended()
    try:
        ollama.models = [one for one in before if one["name"] != "cold:1b"]
        state = chat.page.locator("#model-state .state")
        expect(state).to_contain_text("cold:1b is not pulled")
        expect(state.locator("code")).to_be_visible()
    finally:
        ollama.models = [*before]
    expect(chat.page.locator(".command")).to_be_hidden()
