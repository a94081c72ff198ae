"""Clients that mean no good, a process of its own: `python -m tests.faults.hostile`, steered like the benchmark's.

The plan (JSON): `port`, `head` (a handshake without its request line), `path` (of a socket), `kinds` (how many of each
function of KINDS), `ack` (an acknowledgement of the answer that is on its way there). A line is printed when all of
them are there. They go on until the next line of input; then what they met is printed, JSON: per kind how many
connections were made, and with which codes they ended.
"""

import asyncio
import json
import socket
import struct
import sys
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

from .raw import TEXT, frame

RECEIVE_BUFFER = 4096
# Whoever was let go comes back as a page does.
AGAIN_SECONDS = 1.0
START_SECONDS = 60
PER_SECOND = 1000
CLOSE = b"\x88\x02"

PING = frame(TEXT, b'{"type": "ping"}')
NONSENSE = frame(TEXT, b"{")
RESYNC = frame(TEXT, b'{"type": "resync"}')

made: Counter[str] = Counter()
ends: defaultdict[str, Counter[str]] = defaultdict(Counter)


class Enemy:
    """One of them, again and again on a new connection."""

    def __init__(self, kind: str, plan: dict[str, Any]) -> None:
        self.kind = kind
        self.plan = plan
        self.loop = asyncio.get_running_loop()
        self.there = asyncio.Event()

    async def run(self) -> None:
        """Be hostile for ever."""
        while True:
            self.socket = socket.socket()
            with self.socket, suppress(OSError):
                self.socket.setblocking(False)
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
                await self.loop.sock_connect(self.socket, ("127.0.0.1", self.plan["port"]))
                made[self.kind] += 1
                await KINDS[self.kind](self)
            await asyncio.sleep(AGAIN_SECONDS)  # its pace

    async def shake_hands(self) -> None:
        """Ask for a socket, and read the answer to that alone."""
        await self.send(f"GET {self.plan['path']} HTTP/1.1\r\n{self.plan['head']}".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += await self.loop.sock_recv(self.socket, 1)
            if not answer:
                raise ConnectionResetError
        self.there.set()

    async def send(self, data: bytes) -> None:
        """Send all of it."""
        await self.loop.sock_sendall(self.socket, data)

    async def repeat(self, data: bytes, every: float) -> None:
        """Send the same again and again until the connection ends; note its code."""
        sending = asyncio.create_task(self._repeat(data, every))
        last = b""
        with suppress(OSError):
            while piece := await self.loop.sock_recv(self.socket, 65_536):
                last = (last + piece)[-4:]
        sending.cancel()
        ends[self.kind][str(struct.unpack("!H", last[2:])[0]) if last[:2] == CLOSE else "cut"] += 1

    async def _repeat(self, data: bytes, every: float) -> None:
        with suppress(OSError):
            while True:
                await self.send(data)
                await asyncio.sleep(every)  # its pace


async def silent(enemy: Enemy) -> None:
    """Join, and never read, nor answer a ping."""
    await enemy.shake_hands()
    await asyncio.sleep(3600)  # until the process is ended: nothing is what it does


async def greedy(enemy: Enemy) -> None:
    """Never read, but tell that all has come, and ask for the state again and again."""
    await enemy.shake_hands()
    with suppress(OSError):
        while True:
            await enemy.send(frame(TEXT, enemy.plan["ack"].encode()) + RESYNC)
            await asyncio.sleep(0.2)  # its pace


async def flood(enemy: Enemy) -> None:
    """Send a thousand frames a second."""
    await enemy.shake_hands()
    await enemy.repeat(PING * (PER_SECOND // 10), 0.1)


async def nonsense(enemy: Enemy) -> None:
    """Send what is no command, slowly enough to be no flood."""
    await enemy.shake_hands()
    await enemy.repeat(NONSENSE, 0.1)


async def slow(enemy: Enemy) -> None:
    """Shake hands a byte at a time, and never come to the end."""
    enemy.there.set()
    for byte in f"GET {enemy.plan['path']} HTTP/1.1\r\nX: {'x' * 3600}".encode():
        await enemy.send(bytes([byte]))
        await asyncio.sleep(0.2)  # its pace


async def idle(enemy: Enemy) -> None:
    """Join, read, and do nothing."""
    await enemy.shake_hands()
    while await enemy.loop.sock_recv(enemy.socket, 65_536):
        pass


KINDS: dict[str, Callable[[Enemy], Awaitable[None]]] = {
    kind.__name__: kind for kind in (silent, greedy, flood, nonsense, slow, idle)
}


async def main() -> None:
    """Prepare, wait for the word, be hostile until the next word, tell."""
    plan = json.loads(await asyncio.to_thread(sys.stdin.readline))
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    enemies = [Enemy(kind, plan) for kind, count in plan["kinds"].items() for _ in range(count)]
    tasks = [asyncio.create_task(enemy.run()) for enemy in enemies]
    async with asyncio.timeout(START_SECONDS):
        for enemy in enemies:
            await enemy.there.wait()
    print(json.dumps(made), flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    print(json.dumps({"made": made, "ends": ends}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
