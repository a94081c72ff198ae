"""SIGTERM, whenever it comes: browsers are told, what was shown is kept whole, and the process ends soon and well."""

import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress

import httpx
import pytest

from tests import patience
from tests.bench.processes import cpu_seconds
from tests.scripted_ollama import ScriptedOllama, hold, stamped
from tests.site import PASSWORD, Site, wait_until
from tests.tab import Tab

from .conftest import check_log
from .crowd import MANY, crowd
from .locks import locked

pytestmark = [pytest.mark.process, pytest.mark.fault(11)]

STREAMS = 20
ENDS_WITHIN_SECONDS = 10
KEPT = (
    "{str(g.conversation_id): [g.status, g.reason, g.message.content]"
    " for g in Generation.objects.select_related('message')}"
)


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama."""
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="module")
def site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that is ended and started again and again; its log has to be clean after all of it."""
    with Site(tmp_path_factory.mktemp("shutdown"), ollama.base_url, **MANY) as running:
        running.add_user("ann", admin=True)
        yield running
        assert running.stop() == 0
        check_log(running)


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    """Ann, logged in."""
    with closing(site.log_in("ann")) as logged_in:
        yield logged_in


@pytest.fixture(autouse=True)
def _runs_again(site: Site) -> Iterator[None]:
    """Each test ends the site; the next one finds it running."""
    yield
    site.start()


def ended(site: Site) -> float:
    """End the site as a supervisor does; returns how many seconds that took."""
    begun = time.monotonic()
    assert site.stop() == 0, site.log()
    took = time.monotonic() - begun
    assert took <= ENDS_WITHIN_SECONDS
    return took


def test_twenty_answers_are_kept_whole_and_their_readers_told(site, client, ollama, happened):
    ollama.always(stamped(10_000, 40))
    with crowd(site, client, STREAMS) as readers:
        for reader in readers:
            reader.begin()
        wait_until(lambda: all(reader.text for reader in readers))
        took = ended(site)
        for reader in readers:
            reader.join()
    kept = site.query(KEPT)
    for reader in readers:
        assert reader.code == 4012
        (finished,) = reader.told("generation.finished")
        assert (finished["status"], finished["reason"]) == ("interrupted", "restart")
        assert finished["end"] == [len(reader.text), 0]
        assert kept[reader.conversation] == ["interrupted", "restart", reader.text]
    happened(
        f"{STREAMS} answers kept to the last character, each reader told and closed with 4012", exit_s=took
    )


@pytest.mark.parametrize(
    "seconds", [0.3, *(pytest.param(s, marks=pytest.mark.slow_fault) for s in (0, 0.1, 0.9))]
)
def test_a_connection_is_a_moment_old(site, client, seconds, happened):
    with Tab(site, client) as tab:
        time.sleep(seconds)  # the fault: it comes at this age of the connection
        took = ended(site)
        assert tab.wait_close() == 4012
    happened("sockets of any age are closed with 4012", exit_s=took)


def request(site: Site, client: httpx.Client, *headers: str) -> bytes:
    """Return the handshake of a socket as bytes."""
    tab = Tab(site, client)
    cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
    lines = [
        f"GET /ws/conversations/{tab.conversation}/{tab._query} HTTP/1.1",
        f"Host: 127.0.0.1:{site.port}",
        f"Origin: {site.url}",
        f"Cookie: {cookie}",
        *headers,
    ]
    return "\r\n".join(lines).encode()


def test_handshakes_are_under_way(site, client, happened):
    upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13"
    whole = request(site, client, upgrade, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "", "")
    with ExitStack() as stack:
        peers = [
            stack.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=10))
            for _ in range(20)
        ]
        for number, peer in enumerate(peers):
            # Half of them to the last byte, in the very moment of the signal.
            peer.sendall(whole if number % 2 else whole[: len(whole) // 2])
        took = ended(site)
        for peer in peers:
            with suppress(ConnectionResetError):
                while peer.recv(65_536):
                    pass
    happened("half and whole handshakes in the moment of the signal hold nothing up", exit_s=took)


def log_in(client: httpx.Client, token: str) -> int:
    """Log in by the form that carries `token`; returns the answer's status."""
    form = {"csrfmiddlewaretoken": token, "login": "ann", "password": PASSWORD}
    return client.post("/accounts/login/", data=form).status_code


def test_pages_that_are_being_made_are_finished(site, happened):
    with ExitStack() as stack:
        visitors = [
            stack.enter_context(httpx.Client(base_url=site.url, trust_env=False, timeout=patience.SECONDS))
            for _ in range(2)
        ]
        pages = [visitor.get("/accounts/login/").text for visitor in visitors]
        tokens = [re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0] for page in pages]
        with ThreadPoolExecutor(2) as threads:
            before = cpu_seconds(site.pid)
            answers = threads.map(log_in, visitors, tokens)
            # Both passwords are being checked, which takes a third of a second each.
            wait_until(lambda: cpu_seconds(site.pid) - before > 0.2)
            took = ended(site)
            assert list(answers) == [httpx.codes.FOUND] * 2
    happened("two people whose passwords were just being checked were answered", exit_s=took)


@pytest.mark.slow_fault
def test_a_request_that_does_not_come_to_its_end_is_not_waited_for(site, client, happened):
    with socket.create_connection(("127.0.0.1", site.port), timeout=10) as peer:
        peer.sendall(
            b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nlogin="
        )
        # Whatever is answered behind it has been read behind it.
        assert client.get("/healthz").text == "ok"
        took = ended(site)
    happened("a form that was never sent to its end held nothing up", exit_s=took)


@pytest.mark.slow_fault
def test_a_second_signal_changes_nothing(site, client, ollama, happened):
    ollama.enqueue("kept to the last ", "character", hold("second"))
    with Tab(site, client) as tab:
        tab.ask("Long")
        tab.wait_text("character")
        os.kill(site.pid, signal.SIGTERM)
        took = ended(site)
        assert tab.wait_close() == 4012
    assert site.query(KEPT)[tab.conversation] == ["interrupted", "restart", "kept to the last character"]
    happened("a second signal in the middle of the first one's work changes nothing", exit_s=took)


@pytest.mark.slow_fault
@pytest.mark.fault(11, 26)
@pytest.mark.sqlite
def test_the_database_is_locked_meanwhile(site, client, ollama, happened):
    """What the last checkpoint has kept is there after the next start; the rest waited for the lock in vain."""
    ollama.enqueue("kept ", hold("locked"), "too late", hold("locked"))
    with Tab(site, client) as tab:
        tab.ask("Long")
        tab.wait_text("kept ")
        wait_until(lambda: site.query("GenerationChunk.objects.filter(text__gt='').count()"))
        with locked(site):
            ollama.release("locked")
            tab.wait_text("too late")
            took = ended(site)
        tab.wait_close()
    site.start()
    status, reason, text = site.query(KEPT)[tab.conversation]
    assert (status, reason, text) == ("interrupted", "process_died", "kept ")
    site.stop()
    happened("with the database locked to the end, the text up to the lock is kept", exit_s=took)
