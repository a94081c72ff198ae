"""The bad network of this suite does what it says."""

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.site import wait_until

from .proxy import Proxy


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_echo, args=(server,), daemon=True).start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)


def _echo(server: socket.socket) -> None:
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_repeat, args=(connection,), daemon=True).start()


def _repeat(connection: socket.socket) -> None:
    with suppress(OSError), connection:
        while piece := connection.recv(1000):
            connection.sendall(piece)


@pytest.fixture
def proxy(echo: int) -> Iterator[Proxy]:
    """A proxy before it."""
    with Proxy(echo) as running:
        yield running


def connect(proxy: Proxy) -> socket.socket:
    """Return a client that waits no longer than is decent."""
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=10)


def read(client: socket.socket, count: int) -> bytes:
    """Return the next `count` bytes, or what came before the end."""
    found = b""
    while len(found) < count and (piece := client.recv(count - len(found))):
        found += piece
    return found


def test_proxy_passes_on_and_counts_its_connections(proxy):
    with connect(proxy) as client:
        client.sendall(b"hello")
        assert read(client, 5) == b"hello"
        assert proxy.connections == 1
    wait_until(lambda: proxy.connections == 0)


@pytest.mark.parametrize("reset", [False, True])
def test_proxy_cuts_at_the_byte(proxy, reset):
    proxy.cut_after(4, reset=reset)
    with connect(proxy) as client:
        client.sendall(b"abc")
        assert read(client, 3) == b"abc"
        client.sendall(b"def")
        if reset:
            with pytest.raises(ConnectionResetError):
                read(client, 10)
        else:
            assert read(client, 10) == b"d"
    proxy.cut_after(None)
    with connect(proxy) as client:
        client.sendall(b"abcdef")
        assert read(client, 6) == b"abcdef"


def test_proxy_cuts_what_is_open_and_refuses_what_comes(proxy):
    with connect(proxy) as client:
        client.sendall(b"a")
        read(client, 1)
        proxy.cut()
        assert client.recv(1) == b""
    proxy.refuse()
    with pytest.raises(ConnectionResetError), connect(proxy) as client:
        client.recv(1)
    proxy.accept()
    with connect(proxy) as client:
        client.sendall(b"b")
        assert read(client, 1) == b"b"


def test_proxy_swallows_in_silence_and_never_fills_the_gap(proxy):
    with connect(proxy) as lost, connect(proxy) as other:
        for client in (lost, other):
            client.sendall(b"1")
            read(client, 1)
        proxy.black_hole()
        lost.sendall(b"2")
        lost.settimeout(0.2)
        with pytest.raises(TimeoutError):
            lost.recv(1)
        proxy.let_through()
        lost.sendall(b"3")
        with pytest.raises(TimeoutError):
            lost.recv(1)
        other.sendall(b"4")
        assert read(other, 1) == b"4"
        assert proxy.connections == 2


def test_proxy_drips_and_is_late(proxy):
    proxy.drip, proxy.latency = 400, 0.05
    with connect(proxy) as client:
        client.sendall(b"x" * 100)
        assert 0 < len(client.recv(100)) < 100
        assert len(read(client, 60)) == 60
