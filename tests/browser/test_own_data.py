"""What people carry away from the page, and what they see of it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import PASSWORD, Site, wait_until

from .chat import Chat

FORMULA = "So: $\\frac{1}{2}$\n\n$$x^2 + y^2$$\n\n```python\nprint(1)\n```\n"


def test_a_conversation_is_exported_from_its_header(chat: Chat, tmp_path: Path) -> None:
    expect(chat.page.locator(".carry")).to_be_hidden()
    chat.ask("To be carried away").ended()
    chat.press("carry")
    dialog = chat.page.locator(".carry-dialog")
    expect(dialog.get_by_role("heading", level=1)).to_have_text("Share and export")
    for form, beginning in (
        ("md", "# To be carried away"),
        ("json", '{"format"'),
        ("html", "<!DOCTYPE html>"),
    ):
        with chat.page.expect_download() as download:
            dialog.locator(f"a[href$='export.{form}']").click()
        assert download.value.suggested_filename.endswith(f"To be carried away.{form}")
        target = tmp_path / form
        download.value.save_as(target)
        assert target.read_text(encoding="utf-8").startswith(beginning)
    chat.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(chat.page.locator(".carry")).to_be_focused()


def test_the_exported_page_is_whole_without_the_site(
    chat: Chat, ollama: ScriptedOllama, tmp_path: Path
) -> None:
    ollama.enqueue(FORMULA)
    chat.ask("Formulas, please").ended()
    with chat.page.expect_download() as download:
        chat.press("carry")
        chat.page.locator("a[href$='export.html']").click()
    file = tmp_path / "export.html"
    download.value.save_as(file)
    asked: list[str] = []
    page = opened(chat, file, asked)
    expect(page.locator("math mfrac")).to_have_count(1)
    expect(page.locator("math[display=block]")).to_have_count(1)
    expect(page.locator("pre.code")).to_contain_text("print(1)")
    # A fraction is drawn as one: higher than the line.
    assert page.evaluate("document.querySelector('mfrac').getBoundingClientRect().height") > 15
    bubble = page.locator(".bubble")
    assert bubble.evaluate("(one) => getComputedStyle(one).borderTopLeftRadius") != "0px"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert [address for address in asked if not address.startswith(("file:", "data:"))] == []


def opened(chat: Chat, file: Path, asked: list[str]) -> Page:
    """Open a file from the disk, and note whom it asks for anything."""
    page = chat.page.context.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    return page


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_account_page_offers_everything(open_chat: Callable[..., Chat], language: str) -> None:
    chat = open_chat(locale=language)
    chat.page.goto("/account/")
    with chat.page.expect_download() as download:
        chat.page.locator("a[href$='/account/export']").click()
    assert download.value.suggested_filename.startswith("chatsite anna ")


def test_an_account_is_brought_again_with_its_progress_and_a_report(
    open_chat: Callable[..., Chat], tmp_path: Path
) -> None:
    chat = open_chat()
    chat.ask("To be brought again").ended()
    page = chat.page
    page.goto("/account/")
    with page.expect_download() as download:
        page.locator("a[href$='/account/export']").click()
    archive = tmp_path / "export.zip"
    download.value.save_as(archive)
    page.locator("a[href$='/account/import']").click()
    page.locator("#archive").set_input_files(archive)
    page.locator("#import [type=submit]").click()
    expect(page.locator(".notice")).to_have_text("The zip was read to its end.")
    # All of it is here still.
    counts = page.locator(".import-counts dd")
    expect(counts.nth(0)).to_have_text("0")
    expect(counts.nth(4)).to_have_text("0")
    assert int(counts.nth(1).inner_text()) > 0


def test_a_file_that_is_no_archive_is_refused_in_words(
    open_chat: Callable[..., Chat], tmp_path: Path
) -> None:
    page = open_chat().page
    page.goto("/account/import")
    wrong = tmp_path / "cat.zip"
    wrong.write_bytes(b"no zip" * 1000)
    page.locator("#archive").set_input_files(wrong)
    page.locator("#import [type=submit]").click()
    expect(page.locator(".notice-error:visible")).to_have_text("This file is no zip, or it is damaged.")


def test_sending_goes_on_where_it_broke_off(
    open_chat: Callable[..., Chat], tmp_path: Path, expected: list[str]
) -> None:
    expected.append("503 (Service Unavailable)")
    page = open_chat().page
    page.goto("/account/import")
    large = tmp_path / "large.zip"
    large.write_bytes(b"x" * 5_000_000)
    page.locator("#archive").set_input_files(large)
    broken: list[str] = []

    def break_off(route: Route) -> None:
        if "at=2097152" in route.request.url and not broken:
            broken.append(route.request.url)
            route.fulfill(status=503, body="")
        else:
            route.continue_()

    page.route("**/piece?**", break_off)
    page.locator("#import [type=submit]").click()
    expect(page.locator(".notice-error:visible")).to_have_text("This file is no zip, or it is damaged.")
    assert broken


def test_a_link_is_made_copied_read_and_ended(
    chat: Chat, ollama: ScriptedOllama, open_chat: Callable[..., Chat], browser: Browser, site: Site
) -> None:
    ollama.enqueue(FORMULA)
    chat.ask("To be shared").ended()
    chat.press("carry")
    dialog = chat.page.locator(".carry-dialog")
    dialog.get_by_role("button", name="Make a link").click()
    field = dialog.get_by_role("textbox", name="Link")
    expect(field).to_be_focused()
    address = field.input_value()
    chat.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog.get_by_role("button", name="Copy").click()
    expect(dialog.locator("[data-done]")).to_have_count(1)
    assert chat.evaluate("navigator.clipboard.readText()") == address
    reader = browser.new_context(base_url=site.url).new_page()
    complaints: list[str] = []
    reader.on("console", lambda message: complaints.append(message.text))
    reader.goto(address)
    expect(reader.get_by_role("heading", level=1)).to_have_text("To be shared")
    expect(reader.locator(".katex-display")).to_have_count(1)
    expect(reader.locator("pre.code .code-copy")).to_have_count(1)
    expect(reader.locator("pre.code .hljs-built_in")).to_be_visible()
    chat.page.keyboard.press("Escape")
    chat.ask("Said later").ended()
    reader.reload()
    expect(reader.locator(".bubble")).to_have_count(1)
    chat.press("carry")
    dialog.get_by_role("button", name="Show what is here now").click()
    expect(dialog.get_by_role("button", name="Show what is here now")).to_have_count(0)
    reader.reload()
    expect(reader.locator(".bubble")).to_have_count(2)
    assert complaints == []
    dialog.get_by_role("button", name="Stop sharing").click()
    expect(dialog.get_by_role("button", name="Make a link")).to_be_visible()
    answer = reader.reload()
    assert answer
    assert answer.status == 404
    reader.context.close()


def test_sharing_while_an_answer_is_written_says_why_not(
    chat: Chat, ollama: ScriptedOllama, expected: list[str]
) -> None:
    expected.append("400 (Bad Request)")
    ollama.enqueue("So far", hold("shared"))
    chat.ask("Not yet").phase("writing")
    chat.press("carry")
    dialog = chat.page.locator(".carry-dialog")
    dialog.get_by_role("button", name="Make a link").click()
    expect(dialog.get_by_role("alert")).to_contain_text("An answer is still being written.")
    ollama.release("shared")
    chat.ended()


def test_a_deleted_account_is_gone_from_every_tab(
    site: Site, new_context: Callable[..., BrowserContext], ollama: ScriptedOllama, expected: list[str]
) -> None:
    # The other tab may read its messages again before it is told that nobody is logged in any more.
    expected.append("Error: 200 for /c/")
    site.add_user("leaver")
    with closing(site.log_in("leaver")) as client:
        cookies = dict(client.cookies.items())
    context = new_context(cookies=cookies, locale="en-US")
    chat = Chat(context.new_page()).open()
    ollama.enqueue("So far", hold("left"))
    chat.ask("Still being answered").phase("writing")
    chat.field.fill("A draft")
    page = context.new_page()
    page.goto("/account/")
    page.get_by_role("link", name="Delete your account").click()
    expect(page.locator("main")).to_contain_text("1 conversation, with all its messages")
    page.get_by_label("User name").fill("leaver")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Delete my account").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Account deleted")
    expect(chat.page.locator(".status-login")).to_be_visible()
    ollama.release("left")
    assert page.evaluate("Object.keys(localStorage).filter((key) => key.includes('draft')).length") == 0
    page.goto("/account/")
    expect(page.get_by_role("button", name="Log in")).to_be_visible()
    wait_until(lambda: site.query("User.objects.exclude(leaving_at=None).count()") == 0, 30, site.log)
    assert site.query("Conversation.objects.filter(title='Still being answered').count()") == 0
