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
    chat.press("open-panel")
    chat.page.locator("#panel-model").select_option("eyes:1b")
    chat.page.locator("#panel [value=use]").click()


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
