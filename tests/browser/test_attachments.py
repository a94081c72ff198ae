"""Pictures and text files: picked, pasted or dropped, and sent along with a question."""

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, Route, WebSocketRoute, expect

from tests.scripted_ollama import ScriptedOllama, hold

from .chat import Chat

# Gives `target` an event of a file, as browsers make it.
_FILES_COME = """
([selector, type, name, bytes]) => {
  const data = new DataTransfer();
  const media = name.endsWith(".png") ? "image/png" : "text/plain";
  data.items.add(new File([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))], name, { type: media }));
  const target = document.querySelector(selector);
  const event = type === "paste"
    ? new ClipboardEvent(type, { clipboardData: data, bubbles: true, cancelable: true })
    : new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
  return !target.dispatchEvent(event);
}
"""


# Gives `target` an event of words that are dragged, and tells whether anything was done with them.
_WORDS_COME = """
([selector, type]) => {
  const data = new DataTransfer();
  data.setData("text/plain", "Words");
  const event = new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
  return !document.querySelector(selector).dispatchEvent(event);
}
"""

# What an office program copies: the words, the words with their looks, and a picture of them.
_COPY_AS_OFFICE_PROGRAMS_DO = """
(bytes) => navigator.clipboard.write([new ClipboardItem({
  "text/plain": new Blob(["A cell"], { type: "text/plain" }),
  "text/html": new Blob(["<b>A cell</b>"], { type: "text/html" }),
  "image/png": new Blob([Uint8Array.from(atob(bytes), (one) => one.charCodeAt(0))], { type: "image/png" }),
})])
"""


def picture(colour: str = "teal") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(content, "PNG")
    return content.getvalue()


def as_file(name: str, content: bytes) -> Any:
    return {
        "name": name,
        "mimeType": "image/png" if name.endswith("png") else "text/plain",
        "buffer": content,
    }


def pick(chat: Chat, **files: bytes) -> None:
    chat.page.locator("#attach").set_input_files(
        [as_file(name.replace("_", "."), files[name]) for name in files]
    )


def chips(chat: Chat) -> Locator:
    return chat.page.locator(".chip")


def ready(chat: Chat) -> Locator:
    return chat.page.locator(".chip[data-state=ready]")


@pytest.fixture
def expected() -> list[str]:
    """Chromium itself tells of each upload that is refused or breaks off, and of a file that is gone."""
    return ["400 (Bad Request)", "404 (Not Found)", "ERR_INTERNET_DISCONNECTED"]


def drop(chat: Chat, path: Path) -> None:
    """Drop what is at `path` on the page as a file manager does."""
    wire = chat.page.context.new_cdp_session(chat.page)
    data = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        wire.send("Input.dispatchDragEvent", {"type": kind, "x": 600, "y": 300, "data": data})


def use_model(chat: Chat, name: str) -> None:
    chat.press("open-panel")
    option = chat.page.locator(f"#panel-model option[value='{name}']")
    expect(option).to_be_attached()
    chat.page.locator("#panel-model").select_option(name)
    chat.page.locator("#panel [value=use]").click()


def test_files_are_shown_kept_over_a_reload_and_sent(chat: Chat, ollama: ScriptedOllama) -> None:
    use_model(chat, "eyes:1b")
    text = "春天来了。" * 300
    pick(chat, red_png=picture("red"), poem_txt=text.encode("gb18030"), other_png=picture())
    expect(ready(chat)).to_have_count(3)
    expect(chips(chat).nth(0)).to_contain_text("1 KB")
    expect(chips(chat).nth(1)).to_contain_text("1,500 characters")
    chat.press("remove-file", chips(chat).nth(2))
    chat.field.fill("What are these?")
    question = "JSON.parse(localStorage.getItem('chatsite.draft.new')).id"
    first = chat.evaluate(question)
    chat.reload()
    expect(ready(chat)).to_have_count(2)
    # It may have arrived already: then it must not be asked a second time.
    assert chat.evaluate(question) == first
    expect(chips(chat).nth(0).locator("img")).to_have_js_property("naturalWidth", 60)
    assert chat.too_wide() == []
    use_model(chat, "eyes:1b")
    chat.field.press("Enter")
    chat.ended()
    expect(chips(chat)).to_have_count(0)
    question = ollama.chats[-1].json["messages"][-1]
    (seen,) = question["images"]
    assert Image.open(io.BytesIO(base64.b64decode(seen))).size == (60, 40)
    assert text in question["content"]
    expect(chat.questions.last.locator(".attached li")).to_have_count(2)
    chat.reload()
    expect(chips(chat)).to_have_count(0)
    expect(chat.questions.last.locator(".attached img")).to_have_js_property("naturalWidth", 60)


def test_files_are_pasted_and_dropped_anywhere(chat: Chat) -> None:
    def come(selector: str, kind: str, name: str, content: bytes) -> bool:
        return bool(
            chat.page.evaluate(_FILES_COME, [selector, kind, name, base64.b64encode(content).decode()])
        )

    assert come("#text", "paste", "pasted.png", picture())
    expect(ready(chat)).to_have_count(1)
    expect(chat.page.locator(".drop-hint")).to_be_hidden()
    assert come(".chat-header", "dragover", "dropped.txt", b"Words")
    expect(chat.page.locator(".drop-hint")).to_be_visible()
    assert come("#sidebar", "drop", "dropped.txt", b"Words")
    expect(ready(chat)).to_have_count(2)
    expect(chips(chat).last).to_contain_text("dropped.txt")
    expect(chips(chat).last).to_contain_text("5 characters")
    expect(chat.page.locator(".drop-hint")).to_be_hidden()


def test_files_over_the_limit_are_told_of_until_something_is_done_about_it(chat: Chat) -> None:
    note = chat.page.locator(".files-note")
    pick(chat, **{f"file{number}_txt": b"Words" for number in range(10)})
    expect(ready(chat)).to_have_count(8)
    expect(note).to_be_visible()
    expect(note).to_have_text("A question takes 8 files at most.")
    chat.field.fill("What do they say?")
    expect(note).to_be_visible()
    chat.press("remove-file", chips(chat).last)
    expect(note).to_be_hidden()
    pick(chat, one_txt=b"Words", two_txt=b"Words")
    expect(ready(chat)).to_have_count(8)
    expect(note).to_be_visible()
    chat.press("send").ended()
    expect(note).to_be_hidden()


def test_words_win_over_a_picture_of_them_and_are_dragged_as_ever(chat: Chat) -> None:
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    chat.page.evaluate(_COPY_AS_OFFICE_PROGRAMS_DO, base64.b64encode(picture()).decode())
    chat.field.press("ControlOrMeta+v")
    expect(chat.field).to_have_value("A cell")
    expect(chips(chat)).to_have_count(0)
    for kind in ("dragover", "drop"):
        assert not chat.page.evaluate(_WORDS_COME, [".chat-header", kind])
        expect(chat.page.locator(".drop-hint")).to_be_hidden()
    expect(chips(chat)).to_have_count(0)


def test_a_folder_says_that_it_cannot_go_along(chat: Chat, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "note.txt").write_text("Words", encoding="utf-8")
    drop(chat, tmp_path / "folder")
    expect(chips(chat)).to_contain_text("Folders cannot go along")
    drop(chat, tmp_path / "note.txt")
    expect(ready(chat)).to_contain_text("note.txt")


def test_an_upload_that_fails_says_whether_login_or_connection_is_missing(chat: Chat) -> None:
    failed = chat.page.locator(".chip[data-state=failed]")
    chat.page.route("**/attachments/", lambda route: route.abort("internetdisconnected"))
    pick(chat, note_txt=b"Words")
    expect(failed).to_contain_text("There is no connection now. Try again in a moment.")
    chat.page.unroute("**/attachments/")
    chat.press("remove-file", failed)
    chat.page.context.clear_cookies(name="sessionid")
    pick(chat, note_txt=b"Words")
    expect(failed).to_contain_text("You are logged out. Log in again to go on.")


def test_a_file_that_comes_while_a_question_goes_out_is_kept_for_the_next(
    chat: Chat, ollama: ScriptedOllama
) -> None:
    questions: list[str | bytes] = []
    servers: list[WebSocketRoute] = []
    uploads: list[Route] = []

    def hold_first_question(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        servers.append(server)

        def sent(frame: str | bytes) -> None:
            is_first = "message.send" in str(frame) and not questions
            (questions.append if is_first else server.send)(frame)

        socket.on_message(sent)

    chat.page.route_web_socket("**/ws/conversations/**", hold_first_question)
    chat.reload()
    pick(chat, first_txt=b"First")
    expect(ready(chat)).to_have_count(1)
    chat.field.fill("What is this?")
    chat.press("send")
    expect(chat.page.locator("#composer")).to_have_attribute("data-sending", "")
    # A plain function: playwright cannot take a method of a list.
    chat.page.route("**/attachments/", lambda route: uploads.append(route))  # noqa: PLW0108
    with chat.page.expect_request("**/attachments/"):
        pick(chat, second_txt=b"Second")
    servers[-1].send(questions[0])
    expect(chat.questions).to_have_count(1)
    expect(chat.field).to_have_value("")
    uploads[0].continue_()
    expect(ready(chat)).to_have_count(1)
    expect(ready(chat)).to_contain_text("second.txt")
    chat.ended()
    assert "Second" not in ollama.chats[-1].json["messages"][-1]["content"]
    chat.press("send").turns(2).ended()
    assert "Second" in ollama.chats[-1].json["messages"][-1]["content"]


def test_a_model_that_cannot_see_is_told_of_before_sending(chat: Chat, ollama: ScriptedOllama) -> None:
    note = chat.page.locator(".files-note")
    asked = len(ollama.chats)
    pick(chat, note_txt=b"Words")
    expect(ready(chat)).to_have_count(1)
    expect(note).to_be_hidden()
    pick(chat, red_png=picture())
    expect(note).to_have_text("internlm2:1.8b cannot see pictures. Choose another model or remove them.")
    expect(note).to_be_visible()
    expect(ready(chat)).to_have_count(2)
    chat.press("send")
    expect(chat.refusal).to_contain_text("cannot see pictures")
    use_model(chat, "eyes:1b")
    expect(note).to_be_hidden()
    use_model(chat, "cold:1b")
    expect(note).to_contain_text("cold:1b cannot see")
    expect(note).to_be_visible()
    chat.press("remove-file", chips(chat).last)
    expect(note).to_be_hidden()
    # A file is a question of its own.
    chat.press("send").ended()
    assert len(ollama.chats) == asked + 1


def test_sending_waits_for_the_upload_and_for_what_uploads(chat: Chat, ollama: ScriptedOllama) -> None:
    modules: list[Route] = []
    uploads: list[Route] = []
    # A plain function: playwright cannot take a method of a list.
    chat.page.route("**/js/attachments*.js", lambda route: modules.append(route))  # noqa: PLW0108
    chat.page.route("**/attachments/", lambda route: uploads.append(route))  # noqa: PLW0108
    asked = len(ollama.chats)
    with chat.page.expect_request("**/js/attachments*.js"):
        pick(chat, note_txt=b"Words of a file")
    chat.field.fill("What does it say?")
    chat.field.press("Enter")
    expect(chat.page.locator("#composer")).to_have_attribute("data-sending", "")
    with chat.page.expect_request("**/attachments/"):
        modules[0].continue_()
    expect(chips(chat).locator("progress")).to_be_visible()
    assert len(ollama.chats) == asked
    uploads[0].continue_()
    chat.ended()
    assert "Words of a file" in ollama.chats[-1].json["messages"][-1]["content"]


def test_what_is_refused_says_why_and_can_be_removed(chat: Chat) -> None:
    pick(chat, program_txt=b"\x7fELF\x00\x01\x02", large_txt=b"x" * (10 * 1024 * 1024 + 1))
    failed = chat.page.locator(".chip[data-state=failed]")
    expect(failed).to_have_count(2)
    expect(failed.first).to_contain_text("neither a picture")
    expect(failed.last).to_contain_text("larger than 10 MB")
    chat.field.fill("What is this?")
    chat.press("send")
    expect(chat.refusal).to_contain_text("“program.txt” cannot go along")
    chat.press("remove-file", failed.first)
    chat.press("remove-file", failed.last)
    expect(chips(chat)).to_have_count(0)
    expect(chat.refusal).to_be_hidden()
    # A draft may be older than the file that it names.
    chat.field.fill("")
    gone = {
        "id": "7d444840-9dc0-11d1-b245-5ffdce74fad2",
        "kind": "text",
        "name": "old.txt",
        "size": 5,
        "characters": 5,
    }
    draft = {"text": "And this?", "id": "old", "files": [gone]}
    chat.page.evaluate("(draft) => localStorage.setItem('chatsite.draft.new', JSON.stringify(draft))", draft)
    chat.reload()
    expect(failed).to_contain_text("not kept any more")


def test_files_wait_with_their_question(chat: Chat, ollama: ScriptedOllama) -> None:
    ollama.enqueue("Still ", hold("busy"), "writing")
    chat.ask("First").phase("writing")
    pick(chat, note_txt=b"Words of a file")
    expect(ready(chat)).to_have_count(1)
    chat.press("send")
    waiting = chat.page.locator("#waiting")
    expect(waiting).to_contain_text("Files: 1")
    expect(chips(chat)).to_have_count(0)
    chat.press("edit-waiting")
    expect(ready(chat)).to_have_count(1)
    chat.press("send")
    expect(waiting).to_contain_text("Files: 1")
    chat.reload()
    ollama.release("busy")
    chat.turns(2).ended()
    assert "Words of a file" in ollama.chats[-1].json["messages"][-1]["content"]
