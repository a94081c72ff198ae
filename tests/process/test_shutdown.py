"""SIGTERM in the very moment in which somebody asks: every question gets its end, and the log no error."""

import random
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import Site
from tests.tab import Tab

pytestmark = pytest.mark.process

ROUNDS = 2
LIVE = "Generation.objects.live().count()"
ENDS = "sorted({g.reason for g in Generation.objects.all()})"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A site of its own, whose log may hold no error at the end."""
    with ScriptedOllama() as ollama, Site(tmp_path, ollama.base_url, OLLAMA_NUM_PARALLEL="8") as running:
        running.add_user("ann", admin=True)
        yield running
        assert running.stop() == 0, running.log()
    for word in ("ERROR", "Traceback", "never awaited", "ResourceWarning", "destroyed"):
        assert word not in running.log(), running.log()


def ask_all(tabs: list[Tab]) -> None:
    """Ask in every tab, a moment after one another."""
    for tab in tabs:
        with suppress(ConnectionClosed):
            tab.send("message.send", client_id="one", text="Hi")
        time.sleep(random.random() * 0.02)  # people do not ask in one instant


def test_questions_that_meet_the_end_of_the_server_all_end(site: Site):
    with closing(site.log_in("ann")) as client:
        for _ in range(ROUNDS):
            tabs = [Tab(site, client) for _ in range(3)]
            for tab in tabs:
                tab.open()
                tab.wait("snapshot")
            asking = threading.Thread(target=ask_all, args=[tabs])
            asking.start()
            time.sleep(random.random() * 0.06)  # the fault: before, between or after the questions
            assert site.stop() == 0
            asking.join()
            for tab in tabs:
                tab.close()
            assert site.query(LIVE) == 0
            site.start()
    assert set(site.query(ENDS)) <= {"restart", "stop"}


def test_a_question_before_which_the_site_looks_for_its_model_ends_with_the_server(tmp_path: Path):
    with ScriptedOllama() as ollama:
        ollama.enqueue(hold("looking"), path="/api/tags")
        with Site(tmp_path, ollama.base_url) as site:
            site.add_user("ann", admin=True)
            with closing(site.log_in("ann")) as client, Tab(site, client) as tab, Tab(site, client) as other:
                tab.wait("snapshot")
                tab.send("message.send", client_id="one", text="Hi")
                # Once this is answered, the question before it has been read.
                other.send("ping")
                other.wait("pong")
                assert site.stop() == 0
                assert tab.wait_close() == 4012
                kinds = {frame["type"] for frame in tab.frames}
                assert ("generation.started" in kinds) == ("generation.finished" in kinds)
                assert "error" in kinds or "generation.finished" in kinds
            assert site.query(LIVE) == 0
            assert "Traceback" not in site.log()
