"""Joining in the middle of a very long answer costs the server little, whether one reads or not."""

import pytest

from tests.scripted_ollama import hold
from tests.tab import Tab

pytestmark = pytest.mark.process

LONG = "长文" * 150_000
SNAPSHOT_CHARS = 16_384
UNACKED_BYTES = 256 * 1024


@pytest.fixture(scope="module")
def conversation(site, client, ollama):
    """A conversation in which a long answer is being written."""
    ollama.enqueue(*[LONG[start : start + 1000] for start in range(0, len(LONG), 1000)], hold("long"))
    with Tab(site, client) as tab:
        tab.ask("At length, please")
        tab.wait_text(LONG)
        yield tab.conversation
        ollama.release("long")
        tab.wait("generation.finished")


def test_who_joins_late_gets_the_beginning_at_once_and_the_rest_as_they_read(site, client, conversation):
    with Tab(site, client, conversation) as late:
        assert len(late.wait("snapshot")["generation"]["text"]) == SNAPSHOT_CHARS
        late.wait_text(LONG)
        assert late.text == LONG
        late.send("resync")
        late.wait("snapshot")
        late.wait_text(LONG)


def test_who_joins_and_does_not_read_is_sent_no_more_than_the_bound(site, client, conversation):
    with Tab(site, client, conversation, acks=False) as idle:
        idle.wait("snapshot")
        idle.send("ping")
        idle.wait("pong")
        assert sum(idle.sizes) < 3 * SNAPSHOT_CHARS + UNACKED_BYTES + 10_000
        idle.send("resync")
        assert idle.wait("error")["code"] == "rate"
