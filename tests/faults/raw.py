"""A WebSocket client that obeys no rule: it shakes hands, and then sends whatever bytes it is given."""

import base64
import socket
import struct
from contextlib import AbstractContextManager, suppress
from typing import Self

from tests import patience
from tests.tab import Tab

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


def frame(
    opcode: int, payload: bytes = b"", *, first: int = 0x80, mask: bool = True, length: int = 0
) -> bytes:
    """Return a frame; `first` are the upper bits of its first byte, `length` another length than the payload's."""
    size = length or len(payload)
    if size < 126:
        told = bytes([size])
    else:
        told = b"\x7e" + struct.pack("!H", size) if size < 65_536 else b"\x7f" + struct.pack("!Q", size)
    if not mask:
        return bytes([first | opcode]) + told + payload
    # A key of zeroes leaves the payload as it is.
    return bytes([first | opcode, 0x80 | told[0]]) + told[1:] + bytes(4) + payload


class Raw(AbstractContextManager["Raw"]):
    """A TCP connection to the site, upgraded with the cookies and the conversation of `tab` by `connect`."""

    def __init__(self, tab: Tab) -> None:
        self._tab = tab
        self._rest = b""

    def __enter__(self) -> Self:
        self._socket = socket.create_connection(("127.0.0.1", self._tab.site.port), timeout=patience.SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def shake_hands(self, *more: bytes) -> int:
        """Ask for a socket, with more header lines than it takes; return the HTTP status of the answer."""
        cookies = "; ".join(f"{name}={value}" for name, value in self._tab.client.cookies.items())
        lines = [
            f"GET {self._tab.path} HTTP/1.1",
            f"Host: 127.0.0.1:{self._tab.site.port}",
            f"Origin: {self._tab.site.url}",
            f"Cookie: {cookies}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}",
            "Sec-WebSocket-Version: 13",
        ]
        return self.request(b"\r\n".join([*(line.encode() for line in lines), *more]) + b"\r\n\r\n")

    def request(self, head: bytes) -> int:
        """Send a request; return the HTTP status of the answer, 0 where the connection just ends."""
        self.send(head)
        self.read_until(b"\r\n\r\n")
        answer, _, self._rest = self._rest.partition(b"\r\n\r\n")
        return int(answer.split()[1]) if answer else 0

    def read_until(self, end: bytes) -> None:
        """Read on until these bytes have come, or the connection has ended."""
        with suppress(ConnectionError):
            while end not in self._rest and (piece := self._socket.recv(65_536)):
                self._rest += piece

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._socket.sendall(data)

    def frames(self) -> list[tuple[int, bytes]]:
        """Return the opcode and the payload of each frame that still comes, up to the end of the connection."""
        with suppress(ConnectionError):
            while piece := self._socket.recv(65_536):
                self._rest += piece
        found = []
        while len(self._rest) >= 2:
            size, start = self._rest[1] & 0x7F, 2
            if size == 126:
                size, start = struct.unpack_from("!H", self._rest, 2)[0], 4
            elif size == 127:
                size, start = struct.unpack_from("!Q", self._rest, 2)[0], 10
            found.append((self._rest[0] & 0x0F, self._rest[start : start + size]))
            self._rest = self._rest[start + size :]
        return found

    def close_code(self) -> int | None:
        """Return the code with which the server closes, None where it just ends the connection."""
        codes = [payload for opcode, payload in self.frames() if opcode == CLOSE]
        return struct.unpack("!H", codes[-1][:2])[0] if codes and len(codes[-1]) >= 2 else None
