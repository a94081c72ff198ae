"""The settings panel: what is chosen travels with the next question and belongs to the conversation."""

from playwright.sync_api import expect

from tests.scripted_ollama import ScriptedOllama

from .chat import Chat


def sent(ollama: ScriptedOllama) -> dict:
    return ollama.chats[-1].json


def choose(chat: Chat, **values: str) -> None:
    chat.press("open-panel")
    for name, value in values.items():
        chat.page.locator(f"#panel-{name}").fill(value)
    chat.page.locator("#panel [value=use]").click()


def test_options_travel_and_stay(chat: Chat, ollama: ScriptedOllama) -> None:
    choose(
        chat,
        temperature="0,2",
        seed="7",
        stop="END\nSTOP",
        other='{"top_k": 5}',
        system="Answer in one word.",
    )
    chat.ask("With settings").ended()
    body = sent(ollama)
    options = body["options"]
    assert (options["temperature"], options["seed"], options["top_k"]) == (0.2, 7, 5)
    assert options["stop"] == ["END", "STOP"]
    assert body["messages"][0] == {"role": "system", "content": "Answer in one word."}
    expect(chat.answers.last.locator(".facts summary")).to_contain_text("internlm2:1.8b · temperature 0.2 · ")
    chat.answers.last.locator(".facts summary").click()
    expect(chat.answers.last.locator(".facts dl")).to_contain_text("seed7")
    chat.reload().ask("And again").ended()
    assert sent(ollama)["options"]["seed"] == 7
    chat.press("open-panel")
    expect(chat.page.locator("#panel-temperature")).to_have_value("0.2")
    expect(chat.page.locator("#panel-other")).to_have_value('{"top_k":5}')


def test_the_profile_of_the_model_is_shown_in_empty_fields(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.press("open-panel")
    expect(chat.page.locator("#panel-repeat_penalty")).to_have_attribute("placeholder", "1.1")
    chat.page.keyboard.press("Escape")
    chat.ask("By the profile").ended()
    assert sent(ollama)["options"]["repeat_penalty"] == 1.1


def test_emptied_fields_are_taken_back(chat: Chat, ollama: ScriptedOllama) -> None:
    choose(chat, seed="7")
    chat.ask("One").ended()
    chat.press("open-panel").press("reset-options")
    chat.page.locator("#panel [value=use]").click()
    chat.ask("Two").ended()
    assert "seed" not in sent(ollama)["options"]


def test_only_the_last_turns(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.ask("One").ended()
    chat.ask("Two").ended()
    choose(chat, history_turns="1")
    chat.ask("Three").ended()
    questions = [message["content"] for message in sent(ollama)["messages"] if message["role"] == "user"]
    assert questions == ["Two", "Three"]


def test_bad_values_are_named_before_they_are_sent(chat: Chat) -> None:
    error = chat.page.locator(".panel-error")
    choose(chat, temperature="warm")
    expect(error).to_contain_text("temperature must be a number")
    chat.page.locator("#panel-temperature").fill("")
    chat.page.locator("#panel-other").fill("[1]")
    chat.page.locator("#panel [value=use]").click()
    expect(error).to_contain_text("must be a JSON object")


def test_a_value_that_the_site_refuses_keeps_the_question(chat: Chat) -> None:
    choose(chat, top_p="7")
    chat.ask("With an impossible value")
    expect(chat.refusal).to_contain_text("top_p")
    expect(chat.field).to_have_value("With an impossible value")
    choose(chat, top_p="0.5")
    chat.field.press("Enter")
    chat.ended()


def test_another_model(chat: Chat, ollama: ScriptedOllama) -> None:
    name = ollama.models[-1]["name"]
    chat.press("open-panel")
    chat.page.locator("#panel-model").select_option(name)
    chat.page.locator("#panel [value=use]").click()
    chat.ask("Who are you?").ended()
    assert sent(ollama)["model"] == name
    expect(chat.page.locator(".model-name")).to_have_text(name)
    expect(chat.answers.last.locator(".facts summary")).to_have_text(name)
