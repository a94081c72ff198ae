"""The end of an answer is told in one sentence, which is the same as it comes and when the page is loaded again."""

import pytest
from playwright.sync_api import expect

from tests.scripted_ollama import Piece, Script, ScriptedOllama, cut, error, json_error

from .chat import Chat

HTML = Script(["<html>Bad gateway</html>"], status=502, content_type="text/html", finish=False)


def said(chat: Chat, status: str) -> str:
    """Return the sentence below the last answer, which must outlive a reload."""
    line = chat.ended(status).locator(".outcome-text")
    live = line.inner_text()
    expect(chat.status).to_have_text(live, use_inner_text=True)
    chat.reload()
    expect(line).to_have_text(live)
    expect(chat.status).to_have_text(live, use_inner_text=True)
    return live


@pytest.mark.parametrize(
    ("pieces", "words", "may_continue"),
    [
        (["Half ", cut()], "broke off in mid-answer", True),
        ([cut()], "before an answer came", False),
        (["Half ", error("runner <b>terminated</b>")], "error: runner <b>terminated</b>. ", False),
    ],
)
def test_a_failure_in_mid_answer(
    chat: Chat, ollama: ScriptedOllama, pieces: list[Piece], words: str, may_continue: bool
) -> None:
    ollama.enqueue(*pieces)
    chat.ask("Will it break?")
    assert words in said(chat, "failed")
    expect(chat.answers.last.locator("[data-action=continue]")).to_be_visible(visible=may_continue)
    expect(chat.answers.last.locator(".outcome [data-action=regenerate]")).to_be_visible()


@pytest.mark.parametrize(
    ("script", "words"),
    [
        (json_error(401, "unauthorized"), "OLLAMA_API_KEY"),
        (json_error(503, "server busy"), "Ollama is busy"),
        (HTML, "Something other than Ollama"),
    ],
)
def test_a_refusal(chat: Chat, ollama: ScriptedOllama, script: Script, words: str) -> None:
    ollama.play(script)
    chat.ask("May I?")
    assert words in said(chat, "failed")


def test_an_answer_without_a_word_can_be_retried(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue()
    chat.ask("Silence?")
    assert said(chat, "completed").startswith("The model ended without writing an answer.")
    ollama.enqueue("A word")
    chat.press("regenerate", chat.answers.last.locator(".outcome"))
    expect(chat.text()).to_have_text("A word")
    expect(chat.ended().locator(".outcome")).to_be_hidden()


def test_an_answer_that_goes_on_says_no_more_that_it_broke(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("Half ", cut())
    answer = chat.ask("Will it go on?").ended("failed")
    ollama.enqueue("and whole")
    chat.press("continue", answer)
    expect(chat.text()).to_have_text("Half and whole")
    expect(chat.ended().locator(".outcome")).to_be_hidden()


@pytest.mark.parametrize("pieces", [["\n"] * 31, ["la "] * 31])
def test_an_answer_that_repeats_itself_is_asked_again_with_a_higher_penalty(
    chat: Chat, ollama: ScriptedOllama, pieces: list[Piece]
) -> None:
    ollama.enqueue(*pieces, finish=False)
    chat.ask("Sing")
    again = chat.ended("failed").get_by_role("button", name="Ask again with repeat_penalty 1.2")
    expect(again).to_be_visible()
    assert "without its end mark" in said(chat, "failed")
    ollama.enqueue(*pieces, finish=False)
    again.focus()
    chat.page.keyboard.press("Enter")
    expect(chat.answers.last.locator(".versions-count")).to_have_text("2/2")
    chat.ended("failed").get_by_role("button", name="Ask again with repeat_penalty 1.3").click()
    answer = chat.ended()
    expect(answer.locator(".outcome")).to_be_hidden()
    expect(answer.locator(".facts summary")).to_contain_text("repeat_penalty 1.3")
    assert ollama.chats[-1].json["options"]["repeat_penalty"] == 1.3
