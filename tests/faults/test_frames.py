"""Frames that are no commands, bytes that are no frames, handshakes that are none.

Each gets an answer or an end, and never makes an error of the server's.
"""

import json
import struct
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations import commands
from tests.tab import Tab

from .raw import BINARY, CLOSE, PING, PONG, TEXT, Raw, frame

pytestmark = pytest.mark.process

MIB = 1024
# Far more than waits in the buffers of two sockets.
BODY = 200_000_000
CODES = {
    "bad_frame",
    "too_large",
    "empty",
    "too_long",
    "unknown_type",
    "not_found",
    "unknown_model",
    "bad_option",
}
# So many bad ones does a socket bear.
FRAMES = 9
COMMANDS = sorted(str(command.__struct_config__.tag) for command in commands.Command.__subclasses__())
FIELDS = [
    "client_id",
    "text",
    "message",
    "parent",
    "model",
    "options",
    "system",
    "attachments",
    "think",
    "end",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None), max_size=20)
    | st.uuids().map(str)
    | st.sampled_from([-1, 2**63, 2**64, 10**400, "\x00", "\ud83d", "\u202e", "__class__", "../x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=3),
    max_leaves=5,
)
# Frames of a known type without what that type needs.
ALMOST = st.builds(
    lambda type_, fields: json.dumps({**fields, "type": type_}),
    st.sampled_from([name for name in COMMANDS if name not in {"ping", "resync"}]),
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4),
)
NONSENSE = (
    st.text(max_size=50)
    | st.binary(max_size=50)
    | VALUES.map(json.dumps)
    | st.builds('{{"type": "{}", "type": {}}}'.format, st.sampled_from(COMMANDS), VALUES.map(json.dumps))
    | st.integers(1, 100_000).map(lambda depth: "[" * depth)
    | st.integers(0, 300_000).map(lambda size: json.dumps({"type": "x" * size}))
)
# Whatever it is, the connection is dropped: no browser sends it, and whoever does has no use for a reason.
BAD = {
    "unmasked": frame(TEXT, b"{}", mask=False),
    "first reserved bit": frame(TEXT, b"{}", first=0xC0),
    "other reserved bits": frame(TEXT, b"{}", first=0xB0),
    "reserved opcode": frame(3),
    "reserved control opcode": frame(11),
    "a length of 2^63 - 1": frame(TEXT, b"x", length=2**63 - 1),
    "a length of 2^63": frame(TEXT, b"x", length=2**63),
    "a length in too many bytes": b"\x81\xfe\x00\x02" + bytes(4) + b"{}",
    "two megabytes": frame(TEXT, b"x" * 2 * 1024 * MIB),
    "the middle of nothing": frame(0, b"x"),
    "a message inside another": frame(TEXT, b"a", first=0) + frame(TEXT, b"b"),
    "fragments of a byte": frame(TEXT, b"a", first=0) + frame(0, b"a", first=0) * 200_000,
    "fragments of nothing": frame(TEXT, first=0) + frame(0, first=0) * 200_000,
    "fragments of a kilobyte": frame(BINARY, b"a" * 1000, first=0) + frame(0, b"a" * 1000, first=0) * 3000,
    "a flood of pings": frame(PING, b"x" * 125) * 20_000,
    "a long ping": frame(PING, b"x" * 126),
    "a ping in pieces": frame(PING, b"x", first=0),
    "bad UTF-8": frame(TEXT, b"\xff\xfe"),
    "bad UTF-8 across fragments": frame(TEXT, b"\xe4\xb8", first=0) + frame(0, b"{"),
    "a surrogate in UTF-8": frame(TEXT, b"\xed\xa0\x80"),
    "the code 0": frame(CLOSE, struct.pack("!H", 0)),
    "the code 999": frame(CLOSE, struct.pack("!H", 999)),
    "the code 1005": frame(CLOSE, struct.pack("!H", 1005)),
    "the code 65535": frame(CLOSE, struct.pack("!H", 65_535)),
    "half a code": frame(CLOSE, b"x"),
    "a reason of bad UTF-8": frame(CLOSE, struct.pack("!H", 1000) + b"\xff"),
    "a long reason": frame(CLOSE, b"x" * 126),
    "HTTP again": b"GET / HTTP/1.1\r\n\r\n",
    "all bytes": bytes(range(256)) * 10,
}
HEADERS = {
    b"Sec-WebSocket-Protocol: \xff\xfe": 101,
    b"Sec-WebSocket-Protocol: a, %ff": 101,
    b"Daphne-Root-Path: /\xe4\xb8": 101,
    b"Sec-WebSocket-Extensions: \xff; \xfe=1": 101,
    b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99": 400,
    b"Accept-Language: \xff": 101,
    b"X-Forwarded-Proto: \xff": 101,
    b"Cookie: \xff=\xff": 101,
    b"Host: [": 400,
    b"Origin: http://[::1": 400,
    b"Sec-WebSocket-Version: \xff": 400,
    b"Sec-WebSocket-Key: \xff": 400,
    b"\xff: name": 400,
    b"a b: name": 400,
    b"no colon": 400,
}
REQUESTS = {
    b"G\xffT / HTTP/1.1": 400,
    b"GET /\xff HTTP/1.1": 400,
    b"GET /?\xff HTTP/1.1": 400,
    b"GET / HTTP/1.\xff": 400,
    b"GET / HTTP/9.9": 400,
    b"\x00": 400,
    b"GET http://[/ HTTP/1.1": 404,
    b"GET /%ff%00 HTTP/1.1": 404,
    b"OPTIONS * HTTP/1.1": 404,
    b"CONNECT a:1 HTTP/1.1": 404,
}


@pytest.fixture(scope="module")
def tab(site, client):
    """A tab that sees all of it happen to others."""
    with Tab(site, client) as tab:
        tab.wait("snapshot")
        yield tab
        tab.send("ping")
        tab.wait("pong")


def bear(site: Any, client: Any, frames: list[str | bytes]) -> None:
    """Send frames on a socket of their own; each has to be answered, and the socket to be there afterwards."""
    with Tab(site, client) as tab:
        tab.wait("snapshot")
        for bad in frames:
            tab.send_raw(bad)
        tab.send("ping")
        tab.wait("pong")
    errors = [found for found in tab.frames if found["type"] == "error"]
    assert [found["type"] for found in tab.frames] == ["snapshot", *["error"] * len(frames), "pong"]
    assert {found["code"] for found in errors} <= CODES
    assert all(found["text"] for found in errors)


def fuzz(site: Any, client: Any, rounds: int) -> None:
    """Send random frames, on a new socket each round."""

    @settings(
        max_examples=rounds,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(NONSENSE | ALMOST, min_size=FRAMES, max_size=FRAMES))
    def play(frames: list[str | bytes]) -> None:
        bear(site, client, frames)

    play()


@pytest.mark.fault(33)
def test_frames_that_are_no_commands_are_answered_and_the_socket_lives(site, client, happened):
    fuzz(site, client, 25)
    happened("Each got a typed error, and the socket answered the next ping.", frames=25 * FRAMES)


@pytest.mark.fault(33)
@pytest.mark.slow_fault
def test_thousands_of_frames_that_are_no_commands(site, client, happened):
    fuzz(site, client, 230)
    happened("Each got a typed error, and the socket answered the next ping.", frames=230 * FRAMES)


@pytest.mark.fault(34)
@pytest.mark.parametrize("name", BAD)
def test_bytes_that_are_no_frames_end_their_connection_and_cost_nothing(site, tab, happened, name):
    with Raw(tab) as raw:
        assert raw.shake_hands() == 101
        before = site.rss_kib()
        # The connection may end before all of it has gone out.
        with suppress(ConnectionError):
            raw.send(BAD[name])
        assert raw.close_code() is None
    grown = site.rss_kib() - before
    assert grown < 8 * MIB
    happened("The connection was dropped at once; others noticed nothing.", grown_kib=max(grown, 0))


@pytest.mark.fault(34)
@pytest.mark.parametrize("payload", [b"", struct.pack("!H", 1000), struct.pack("!H", 3000) + "再见".encode()])
def test_a_decent_goodbye_is_answered(tab, payload):
    with Raw(tab) as raw:
        assert raw.shake_hands() == 101
        raw.send(frame(CLOSE, payload))
        assert raw.close_code() == 1000


@pytest.mark.fault(34)
def test_pings_and_fragments_of_a_decent_peer_are_answered(tab):
    with Raw(tab) as raw:
        assert raw.shake_hands() == 101
        raw.send(frame(TEXT, b'{"type":', first=0) + frame(PING, b"here?") + frame(0, b'"ping"}'))
        raw.read_until(b'"pong"')
        raw.send(frame(CLOSE))
        frames = raw.frames()
    assert (PONG, b"here?") in frames
    assert any(b'"pong"' in payload for opcode, payload in frames if opcode == TEXT)


@pytest.mark.fault(34)
def test_headers_of_any_bytes_get_an_answer_of_the_protocol(tab, happened):
    statuses = {}
    for header in HEADERS:
        with Raw(tab) as raw:
            statuses[header] = raw.shake_hands(header)
    assert statuses == HEADERS
    happened("Handshakes with headers of any bytes: accepted, 400 or 403.", handshakes=len(statuses))


@pytest.mark.fault(34)
def test_requests_of_any_bytes_get_an_answer_of_the_protocol(tab, happened):
    statuses = {}
    for line in REQUESTS:
        with Raw(tab) as raw:
            statuses[line] = raw.request(
                line + b"\r\nHost: 127.0.0.1\r\nDaphne-Root-Path: \xff\r\nConnection: close\r\n\r\n"
            )
    assert statuses == REQUESTS
    happened("Requests of any bytes: 400 or 404.", requests=len(statuses))


@pytest.mark.fault(34)
@pytest.mark.parametrize("framing", ["Content-Length: 1000000000", "Transfer-Encoding: chunked"])
def test_a_body_without_end_is_refused_before_it_fills_the_disk(site, tab, happened, framing):
    piece = b"x" * 100_000
    if "chunked" in framing:
        piece = b"%x\r\n%s\r\n" % (len(piece), piece)
    sent = 0
    before = site.rss_kib()
    with Raw(tab) as raw:
        raw.send(f"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n{framing}\r\n\r\n".encode())
        with suppress(ConnectionError):
            while sent < BODY:
                raw.send(piece)
                sent += len(piece)
    assert sent < BODY
    assert site.rss_kib() - before < 16 * MIB
    happened("The connection ended soon.", sent_mb=sent / 1e6)
