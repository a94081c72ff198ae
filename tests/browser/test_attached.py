"""The files of a question that has been asked: the page that asked shows what every later page shows."""

from typing import Any

from playwright.sync_api import FilePayload, Locator, expect

from tests.attachments import samples
from tests.scripted_ollama import ScriptedOllama

from .chat import Chat

# What an element is, whoever has written its attributes in which order, with blanks between elements or without.
_SHAPE = """
function shape(node) {
  if (node.nodeType === Node.TEXT_NODE) return node.textContent.trim();
  const attributes = [...node.attributes].map(({ name, value }) => `${name}=${value}`).sort();
  return [node.localName, attributes, [...node.childNodes].map(shape).filter((child) => child !== "")];
}
"""


def shape(element: Locator) -> Any:
    """Return an element as plain data."""
    return element.evaluate(f"(element) => {{ {_SHAPE}; return shape(element); }}")


def attach(chat: Chat, **files: bytes) -> None:
    """Choose files, and wait until the site has them."""
    chosen: list[FilePayload] = [
        {"name": name.replace("_", "."), "mimeType": "", "buffer": content} for name, content in files.items()
    ]
    chat.page.locator("#attach").set_input_files(chosen)
    expect(chat.page.locator(".chip[data-state=ready]")).to_have_count(len(files))


def ask_the_one_that_sees(chat: Chat) -> None:
    """Choose the model that sees pictures."""
    choose(chat, "eyes:1b")


def choose(chat: Chat, model: str) -> None:
    """Choose a model for the next question."""
    chat.press("open-panel")
    chat.page.locator("#panel-model").select_option(model)
    chat.page.locator("#panel [value=use]").click()


def ask_about_a_picture(chat: Chat, ollama: ScriptedOllama) -> None:
    """Ask the model that sees pictures about one, with words."""
    ask_the_one_that_sees(chat)
    attach(chat, photo_jpg=samples.photo())
    ollama.enqueue("A cat.")
    chat.field.fill("What is this?")
    chat.press("send").ended()


def test_live_and_later_a_question_shows_the_same_files(chat: Chat, ollama: ScriptedOllama) -> None:
    ask_the_one_that_sees(chat)
    long_name = "a_name_that_is_longer_than_a_telephone_is_wide_and_has_no_blank_" * 2
    files = {"photo_jpg": samples.photo(), "wide_png": samples.picture(size=(900, 30))}
    attach(chat, **files, **{long_name: b"word " * 2469})
    ollama.enqueue("A cat.")
    chat.press("send")
    chat.ended()
    attached = chat.questions.locator(".attached")
    expect(attached.locator("img").first).to_have_js_property("naturalWidth", 20)
    expect(attached.locator(".file-size")).to_have_text("12,345 characters")
    expect(chat.questions.locator(".bubble")).to_be_hidden()
    live = shape(attached)
    assert chat.tab().page.title() == "photo.jpg · chatsite"
    chat.page.set_viewport_size({"width": 360, "height": 740})
    chat.reload()
    assert shape(attached) == live
    assert chat.too_wide() == []
    enlarged = chat.page.locator(".enlarged")
    attached.locator("a").first.press("Enter")
    expect(enlarged.locator("img")).to_be_visible()
    assert chat.too_wide() == []
    chat.page.keyboard.press("Escape")
    expect(enlarged).to_have_count(0)
    attached.locator("img").last.click()
    enlarged.locator("button").click()
    expect(enlarged).to_have_count(0)


BLIND = "internlm2:1.8b cannot see pictures. Of those above it is told the names only."


def test_a_question_below_pictures_says_that_the_model_cannot_see_them(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    note = chat.page.locator(".files-note")
    ask_about_a_picture(chat, ollama)
    expect(note).to_be_hidden()
    choose(chat, "internlm2:1.8b")
    expect(note).to_be_visible()
    expect(note).to_have_text(BLIND)
    # It is no reason not to ask.
    chat.ask("And its colour?").ended()
    expect(note).to_be_visible()
    chat.reload()
    chat.field.click()
    expect(note).to_be_visible()
    expect(note).to_have_text(BLIND)
    choose(chat, "eyes:1b")
    expect(note).to_be_hidden()


def test_asking_again_about_a_picture_says_that_the_model_cannot_see_it(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    ask_about_a_picture(chat, ollama)
    chat.reload()
    chat.press("edit", chat.questions.last)
    note = chat.page.locator(".edit .files-note")
    expect(chat.page.locator(".edit textarea")).to_be_focused()
    expect(note).to_be_hidden()
    choose(chat, "internlm2:1.8b")
    expect(note).to_be_visible()
    expect(note).to_have_text(BLIND)
    choose(chat, "eyes:1b")
    expect(note).to_be_hidden()


def test_the_menu_marks_models_that_cannot_see_the_pictures_above(chat: Chat, ollama: ScriptedOllama) -> None:
    ask_about_a_picture(chat, ollama)
    menu = chat.page.locator("#message-menu")
    chat.press("more", chat.answers.last)
    expect(menu.get_by_role("menuitem", name="internlm2:1.8b")).to_contain_text("cannot see pictures")
    expect(menu.get_by_role("menuitem", name="muse:1b")).not_to_contain_text("cannot see pictures")
    chat.page.keyboard.press("Escape")
    chat.page.goto("/")
    chat.connected()
    ollama.enqueue("Words.")
    chat.ask("Without a picture").ended()
    chat.press("more", chat.answers.last)
    expect(menu.get_by_role("menuitem", name="cold:1b")).to_be_visible()
    expect(menu).not_to_contain_text("cannot see pictures")
