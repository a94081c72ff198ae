"""Two processes of one site: whoever watches, asks or stops may be at either of them."""

import random
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.nginx import Nginx
from tests.scripted_ollama import ScriptedOllama, hold, stamped, tokens
from tests.site import Site, wait_until
from tests.tab import Tab

from .cluster import Cluster
from .viewer import Viewer

pytestmark = [pytest.mark.services, pytest.mark.process, pytest.mark.fault("several processes")]

# Half a second between two looks, or one where a message was lost, and what a busy machine adds.
LARGEST_STEP_SECONDS = 2
STOPS = 20
STOP_SECONDS = 0.1
STOP_WITHOUT_LAYER_SECONDS = 0.7
SWEPT_SECONDS = 60
MOST_LOST_SECONDS = 1


@pytest.fixture(scope="module")
def site(cluster: Cluster) -> Site:
    """Return the first process."""
    return cluster.sites[0]


@pytest.fixture(scope="module")
def other(cluster: Cluster) -> Site:
    """Return the second process."""
    return cluster.sites[1]


@contextmanager
def begun(site: Site, client: httpx.Client) -> Iterator[Tab]:
    """Open a tab of a new conversation that has one answer."""
    with Tab(site, client) as tab:
        tab.ask("Good morning")
        tab.wait("generation.finished")
        yield tab


def test_a_viewer_in_another_process_follows_live(site, other, client, ollama, happened):
    with begun(site, client) as owner, Viewer(other, client, owner.conversation) as viewer:
        ollama.enqueue(stamped(200, 50))
        owner.ask("Go on")
        finished = owner.wait("generation.finished")
        seen = viewer.sees("generation.finished", generation=finished["generation"])
        text = site.query(f"Message.objects.get(pk={finished['message']!r}).content")
        assert viewer.text == owner.text == text
        assert seen == finished
        happened("a viewer in the other process follows live", largest_step_ms=viewer.largest_step * 1000)
        assert viewer.largest_step <= LARGEST_STEP_SECONDS


def test_what_is_asked_in_one_process_is_seen_in_the_other_from_its_start_to_its_end(
    site, other, client, ollama
):
    with begun(site, client) as first, Viewer(site, client, first.conversation) as viewer:
        ollama.enqueue(hold("load"), "spoken in the other process", hold("end"))
        with Tab(other, client, first.conversation) as asking:
            started = asking.ask("Who is there?")
            viewer.sees("generation.status", generation=started["generation"], phase="reading")
            ollama.release("load")
            wait_until(lambda: viewer.text == "spoken in the other process")
            ollama.release("end")
            viewer.sees("generation.finished", generation=started["generation"], status="completed")
            asking.wait("generation.finished")
            asking.send("answer.regenerate", client_id="again", message=started["message"])
            again = asking.wait("generation.finished")
            wait_until(lambda: leaf(viewer) == again["message"], explain=lambda: viewer.frames[-3:])
            asking.send("branch.select", message=started["message"])
            wait_until(lambda: leaf(viewer) == started["message"], explain=lambda: viewer.frames[-3:])
        assert site.post(client, f"/c/{first.conversation}/delete").is_success
        viewer.sees("conversation.deleted", id=first.conversation)


def leaf(viewer: Viewer) -> str:
    """Return which message the shown branch ends with, as the viewer was told last."""
    told = [frame for frame in viewer.frames if frame["type"] in {"snapshot", "conversation.updated"}]
    found: str = told[-1]["conversation"]["leaf"]
    return found


def stop_seconds(owner: Tab, other: Tab, ollama: ScriptedOllama) -> float:
    """Ask in one tab, stop in the other; return after how long Ollama's connection was closed."""
    ollama.enqueue(tokens(10_000, 50))
    number = len(ollama.chats) + 1
    generation = owner.ask("Talk")["generation"]
    owner.wait("generation.delta")
    time.sleep(random.random() * 0.5)  # the owner's clock may be anywhere between two looks at the database
    at = time.monotonic()
    other.stop(generation)
    closed = ollama.wait_closed(number).closed
    assert closed is not None
    assert owner.wait("generation.finished")["status"] == "stopped"
    return closed - at


def test_a_stop_in_the_other_process_reaches_ollama_within_a_tenth_of_a_second(
    site, other, client, ollama, happened
):
    with begun(site, client) as owner, Tab(other, client, owner.conversation) as stopping:
        seconds = sorted(stop_seconds(owner, stopping, ollama) for _ in range(STOPS))
    p50, p95 = statistics.median(seconds), seconds[round(STOPS * 0.95) - 1]
    happened("stopped from the other process", p50_ms=p50 * 1000, p95_ms=p95 * 1000)
    # Whatever else this machine does: the layer has told of it, and not the owner's look at the database.
    assert p50 <= STOP_SECONDS
    assert seconds[-1] <= STOP_WITHOUT_LAYER_SECONDS


def test_the_tabs_of_a_conversation_meet_in_one_process_behind_nginx(
    cluster, client, ollama, tmp_path, happened
):
    with Nginx(tmp_path, cluster.sites) as nginx:
        for _ in range(20):
            with Tab(nginx, client) as first, first.twin() as second, first.twin() as third:
                ollama.enqueue("behind nginx")
                first.ask("Where am I?")
                for tab in (first, second, third):
                    tab.wait("generation.finished")
        met = wait_until(lambda: len(nginx.met()) == 60 and nginx.met())
    processes = {process for _, process in met}
    assert len(processes) == len(cluster.sites)
    assert len(set(met)) == len({path for path, _ in met}) == 20
    shares = [sum(process == one for _, process in met) for one in processes]
    happened(
        "twenty conversations with three tabs each, and each conversation in one process",
        most_sockets=max(shares),
    )


@pytest.mark.slow_fault
def test_the_answers_of_a_killed_process_are_interrupted_by_the_other_one(
    site, other, client, ollama, happened
):
    with begun(site, client) as owner, Viewer(other, client, owner.conversation) as viewer:
        ollama.enqueue(stamped(10_000, 50))
        generation = owner.ask("Go on")["generation"]
        wait_until(lambda: len(viewer.text) > 100)
        site.kill()
        at = time.monotonic()
        owner.wait_close()
        finished = viewer.sees("generation.finished", SWEPT_SECONDS, generation=generation)
        seconds = time.monotonic() - at
        assert (finished["status"], finished["reason"]) == ("interrupted", "process_died")
        kept = other.query(f"Message.objects.get(pk={finished['message']!r}).content")
        assert viewer.text == kept
        # Each piece tells when it was written, in tenths of milliseconds.
        lost = max(0, int(owner.text.split()[-1]) - int(kept.split()[-1])) / 10_000
    site.start()
    happened("the owner was killed, the other process ended its answer", swept_s=seconds, lost_ms=lost * 1000)
    assert lost <= MOST_LOST_SECONDS
