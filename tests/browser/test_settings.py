"""The settings panel: what is chosen travels with the next question and belongs to the conversation."""

import pytest
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
    expect(chat.page.locator("#panel-repeat_penalty")).to_have_attribute("placeholder", "site's: 1.1")
    expect(chat.page.locator("#panel-seed")).to_have_attribute("placeholder", "model's own")
    chat.page.keyboard.press("Escape")
    chat.ask("By the profile").ended()
    assert sent(ollama)["options"]["repeat_penalty"] == 1.1
    expect(chat.answers.last.locator(".facts summary")).to_have_text(
        "internlm2:1.8b · temperature 0.7 · top_p 0.9 · num_predict 1024 · repeat_penalty 1.1"
    )
    summary = chat.answers.last.locator(".facts summary")
    place = summary.bounding_box()
    summary.click()
    expect(chat.answers.last.locator(".facts dl")).to_be_visible()
    assert summary.bounding_box() == place


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


def test_no_earlier_turns(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.ask("One").ended()
    choose(chat, history_turns="0")
    chat.ask("Two").ended()
    assert [message["content"] for message in sent(ollama)["messages"]] == ["Two"]


WHOLE = "a whole number from 256 to 4194304"
ANYTHING = "a number, true, false or a text of 1 to 200 characters"
STOPS = "a list of at most 16 texts of 1 to 200 characters"


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("temperature", "warm", "“Temperature (temperature)” has to be a number from 0 to 5."),
        ("temperature", "5.1", "“Temperature (temperature)” has to be a number from 0 to 5."),
        ("top_p", "0x1", "“top_p” has to be a number from 0 to 1."),
        ("num_ctx", "2048.5", f"“Window in tokens (num_ctx)” has to be {WHOLE}."),
        ("num_ctx", "1e400", f"“Window in tokens (num_ctx)” has to be {WHOLE}."),
        ("stop", "x" * 201, f"“Stop at (stop)” has to be {STOPS}."),
        ("other", "[1]", 'Other options must be a JSON object, such as {"top_k": 40}.'),
        ("other", '{"top_k": -1}', "“top_k” has to be a whole number from 0 to 100000."),
        ("other", '{"num_ctx": "big"}', f"“num_ctx” has to be {WHOLE}."),
        ("other", '{"stop": 5}', f"“stop” has to be {STOPS}."),
        ("other", '{"stop": ["a", 5]}', f"“stop” has to be {STOPS}."),
        ("other", '{"zzz": {"deep": 1}}', f"“zzz” has to be {ANYTHING}."),
        ("other", '{"__proto__": []}', f"“__proto__” has to be {ANYTHING}."),
        ("other", '{"zzz": "a\\u0000b"}', f"“zzz” has to be {ANYTHING}."),
    ],
)
def test_a_bad_value_is_named_in_the_panel_with_what_is_expected(
    chat: Chat, field: str, value: str, sentence: str
) -> None:
    choose(chat, **{field: value})
    error = chat.page.locator(".panel-error")
    expect(error).to_have_text(sentence)
    expect(chat.page.locator(f"#panel-{field}")).to_be_focused()
    expect(chat.page.locator(f"#panel-{field}")).to_have_attribute("aria-invalid", "true")
    chat.page.locator(f"#panel-{field}").fill("")
    expect(error).to_be_hidden()
    chat.page.locator("#panel [value=use]").click()
    expect(chat.page.locator("#panel")).to_be_hidden()


def test_one_option_in_two_places_is_refused(chat: Chat) -> None:
    choose(chat, seed="7", other='{"seed": 8}')
    expect(chat.page.locator(".panel-error")).to_contain_text("“seed” stands here and in the JSON")
    expect(chat.page.locator("#panel-seed")).to_be_focused()


def test_a_stop_of_one_text_is_a_list_of_one(chat: Chat, ollama: ScriptedOllama) -> None:
    choose(chat, other='{"stop": "END", "seed": null}')
    chat.ask("Until the end").ended()
    assert sent(ollama)["options"]["stop"] == ["END"]
    chat.press("open-panel")
    expect(chat.page.locator("#panel-stop")).to_have_value("END")
    expect(chat.page.locator("#panel-other")).to_have_value("")


def test_a_stop_that_breaks_the_line_stays_whole(chat: Chat, ollama: ScriptedOllama) -> None:
    choose(chat, other='{"stop": ["\\n\\n"]}')
    chat.ask("One paragraph").ended()
    choose(chat, seed="7")
    chat.ask("Another one").ended()
    assert sent(ollama)["options"]["stop"] == ["\n\n"]


def test_enter_in_a_field_takes_the_settings(chat: Chat, ollama: ScriptedOllama) -> None:
    chat.press("open-panel")
    chat.page.locator("#panel-seed").fill("7")
    chat.page.locator("#panel-seed").press("Enter")
    chat.ask("With the seed").ended()
    assert sent(ollama)["options"]["seed"] == 7


def test_a_value_that_only_the_server_refuses_keeps_the_question(chat: Chat) -> None:
    # The browser's numbers cannot hold this one exactly.
    choose(chat, other='{"zzz": 9223372036854775807}')
    chat.ask("With an impossible value")
    expect(chat.refusal).to_have_text(f"The option “zzz” has to be {ANYTHING}. Change it in the settings.")
    expect(chat.field).to_have_value("With an impossible value")
    choose(chat, other="")
    expect(chat.refusal).to_be_hidden()
    chat.field.press("Enter")
    chat.ended()


def test_the_placeholders_are_those_of_the_model_in_the_list(chat: Chat) -> None:
    chat.press("open-panel")
    chat.page.locator("#panel-model").select_option("cold:1b")
    expect(chat.page.locator("#panel-top_p")).to_have_attribute("placeholder", "model's own")
    chat.page.locator("#panel-model").select_option("")
    expect(chat.page.locator("#panel-top_p")).to_have_attribute("placeholder", "site's: 0.9")


def test_another_model(chat: Chat, ollama: ScriptedOllama) -> None:
    name = ollama.models[-1]["name"]
    chat.press("open-panel")
    chat.page.locator("#panel-model").select_option(name)
    chat.page.locator("#panel [value=use]").click()
    chat.ask("Who are you?").ended()
    assert sent(ollama)["model"] == name
    expect(chat.page.locator(".model-name")).to_have_text(name)
    expect(chat.answers.last.locator(".facts summary")).to_have_text(name)
