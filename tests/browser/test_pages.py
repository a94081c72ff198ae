"""What holds for every page, whoever adds one: axe-core finds nothing, and its title is its own."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.scripted_ollama import ScriptedOllama
from tests.site import Site

from . import axe
from .chat import Chat
from .pages import Found, failures, pages
from .screenshots import LOOKS

# Both languages, themes and sizes.
TWO_LOOKS = (LOOKS[0], (LOOKS[1][0], LOOKS[1][1], LOOKS[3][2]))
VISITORS = ("", "anna")
# Without a file no browser sends these.
SENT_EMPTY = "main form:has([required], [type=email]):not(:has([type=file]))"
# Sends a form as somebody does who has not filled it in; a first try only tells whether a module takes it.
SEND_EMPTY = """(form, isTry) => {
  let isTaken = false;
  const look = (event) => {
    isTaken = event.defaultPrevented;
    if (isTry) event.preventDefault();
  };
  addEventListener("submit", look, { once: true });
  form.noValidate = true;
  for (const field of form.querySelectorAll("[type=email]")) field.value = "no address";
  form.requestSubmit();
  return isTaken;
}"""


@pytest.fixture(params=TWO_LOOKS, ids=lambda look: f"{look[0]}-{look[1]}")
def look(request: pytest.FixtureRequest, expected: list[str]) -> dict[str, Any]:
    """Options of a browser. Some pages are refusals, of which Chromium tells in its console."""
    expected.append("Failed to load resource")
    language, theme, size = request.param
    return {"locale": language, "color_scheme": theme, "reduced_motion": "reduce", **size}


@pytest.fixture
def tabs(
    new_context: Callable[..., BrowserContext], own_login: dict[str, str], look: dict[str, Any]
) -> dict[str, Page]:
    """A tab for each visitor."""
    cookies: dict[str, dict[str, str]] = {"": {}, "anna": own_login}
    return {visitor: new_context(cookies[visitor], **look).new_page() for visitor in VISITORS}


@pytest.fixture(scope="module")
def fresh_site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site without an administrator, where people may sign up and mail is sent."""
    data = tmp_path_factory.mktemp("fresh")
    with Site(data, ollama.base_url, SIGNUP="open", EMAIL_URL="smtp://127.0.0.1:9") as running:
        yield running


def _look_at(page: Page, path: str) -> list[str]:
    """Return what axe-core finds there, and on what comes of each form that is sent as it stands."""
    page.goto(path)
    found = axe.findings(page)
    forms = page.locator(SENT_EMPTY)
    for index in range(forms.count()):
        if not forms.nth(index).evaluate(SEND_EMPTY, True):
            with page.expect_navigation():
                forms.nth(index).evaluate(SEND_EMPTY, False)
        found += axe.findings(page)
        page.goto(path)
    return [f"{path}: {one}" for one in found]


def _serve(page: Page, files: dict[str, str]) -> None:
    page.route("**/served/*", lambda route: route.fulfill(body=files[route.request.url.rpartition("/")[2]]))


def test_axe_finds_nothing_on_any_page(site: Site, tabs: dict[str, Page]) -> None:
    all_pages = pages(site, *VISITORS)
    files = {page.name: page.html for page in all_pages if page.is_file}
    _serve(tabs[""], files)
    found = [one for page in all_pages if not page.is_file for one in _look_at(tabs[page.visitor], page.path)]
    found += [one for name in files for one in _look_at(tabs[""], f"/served/{name}")]
    link = site.manage("reset_link", "anna").split(site.url)[1].split()[0]
    found += _look_at(tabs[""], link)
    assert found == []


def test_axe_finds_nothing_before_there_is_an_administrator(fresh_site: Site, tabs: dict[str, Page]) -> None:
    link = fresh_site.manage("setup_link").split()[-1]
    paths = [link[link.index("/setup/") :], *(page.path for page in pages(fresh_site, ""))]
    assert [one for path in paths for one in _look_at(tabs[""], f"{fresh_site.url}{path}")] == []


def test_axe_finds_nothing_where_something_failed(site: Site, tabs: dict[str, Page]) -> None:
    page = tabs[""]
    drawn = failures(site)
    _serve(page, drawn)
    assert {"404.html-en", "500.html-zh-hans", "403_csrf.html-en"} <= drawn.keys()
    assert [one for name in drawn for one in _look_at(page, f"/served/{name}")] == []


def test_every_title_is_that_of_one_page(site: Site) -> None:
    names = defaultdict(set)
    for page in pages(site, *VISITORS):
        # A file has the title of what it holds.
        names[page.name if page.is_file else page.title].add(page.name)
    for name, html in failures(site).items():
        names[Found(name, "", "", html).title].add(name)
    assert {title: same for title, same in names.items() if len(same) > 1} == {}


def test_axe_would_find_a_fault(chat: Chat) -> None:
    assert axe.findings(chat.page) == []
    chat.evaluate("document.getElementById('text').labels[0].remove()")
    chat.evaluate("document.getElementById('text').removeAttribute('placeholder')")
    assert "label (" in "".join(axe.findings(chat.page))
