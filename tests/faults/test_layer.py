"""Whatever the channel layer loses costs delay and no words; what is quiet for long stays connected, on each layer."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.scripted_ollama import stamped
from tests.site import Site, wait_until
from tests.tab import Tab

from .test_processes import begun, stop_seconds
from .viewer import Viewer

pytestmark = [pytest.mark.services, pytest.mark.process]

RATE = 50
TOKENS = 3 * RATE
# How often a process looks at the database by itself, and what a busy machine adds.
LARGEST_STEP_SECONDS = 2
STOP_SECONDS = 0.7
IDLE_SECONDS = 15
# Longer than the smallest layer keeps a message.
BUSY_SECONDS = 3
# A process joins the others again every ten seconds.
JOINED_SECONDS = 20


@pytest.fixture(
    scope="module",
    params=[
        "losing",
        *(pytest.param(name, marks=pytest.mark.slow_fault) for name in ("tiny", "core", "pubsub")),
    ],
)
def layer(request: pytest.FixtureRequest) -> str:
    """Return the name of the layer, one of tests/layer_settings.py."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def limits(layer: str, limits: dict[str, str]) -> dict[str, str]:
    """Return the settings of a site with this layer."""
    return {**limits, "DJANGO_SETTINGS_MODULE": "tests.layer_settings", "LAYER": layer}


@pytest.fixture(scope="module")
def site(cluster: Any) -> Site:
    """Return the first process."""
    found: Site = cluster.sites[0]
    return found


@contextmanager
def busy(site: Site) -> Iterator[None]:
    """The process takes nothing from anybody until the block ends."""
    os.kill(site.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(site.pid, signal.SIGCONT)


@pytest.mark.fault(22)
def test_a_layer_that_loses_messages_costs_delay_only(cluster, client, ollama, layer, happened):
    first, second = cluster.sites
    with begun(first, client) as owner, Viewer(second, client, owner.conversation) as viewer:
        ollama.enqueue(stamped(TOKENS, RATE))
        owner.ask("Go on")
        finished = owner.wait("generation.finished")
        assert viewer.sees("generation.finished", generation=finished["generation"]) == finished
        assert viewer.text == owner.text
        assert len(viewer.text.split()) == TOKENS
        with Tab(second, client, owner.conversation) as stopping:
            seconds = stop_seconds(owner, stopping, ollama)
    happened(f"layer '{layer}'", largest_step_ms=viewer.largest_step * 1000, stop_ms=seconds * 1000)
    assert viewer.largest_step <= LARGEST_STEP_SECONDS
    assert seconds <= STOP_SECONDS


@pytest.mark.slow_fault
@pytest.mark.fault(23)
def test_a_process_that_was_busy_for_long_hears_the_others_again(cluster, client, ollama, layer, happened):
    first, second = cluster.sites
    with begun(first, client) as owner, Viewer(second, client, owner.conversation) as viewer:
        ollama.enqueue(stamped(TOKENS + BUSY_SECONDS * RATE, RATE))
        owner.ask("Go on")
        wait_until(lambda: viewer.text)
        with busy(second):
            time.sleep(BUSY_SECONDS)  # the fault: nobody takes what the layer holds
        finished = owner.wait("generation.finished")
        viewer.sees("generation.finished", generation=finished["generation"])
        assert viewer.text == owner.text
        with Tab(second, client, owner.conversation) as stopping:
            if layer != "losing":
                wait_until(lambda: stop_seconds(owner, stopping, ollama) < 0.1, JOINED_SECONDS)
    happened(f"layer '{layer}': a process that stood still for {BUSY_SECONDS} s missed nothing")


@pytest.mark.slow_fault
@pytest.mark.fault(25)
def test_idle_sockets_stay_open(cluster, client, ollama, layer, happened):
    first, second = cluster.sites
    with begun(first, client) as owner, Viewer(second, client, owner.conversation) as viewer:
        time.sleep(IDLE_SECONDS)  # nothing happens
        ollama.enqueue("still here")
        owner.ask("Are you still there?")
        finished = owner.wait("generation.finished")
        wait_until(lambda: viewer.code is not None or finished["message"] in str(viewer.frames))
        assert viewer.code is None
    happened(f"layer '{layer}': open after {IDLE_SECONDS} s")
