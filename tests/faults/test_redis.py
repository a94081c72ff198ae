"""Redis dies, hangs or is full while two processes answer: nothing is lost, no page fails, nobody is shut out."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise

import httpx
import pytest

from tests.scripted_ollama import stamped
from tests.site import PASSWORD, Site, csrf, wait_until
from tests.tab import Tab

from .cluster import Cluster
from .test_processes import begun, stop_seconds
from .viewer import Viewer

pytestmark = [pytest.mark.services, pytest.mark.process, pytest.mark.fault(24)]

OUTAGE_SECONDS = 10
# Fifteen seconds of text.
RATE = 50
TOKENS = 15 * RATE
STOP_SECONDS = 0.7
WRONG_PASSWORDS = 10


@pytest.fixture(scope="module")
def site(cluster: Cluster) -> Site:
    """Return the first process."""
    return cluster.sites[0]


@pytest.fixture(scope="module")
def other(cluster: Cluster) -> Site:
    """Return the second process."""
    return cluster.sites[1]


@pytest.fixture(scope="module", autouse=True)
def _bob(site: Site) -> None:
    """Somebody with a password."""
    site.add_user("bob", admin=True)


@contextmanager
def killed(cluster: Cluster) -> Iterator[None]:
    """Redis is killed, and comes back with the end of the block, empty."""
    cluster.redis.kill()
    try:
        yield
    finally:
        cluster.redis.start()


@contextmanager
def silent(cluster: Cluster) -> Iterator[None]:
    """Redis takes everything and answers nothing."""
    with cluster.redis.client() as administrator:
        administrator.client_pause(OUTAGE_SECONDS * 1000)
        yield
        # The pause ends all that it held up, this too.
        administrator.ping()


@contextmanager
def full(cluster: Cluster) -> Iterator[None]:
    """Redis takes nothing more."""
    with cluster.redis.client() as administrator:
        administrator.config_set("maxmemory", 1)
        try:
            yield
        finally:
            administrator.config_set("maxmemory", 0)


def visit(site: Site) -> float:
    """Log in, look at the pages, ask, log out; return how long the slowest step took, in seconds."""
    steps = [time.monotonic()]
    with closing(site.log_in("bob")) as client:
        steps.append(time.monotonic())
        with Tab(site, client) as tab:
            tab.wait("snapshot")
            tab.ask("Is anybody there?")
            assert tab.wait("generation.finished")["status"] == "completed"
        steps.append(time.monotonic())
        for path in ("/", f"/c/{tab.conversation}/", "/account/", "/conversations"):
            assert client.get(path).status_code == httpx.codes.OK, path
            steps.append(time.monotonic())
        assert site.post(client, "/accounts/logout/").status_code == httpx.codes.OK
        steps.append(time.monotonic())
    return max(later - earlier for earlier, later in pairwise(steps))


@pytest.mark.slow_fault
@pytest.mark.parametrize("outage", [killed, silent, full])
def test_ten_seconds_without_redis_cost_no_text_and_no_page(cluster, client, ollama, outage, happened):
    first, second = cluster.sites
    with (
        begun(first, client) as asking,
        Viewer(first, client, asking.conversation) as near,
        Viewer(second, client, asking.conversation) as far,
    ):
        ollama.enqueue(stamped(TOKENS, RATE))
        generation = asking.ask("Go on")["generation"]
        wait_until(lambda: far.text)
        began = time.monotonic()
        with outage(cluster):
            slowest = max(visit(first), visit(second))
            ready = client.get("/readyz")
            time.sleep(max(0, OUTAGE_SECONDS - (time.monotonic() - began)))  # the outage itself
        finished = far.sees("generation.finished", 30, generation=generation, status="completed")
        near.sees("generation.finished", generation=generation)
        kept = first.query(f"Message.objects.get(pk={finished['message']!r}).content")
        assert near.text == far.text == kept
        assert len(kept.split()) == TOKENS
    assert ready.json()["database"] == "ok"
    assert ready.json()["channel_layer"] == ("ok" if outage is full else "down")
    happened(
        f"Redis {outage.__name__} for {OUTAGE_SECONDS} s in mid-stream: no text lost, all pages there",
        slowest_page_ms=slowest * 1000,
        largest_step_ms=far.largest_step * 1000,
    )


def test_stops_pass_between_processes_without_redis_and_are_fast_again_with_it(
    cluster, site, other, client, ollama, happened
):
    with begun(site, client) as owner, Tab(other, client, owner.conversation) as stopping:
        with killed(cluster):
            without = [stop_seconds(owner, stopping, ollama) for _ in range(5)]
        wait_until(lambda: stop_seconds(owner, stopping, ollama) < 0.1, 30)
    happened("stopped from the other process while Redis is away", slowest_ms=max(without) * 1000)
    assert max(without) <= STOP_SECONDS


def test_limits_on_logins_hold_without_redis(cluster, site):
    with httpx.Client(base_url=site.url, trust_env=False) as guesser:

        def guess(password: str) -> int:
            form = {**csrf(guesser.get("/accounts/login/")), "login": "bob", "password": password}
            return guesser.post("/accounts/login/", data=form).status_code

        before = [guess(f"wrong {number}") for number in range(WRONG_PASSWORDS - 1)]
        with killed(cluster):
            assert guess("wrong again") == httpx.codes.OK
            assert guess(PASSWORD) == httpx.codes.TOO_MANY_REQUESTS
    assert set(before) == {httpx.codes.OK}


@pytest.mark.slow_fault
def test_a_process_starts_and_ends_while_redis_is_away(cluster, site, client, happened):
    assert site.stop() == 0
    with killed(cluster):
        site.start()
        with begun(site, client) as tab:
            assert tab.text
        assert site.stop() == 0
    site.start()
    happened("a process starts, answers and ends without Redis")
