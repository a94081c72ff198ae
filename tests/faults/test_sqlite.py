"""SQLite's one lock: another program holds it, or fifty people write at once."""

import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import httpx
import pytest

from tests.scripted_ollama import ScriptedOllama, hold, tokens
from tests.site import Site, wait_until
from tests.tab import Tab

from .conftest import quiet
from .crowd import MANY
from .locks import locked
from .people import logged_in

pytestmark = [pytest.mark.process, pytest.mark.sqlite]

# A command is refused after this long at the latest (README, and what SQLite itself waits).
REFUSED_WITHIN_SECONDS = 20
TOKENS = 10_000


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama."""
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="module")
def site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site."""
    with Site(tmp_path_factory.mktemp("sqlite"), ollama.base_url, **MANY) as running, quiet(running):
        yield running


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[list[httpx.Client]]:
    """Five people."""
    with logged_in(site, "ann", "bob", "cem", "dan", "eve") as clients:
        yield clients


@pytest.mark.fault(26)
@pytest.mark.parametrize("seconds", [3, pytest.param(30, marks=pytest.mark.slow_fault)])
def test_the_database_is_locked_by_another_program(site, people, ollama, seconds, happened):
    client = people[0]
    ollama.enqueue("begun ", tokens(TOKENS, 50), hold("never"))
    with Tab(site, client) as reading, Tab(site, client) as asking:
        reading.ask("Go on")
        reading.wait_text("begun ")
        asking.wait("snapshot")
        with locked(site):
            begun = time.monotonic()
            unsaved = reading.wait("generation.status", saved=False)
            ollama.enqueue("answered")
            question = {"client_id": "again", "text": "Is anybody there?"}
            asking.send("message.send", **question)
            if seconds > REFUSED_WITHIN_SECONDS:
                assert asking.wait("error", REFUSED_WITHIN_SECONDS)["code"] == "internal"
            refused = time.monotonic() - begun
            while time.monotonic() - begun < seconds:
                reading.wait("generation.delta")
        # What is as usual is not said.
        reading.wait("generation.status", saved=None)
        if seconds > REFUSED_WITHIN_SECONDS:
            asking.send("message.send", **question)
        asking.wait("message.created")
        asking.wait("generation.finished", status="completed")
        reading.stop(unsaved["generation"])
        reading.wait("generation.finished", status="stopped")
        text = f"Message.objects.get(generations='{unsaved['generation']}').content"
        assert site.query(text) == reading.text
    asked = f"Message.objects.filter(conversation='{asking.conversation}', role='user').count()"
    assert site.query(asked) == 1
    happened(
        f"locked for {seconds} s: text went on and was whole afterwards, the page was told that it is not saved yet, "
        "the question is there once",
        refused_s=refused if seconds > REFUSED_WITHIN_SECONDS else 0.0,
    )


@pytest.mark.fault(27)
@pytest.mark.slow_fault
def test_fifty_people_write_at_once(site, people, ollama, happened):
    ollama.always(tokens(20, 200))
    before = len(site.log())
    with ExitStack() as stack:
        tabs = [stack.enter_context(Tab(site, people[number % 5])) for number in range(50)]
        for tab in tabs:
            tab.wait("snapshot")
        begun = time.monotonic()
        for tab in tabs:
            tab.send("message.send", client_id=uuid.uuid4().hex, text="Now")
        with ThreadPoolExecutor(10) as threads:
            renamed = threads.map(lambda tab: rename(site, tab), tabs)
            assert {tab.wait("generation.finished")["status"] for tab in tabs} == {"completed"}
            assert set(renamed) == {httpx.codes.OK}
        took = time.monotonic() - begun
    assert "locked" not in site.log()[before:]
    happened("fifty people who ask, and rename their conversation meanwhile: none was refused", took_s=took)


def rename(site: Site, tab: Tab) -> int:
    """Give a conversation another name as soon as it is there; returns the answer's status."""
    path = f"/c/{tab.conversation}/"
    wait_until(lambda: tab.client.get(path).is_success, 30)
    return site.post(tab.client, f"{path}rename", title="Renamed").status_code
