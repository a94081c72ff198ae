"""Two pages of one conversation, each at another process of the site: they show the same, live."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, expect

from tests.faults.cluster import Cluster
from tests.faults.conftest import quiet
from tests.scripted_ollama import ScriptedOllama, hold

from .chat import Chat

pytestmark = [pytest.mark.services, pytest.mark.process, pytest.mark.fault("several processes")]


@pytest.fixture(scope="module")
def scripted() -> Iterator[ScriptedOllama]:
    """A scripted Ollama of its own."""
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="module")
def cluster(scripted: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two processes, without a proxy in between that would bring both pages together."""
    with Cluster(tmp_path_factory.mktemp("cluster"), scripted.base_url) as running:
        running.sites[0].add_user("anna", admin=True)
        with quiet(running.sites[0]), quiet(running.sites[1]):
            yield running


@pytest.fixture
def pages(browser: Browser, cluster: Cluster) -> Iterator[tuple[Chat, Chat]]:
    """Two devices of one person, both at a new conversation that has had one answer."""
    with closing(cluster.sites[0].log_in("anna")) as client:
        cookies = dict(client.cookies.items())
    chats = []
    for site in cluster.sites:
        context = browser.new_context(base_url=site.url, locale="en-US")
        context.add_cookies(
            [{"name": name, "value": value, "url": site.url} for name, value in cookies.items()]
        )
        chats.append(Chat(context.new_page()))
    here, there = chats
    here.open().ask("Good morning").ended()
    there.open(here.page.url.removeprefix(cluster.sites[0].url))
    yield here, there
    for chat in chats:
        chat.page.goto("about:blank")


def test_what_is_asked_here_is_written_there_and_stopped_there(pages, scripted):
    here, there = pages
    scripted.enqueue("**spring** ", hold("middle"), "in `Python`", hold("end"))
    here.ask("A poem")
    expect(there.questions.last).to_contain_text("A poem")
    expect(there.text().locator("strong")).to_have_text("spring")
    there.phase("writing")
    scripted.release("middle")
    expect(there.text().locator("code")).to_have_text("Python")
    there.press("stop")
    here.ended("stopped")
    there.ended("stopped")
    assert there.text().inner_html() == here.text().inner_html()


def test_an_answer_that_is_over_in_a_moment_and_another_version_of_it_show_there_too(pages, scripted):
    here, there = pages
    scripted.enqueue("Quick.")
    there.ask("Quick?").ended()
    expect(here.text()).to_have_text("Quick.")
    scripted.enqueue("Quicker.")
    here.press("regenerate", here.answers.last)
    expect(there.text()).to_have_text("Quicker.")
    there.press("previous", there.answers.last)
    expect(here.text()).to_have_text("Quick.")
