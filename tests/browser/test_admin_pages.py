"""What holds for every page of the admin, whoever adds one, and for what comes of its forms."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from http import HTTPStatus

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from conversations.admin.transcript import PER_PAGE
from tests.scripted_ollama import Piece, ScriptedOllama, hold, line, model, thinking
from tests.site import Site
from tests.tab import Tab

from . import axe
from .admin_rows import LONG
from .chat import Chat
from .pages import is_page
from .test_pages import TWO_LOOKS

# Addresses that answer with no page, with the reason. What cannot be done to a row is refused.
ELSEWHERE = {
    "jsi18n": "a script",
    "view_on_site": "leads to pages of the site",
    "conversations_conversation_part": "a part of the transcript",
    "conversations_pull_progress": "a part of the models' page",
    "conversations_conversation_attachment": "a file",
}
# Django's own, and the same for rows of every kind.
ALIKE = ("history", "delete")
NO_PAGE = {HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.FOUND}
USAGE = "/admin/conversations/usageday/"
TALKS = "/admin/conversations/conversation/"
PULLS = "/admin/conversations/pull/"
MODELS = (model("internlm2:1.8b"), model("qwen3:4b", loaded=False))
# Places that only an address with a query leads to.
CHOSEN = (
    f"{USAGE}?since=2026-01-01&until=2026-03-31&model=qwen3:4b&group=&person=demo1",
    f"{USAGE}?since=2026-03-31&until=2026-01-01&model=&group=&person=nobody",
    f"{TALKS}?q=spring",
    "/admin/conversations/generation/?status__exact=failed",
    "/admin/auth/group/?_popup=1",
)
NAMES = "小明\nAnna Schmidt\nMaximilian-Alexander von und zu Hohenfels"


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama with a model in memory and one that is not."""
    with ScriptedOllama() as server:
        server.models = [*MODELS]
        yield server


@pytest.fixture(scope="module")
def site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with a past."""
    with Site(tmp_path_factory.mktemp("full"), ollama.base_url) as running:
        running.add_user("admin", admin=True)
        running.add_user("anna")
        running.manage("seed_demo", "--users", "3", "--conversations", "50", "--messages", "1000")
        running.run("from tests.browser import admin_rows; admin_rows.seed()")
        yield running


@pytest.fixture(scope="module")
def login(site: Site) -> dict[str, str]:
    """The administrator's cookies."""
    with closing(site.log_in("admin")) as client:
        return dict(client.cookies.items())


@pytest.fixture(scope="module")
def paths(site: Site) -> dict[str, str]:
    """The address of every page by its name."""
    found: dict[str, str] = {}
    addresses = json.loads(site.run("from tests.browser import admin_rows; print(admin_rows.addresses())"))
    with closing(site.log_in("admin")) as client:
        client.follow_redirects = False
        for name, path in addresses.items():
            answer = client.get(path)
            kind = name.rpartition("_")[2]
            if is_page(answer) and answer.is_success:
                if kind not in ALIKE or not any(other.endswith(kind) for other in found):
                    found[name] = path
            else:
                is_file = "attachment" in answer.headers.get("Content-Disposition", "")
                assert name in ELSEWHERE or is_file or answer.status_code in NO_PAGE, (
                    name,
                    answer.status_code,
                )
    return found


@pytest.fixture(params=TWO_LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def tab(request: pytest.FixtureRequest, new_context: Callable[..., BrowserContext]) -> Page:
    """The administrator's tab, in one language, theme and size."""
    language, theme, size = request.param
    return new_context(locale=language, color_scheme=theme, reduced_motion="reduce", **size).new_page()


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    """The administrator's tab on a desktop."""
    return new_context().new_page()


def faults(page: Page) -> list[str]:
    """Return what axe-core finds, and whether the page scrolls sideways."""
    # The answer to a form has begun to come when the click is over.
    page.wait_for_load_state()
    found = axe.findings(page)
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{page.url}: {one}" for one in [*found, *([f"wider by {wide}"] if wide > 0 else [])]]


def test_no_page_has_a_fault(tab: Page, paths: dict[str, str]) -> None:
    found = []
    for path in [*paths.values(), *CHOSEN]:
        tab.goto(path)
        found += faults(tab)
    assert found == []


@pytest.mark.parametrize("name", ["conversation", "generation"])
def test_the_log_needs_no_scrolling_sideways_on_a_desktop(
    page: Page, paths: dict[str, str], name: str
) -> None:
    page.goto(paths[f"conversations_{name}_changelist"])
    rows = page.locator("#changelist .results")
    assert rows.evaluate("(box) => box.scrollWidth <= box.clientWidth")


def test_what_comes_of_forms_has_no_fault(tab: Page, paths: dict[str, str]) -> None:
    found = []
    for name in ("auth_group_add", "conversations_quota_add", "conversations_user_add"):
        tab.goto(paths[name])
        tab.locator("[name=_save]").click()
        found += faults(tab)
    tab.goto(paths["conversations_user_changelist"])
    tab.locator("tr", has_text="demo3").locator(".action-select").check()
    tab.locator("[name=action]").select_option("deactivate")
    tab.locator("[name=index]").click()
    expect(tab.locator(".messagelist .success")).to_be_visible()
    found += faults(tab)
    tab.goto(paths["conversations_user_change"])
    tab.locator("form.tool button").click()
    expect(tab.locator(".one-time-link")).to_be_visible()
    found += faults(tab)
    tab.goto(paths["auth_group_class"])
    for group, people in (("7c", "a b,c"), (f"7c {tab.viewport_size}", NAMES)):
        tab.locator("[name=group]").fill(group)
        tab.locator("[name=people]").fill(people)
        tab.locator(".class-form button").click()
        found += faults(tab)
    expect(tab.locator(".slip")).to_have_count(3)
    assert found == []


def test_slips_are_all_that_is_printed(page: Page, paths: dict[str, str]) -> None:
    page.goto(paths["auth_group_class"])
    page.locator("[name=group]").fill("To print")
    page.locator("[name=people]").fill(NAMES)
    page.locator(".class-form button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Slips for To print")
    page.emulate_media(media="print", color_scheme="dark")
    printed = [text for text in page.locator("body").inner_text().splitlines() if text]
    assert printed[0] == "小明"
    assert sum(text.startswith("Code: ") for text in printed) == 3
    for slip in page.locator(".slip").all():
        assert slip.evaluate("(one) => [getComputedStyle(one).color, getComputedStyle(one).breakInside]") == [
            "rgb(0, 0, 0)",
            "avoid",
        ]
        assert slip.locator("img").evaluate("(one) => one.naturalWidth > 0")


def test_a_filter_by_person_has_a_name_and_tells_who_is_chosen(page: Page) -> None:
    page.goto(TALKS)
    field = page.get_by_role("combobox", name="owner")
    field.click()
    expect(page.get_by_role("searchbox", name="owner")).to_be_focused()
    assert axe.findings(page) == []
    page.keyboard.type("ann")
    page.get_by_role("option", name="anna", exact=True).click()
    expect(page.get_by_role("combobox", name=re.compile("owner.*anna"))).to_be_visible()


def test_a_long_transcript_comes_page_by_page(page: Page) -> None:
    page.goto(f"{TALKS}?q=Words")
    page.get_by_role("link", name="A long conversation").click()
    pages = page.get_by_role("navigation", name="Pages").first
    expect(pages).to_contain_text(f"messages 1 to {PER_PAGE} of {LONG}")
    pages.get_by_role("link", name="Last").click()
    expect(page.locator(".entry")).to_have_count(LONG % PER_PAGE)
    assert faults(page) == []
    pages.get_by_role("link", name="Earlier").click()
    expect(pages).to_contain_text(f"messages {PER_PAGE + 1} to {2 * PER_PAGE} of {LONG}")
    page.locator(".entry .number").first.click()
    expect(page.locator(".entry:has(:target) .number")).to_have_text(str(PER_PAGE + 1))


def test_what_is_written_appears_in_the_transcript(site: Site, ollama: ScriptedOllama, page: Page) -> None:
    written = ["**so** ", hold("middle"), "far `so good`", hold("end"), "\n```js\nlet a;\n```"]
    ollama.enqueue(thinking("Let me see."), *written)
    with closing(site.log_in("anna")) as client, Tab(site, client) as there:
        there.ask("How far?")
        ollama.wait_held("middle")
        page.goto(f"{TALKS}{there.conversation}/change/")
        answer = page.locator(".entry.assistant")
        expect(answer.locator(".markdown strong")).to_have_text("so")
        expect(answer.locator(".badge")).to_have_text("running")
        assert faults(page) == []
        answer.locator(".thinking summary").click()
        page.evaluate("window.isTheSamePage = true")
        ollama.release("middle")
        expect(answer.locator(".markdown code")).to_have_text("so good")
        # What was opened to be read stays so while more comes.
        expect(answer.locator(".thinking-text")).to_be_visible()
        ollama.release("end")
        expect(answer.locator(".badge")).to_have_text("completed")
        expect(answer.locator("pre.code .hljs-keyword")).to_have_text("let")
        there.wait("generation.finished")
        ollama.enqueue("And more.")
        there.ask("And then?")
        expect(answer.last.locator(".markdown")).to_have_text("And more.")
    assert page.evaluate("window.isTheSamePage")


def test_answers_are_stopped_from_the_list(site: Site, ollama: ScriptedOllama, page: Page) -> None:
    ollama.enqueue("so far", hold("list"))
    with closing(site.log_in("anna")) as client, Tab(site, client) as there:
        there.ask("Tell me everything")
        there.wait_text("so far")
        page.goto("/admin/conversations/generation/?status__exact=running")
        page.locator(".action-select").check()
        page.get_by_role("combobox", name="Action:").select_option("stop")
        page.get_by_role("button", name="Go").click()
        expect(page.locator(".messagelist")).to_have_text("Stop requested for 1 generation.")
        there.wait("generation.finished", status="stopped")


def part(completed: int) -> Piece:
    """Return a line of Ollama's that tells how much of a model has come."""
    return line(status="pulling 6e4c38e1172f", digest="sha256:6e4c", total=1000, completed=completed)


def test_a_model_comes_before_ones_eyes(ollama: ScriptedOllama, tab: Page) -> None:
    ollama.enqueue(part(100), hold("some"), part(600), hold("most"), line(status="success"), path="/api/pull",
                   finish=False)  # fmt: skip
    ollama.models = []
    tab.goto(PULLS)
    found = faults(tab)
    tab.locator("button.default").click()
    progress = tab.locator(".pulls [data-id]", has_text="internlm2:1.8b").locator("progress")
    expect(progress).to_have_attribute("value", "100")
    found += faults(tab)
    tab.evaluate("window.isTheSamePage = true")
    ollama.release("some")
    expect(progress).to_have_attribute("value", "600")
    assert tab.evaluate("window.isTheSamePage")
    ollama.models = [*MODELS]
    ollama.release("most")
    # The page tells by itself what Ollama holds now.
    expect(tab.locator(".models bdi").first).to_have_text("internlm2:1.8b")
    assert found == []


def test_fetching_a_model_is_stopped(ollama: ScriptedOllama, page: Page) -> None:
    ollama.enqueue(part(100), hold("never"), path="/api/pull", finish=False)
    page.goto(PULLS)
    page.get_by_role("textbox", name="model").fill("big:70b")
    page.get_by_role("button", name="Fetch").click()
    pull = page.locator(".pulls [data-id]", has_text="big:70b")
    pull.get_by_role("button", name="Stop").click()
    expect(pull).to_contain_text("was stopped")
    ollama.wait_for(lambda: [one for one in ollama.requests if one.path == "/api/pull"][-1].closed)


def test_a_limit_is_told_before_it_is_hit(site: Site, new_context: Callable[..., BrowserContext]) -> None:
    site.add_user("bob")
    site.run(
        "from conversations.models import *; "
        "Quota.objects.create(person=User.objects.get(username='bob'), messages=5)"
    )
    with closing(site.log_in("bob")) as client:
        chat = Chat(new_context(dict(client.cookies.items())).new_page()).open()
    told = chat.page.locator(".allowance")
    for number in range(3):
        chat.ask(f"Question {number}").ended()
    expect(told).to_have_count(0)
    chat.ask("The last but one").ended()
    expect(told).to_have_text("1 of 5 messages is left for today.")
    chat.ask("The last one").ended()
    expect(told).to_contain_text("You have reached your limit for today.")
    assert axe.findings(chat.page) == []
    chat.ask("One too many")
    expect(chat.refusal).to_contain_text("limit")
    expect(chat.field).to_have_value("One too many")
