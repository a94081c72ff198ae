"""A title that one process makes gives way to a question in another one, with the channel layer and without it."""

import pytest

from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import Site
from tests.tab import Tab

from .cluster import Cluster
from .people import logged_in

pytestmark = [pytest.mark.services, pytest.mark.process, pytest.mark.fault("several processes")]


@pytest.fixture(scope="module")
def limits() -> dict[str, str]:
    """Return the settings of a site whose model makes titles, and answers one question at a time."""
    return {"TITLES": "model"}


@pytest.fixture(scope="module")
def site(cluster: Cluster) -> Site:
    """Return the first process."""
    return cluster.sites[0]


@pytest.mark.parametrize("layer", ["with Redis", "without Redis"])
def test_whoever_asks_in_another_process_ends_it(
    cluster: Cluster, ollama: ScriptedOllama, layer: str, happened
) -> None:
    first, second = cluster.sites
    before = len(ollama.chats)
    ollama.enqueue("An answer.")
    ollama.enqueue("A ti", hold(layer))
    # One answer at a time: hers would begin when the title has ended.
    ollama.enqueue(hold("hers"), "Hers.")
    ollama.enqueue("Her title")
    with logged_in(first, f"one {layer}", f"two {layer}") as (one, two), Tab(second, two) as other:
        other.wait("snapshot")
        with Tab(first, one) as tab:
            tab.ask("Who names this?")
            tab.wait("generation.finished")
            title = ollama.wait_held(layer)
            if layer == "without Redis":
                cluster.redis.kill()
            other.ask("Eve asks elsewhere")
            ollama.wait_for(lambda: title.closed)
            ollama.release("hers")
            while other.wait("conversation.updated")["conversation"]["title"] != "Her title":
                pass
    if layer == "without Redis":
        cluster.redis.start()
    asked, closed = ollama.chats[before + 2].opened, title.closed
    assert title.closed_by_client
    assert closed is not None
    happened(
        f"a title in one process, a question in the other, {layer}", closed_after_s=max(0.0, closed - asked)
    )
