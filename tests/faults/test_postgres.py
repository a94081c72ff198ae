"""PostgreSQL restarts while two processes answer: no text is lost, and pages say what is the matter."""

import time

import httpx
import pytest

from tests.scripted_ollama import stamped
from tests.site import Site, wait_until
from tests.tab import Tab

from .cluster import Cluster
from .crowd import crowd
from .test_processes import begun

pytestmark = [pytest.mark.services, pytest.mark.process, pytest.mark.fault(29)]

STREAMS = 10
RATE = 50
TOKENS = 8 * RATE
DOWN_SECONDS = 2
LONG_SECONDS = 20
BACK_SECONDS = 5


@pytest.fixture(scope="module")
def site(cluster: Cluster) -> Site:
    """Return the first process."""
    return cluster.sites[0]


def test_a_restart_in_the_middle_of_ten_answers_costs_no_text(cluster, site, client, ollama, happened):
    for _ in range(STREAMS):
        ollama.enqueue(stamped(TOKENS, RATE))
    with crowd(site, client, STREAMS) as readers:
        for reader in readers:
            reader.begin()
        wait_until(lambda: all(reader.text for reader in readers))
        cluster.postgres.stop()
        time.sleep(DOWN_SECONDS)  # the outage itself
        cluster.postgres.start()
        wait_until(lambda: all(reader.told("generation.finished") for reader in readers))
        ends = [reader.told("generation.finished")[0] for reader in readers]
    kept = site.query("{str(m.conversation_id): m.content for m in Message.objects.filter(role='assistant')}")
    assert {end["status"] for end in ends} == {"completed"}
    assert all(reader.text == kept[reader.conversation] for reader in readers)
    assert {len(reader.text.split()) for reader in readers} == {TOKENS}
    unsaved = [frame for frame in readers[0].told("generation.status") if frame.get("saved") is False]
    assert unsaved
    happened(f"PostgreSQL away for {DOWN_SECONDS} s in the middle of {STREAMS} answers: each kept whole")


def test_pages_and_commands_say_that_the_database_is_away_and_work_again_with_it(
    cluster, site, client, ollama, happened
):
    with begun(site, client) as tab:
        path = f"/c/{tab.conversation}/"
        cluster.postgres.stop()
        try:
            pages = [client.get(page) for page in ("/", path)]
            tab.send("message.send", client_id="kept by the browser", text="Are you there?")
            assert tab.wait("error")["client_id"] == "kept by the browser"
        finally:
            cluster.postgres.start()
        assert {page.status_code for page in pages} == {httpx.codes.SERVICE_UNAVAILABLE}
        assert pages[0].headers["Retry-After"]
        wait_until(lambda: client.get(path).status_code == httpx.codes.OK, 30)
        tab.send("message.send", client_id="kept by the browser", text="Are you there?")
        tab.wait("generation.finished", status="completed")
    with Tab(site, client, tab.conversation) as again:
        assert again.wait("snapshot")["conversation"]["leaf"]
    happened("pages say 503, a question is refused and can be sent again")


@pytest.mark.slow_fault
def test_the_site_is_back_as_soon_as_its_database_is(cluster, client, happened):
    cluster.postgres.stop()
    away = time.monotonic() + LONG_SECONDS
    while time.monotonic() < away:
        assert client.get("/").status_code == httpx.codes.SERVICE_UNAVAILABLE
    cluster.postgres.start()
    began = time.monotonic()
    wait_until(lambda: client.get("/").status_code == httpx.codes.OK, BACK_SECONDS)
    happened(
        f"pages are back after {LONG_SECONDS} s without PostgreSQL", back_ms=(time.monotonic() - began) * 1000
    )
