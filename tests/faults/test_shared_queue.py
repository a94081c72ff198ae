"""Processes share one queue: what the model answers at once is counted over all of them."""

from contextlib import ExitStack

import pytest

from tests.scripted_ollama import Exchange, tokens
from tests.site import Site
from tests.tab import Tab

from .cluster import Cluster

pytestmark = [pytest.mark.services, pytest.mark.process, pytest.mark.fault("several processes")]

AT_ONCE = 2
QUESTIONS = 8


@pytest.fixture(scope="module")
def limits() -> dict[str, str]:
    """Return the settings of a site with a small model."""
    return {"OLLAMA_NUM_PARALLEL": str(AT_ONCE), "MAX_RUNNING_PER_USER": "0"}


@pytest.fixture(scope="module")
def site(cluster: Cluster) -> Site:
    """Return the first process."""
    return cluster.sites[0]


def most_at_once(chats: list[Exchange]) -> int:
    """Return how many requests were open at the same time."""
    opened = [(chat.opened, 1) for chat in chats]
    closed = [(chat.closed, -1) for chat in chats if chat.closed is not None]
    now, most = 0, 0
    for _, change in sorted(opened + closed):
        now += change
        most = max(most, now)
    return most


def test_two_processes_answer_no_more_at_once_than_one(cluster, client, ollama, happened):
    ollama.always(tokens(15, 50))
    with ExitStack() as stack:
        tabs = [stack.enter_context(Tab(cluster.sites[number % 2], client)) for number in range(QUESTIONS)]
        for tab in tabs:
            tab.ask("One of many")
        for tab in tabs:
            assert tab.wait("generation.finished")["status"] == "completed"
        waited = [frame for tab in tabs for frame in tab.frames if frame.get("phase") == "queued"]
    most = most_at_once(ollama.chats)
    happened(f"{QUESTIONS} questions in both processes", answered_at_once=most, at_most=AT_ONCE)
    assert most == AT_ONCE
    assert len({frame["generation"] for frame in waited}) == QUESTIONS - AT_ONCE


def test_two_processes_that_look_at_the_queue_in_one_moment_let_one_answer_begin(site):
    code = "from tests.faults.takers import begun_at_once; print(begun_at_once())"
    assert site.manage("shell", "--no-imports", "-c", code).split() == ["1"]
