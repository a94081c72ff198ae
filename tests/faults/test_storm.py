"""Two hundred clients lose their server in the same moment, and all of them come back to the new one."""

import asyncio
import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests.bench.processes import new_readers
from tests.scripted_ollama import ScriptedOllama
from tests.site import Site

from .conftest import quiet
from .crowd import MANY
from .others import p95

pytestmark = [pytest.mark.process, pytest.mark.slow_fault, pytest.mark.fault(13)]

CLIENTS = 200
# As the page does (static/js/connection.js): a wait drawn from these after the first failure, doubled with the next.
LEAST_WAIT_SECONDS, FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.1, 2.5, 15
BACK_WITHIN_SECONDS = 60
ANSWERED_WITHIN_MS = 1000


class Client:
    """A page as its server sees it; `code` is how its socket was closed, `back` when it had its state again."""

    def __init__(self, target: dict[str, Any]) -> None:
        self.target = target
        self.code: int | None = None
        self.back = 0.0
        self.took_ms = 0.0

    async def run(self, ready: asyncio.Semaphore) -> None:
        """Be there until the server goes, and come back."""
        async with connect(**self._options()) as socket:
            await socket.recv()
            ready.release()
            try:
                while True:
                    await socket.recv()
            except ConnectionClosed:
                self.code = socket.close_code
        for failures in range(20):
            longest = min(LONGEST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2**failures)
            await asyncio.sleep(random.uniform(LEAST_WAIT_SECONDS, longest))  # what the page does
            begun = time.monotonic()
            try:
                async with connect(**self._options()) as socket:
                    await socket.recv()
            except (OSError, ConnectionClosed):
                continue
            self.back = time.monotonic()
            self.took_ms = (self.back - begun) * 1000
            return

    def _options(self) -> dict[str, Any]:
        return {
            "uri": self.target["url"],
            "additional_headers": self.target["headers"],
            "proxy": None,
            "open_timeout": BACK_WITHIN_SECONDS,
        }


async def storm(clients: list[Client], restart: threading.Event) -> None:
    """Have all of them there, tell so, and wait until all are back."""
    ready = asyncio.Semaphore(0)
    tasks = [asyncio.create_task(client.run(ready)) for client in clients]
    for _ in clients:
        await ready.acquire()
    restart.set()
    await asyncio.wait_for(asyncio.gather(*tasks), BACK_WITHIN_SECONDS)


def test_all_come_back_one_after_the_other(tmp_path: Path, happened) -> None:
    with ScriptedOllama() as ollama, Site(tmp_path, ollama.base_url, **MANY) as site, quiet(site):
        site.add_user("ann", admin=True)
        clients = [Client(target) for target in new_readers(site, CLIENTS)]
        ready = threading.Event()
        pages = threading.Thread(target=lambda: asyncio.run(storm(clients, ready)))
        pages.start()
        assert ready.wait(BACK_WITHIN_SECONDS)
        assert site.stop() == 0
        site.start()
        pages.join()
    assert {client.code for client in clients} == {4012}
    backs = [client.back for client in clients]
    assert all(backs)
    answered = p95([client.took_ms for client in clients])
    spread = max(backs) - min(backs)
    happened(
        f"{CLIENTS} clients closed with 4012 came back by themselves",
        spread_s=spread,
        snapshot_p95_ms=answered,
    )
    assert answered <= ANSWERED_WITHIN_MS
