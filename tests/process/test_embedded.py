"""The main job with a real model: the one that the site brings along."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from conversations.ollama.embedded import available
from tests.scripted_ollama import ScriptedOllama
from tests.site import Site, wait_until
from tests.tab import Tab

pytestmark = [
    pytest.mark.process,
    pytest.mark.embedded,
    pytest.mark.skipif(not available(), reason="the small model is not installed: run `make test`"),
]


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory):
    """A site at whose OLLAMA_BASE_URL nobody answers yet, and the port where somebody may."""
    with ScriptedOllama() as nobody:
        port = nobody.port
    with Site(tmp_path_factory.mktemp("data"), f"http://127.0.0.1:{port}", EMBEDDED="auto") as site:
        site.add_user("ann", admin=True)
        with closing(site.log_in("ann")) as client:
            yield site, client, port
        assert site.stop() == 0, site.log()
    assert "Traceback" not in site.log()


def child_cpu_seconds(site: Site) -> float:
    """The processor time that the embedded model's process has used (/proc)."""
    children = Path(f"/proc/{site.pid}/task/{site.pid}/children").read_text().split()
    spent = 0
    for child in children:
        fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
        spent += int(fields[11]) + int(fields[12])
    return spent / 100


def test_a_real_model_answers_streams_and_remembers(demonstration):
    site, client, _ = demonstration
    assert "demonstration" in client.get("/").text
    with Tab(site, client) as tab:
        wait_until(lambda: "smollm2" in client.get("/model-state").text)
        tab.ask("My name is Ann. Say hello to me.", options={"seed": 1, "temperature": 0, "num_predict": 60})
        finished = tab.wait("generation.finished")
        assert finished["status"] == "completed"
        assert finished["model"] == "smollm2:135m"
        assert len([frame for frame in tab.frames if frame["type"] == "generation.delta"]) > 3
        tab.ask("What is my name?")
        second = tab.wait("generation.finished")
        assert second["stats"]["prompt_tokens"] > finished["stats"]["prompt_tokens"]


def test_stop_idles_the_model_and_the_next_question_is_answered(demonstration):
    site, client, _ = demonstration
    with Tab(site, client) as tab:
        started = tab.ask("Write a very long story about the sea.", options={"num_predict": 2000})
        tab.wait("generation.delta")
        tab.stop(started["generation"])
        finished = tab.wait("generation.finished")
        assert (finished["status"], finished["end"]) == ("stopped", [len(tab.text), 0])
        time.sleep(1)  # the promise: a second after Stop it is idle
        before = child_cpu_seconds(site)
        time.sleep(1)  # the span that is measured
        assert child_cpu_seconds(site) - before < 0.1
        tab.ask("Say yes.", options={"num_predict": 8})
        assert tab.wait("generation.finished")["status"] == "completed"


def test_four_people_are_answered_side_by_side(demonstration):
    site, client, _ = demonstration
    tabs = [Tab(site, client) for _ in range(2)]
    for tab in tabs:
        tab.open()
        tab.ask("Count to ten.", options={"num_predict": 40})
    for tab in tabs:
        assert tab.wait("generation.finished")["status"] == "completed"
        assert not [frame for frame in tab.frames if frame.get("phase") == "queued"]
        tab.close()


def test_when_ollama_appears_the_next_answer_uses_it(demonstration):
    site, client, port = demonstration
    with Tab(site, client) as tab:
        tab.ask("Hello", options={"num_predict": 8})
        assert tab.wait("generation.finished")["model"] == "smollm2:135m"
        with ScriptedOllama(port) as ollama:
            ollama.enqueue("from Ollama")
            tab.ask("And now?")
            assert tab.wait("generation.finished")["model"] == "internlm2:1.8b"
            assert tab.text == "from Ollama"
