"""What people notice who have nothing to do with a fault: the age of their tokens, pages, answers to a ping."""

import time
from threading import Event, Thread

import httpx

from tests.scripted_ollama import ScriptedOllama, stamped
from tests.site import Site, wait_until
from tests.tab import Tab

from .crowd import Reader, crowd

STREAMS = 3
RATE = 30
EVERY_SECONDS = 0.2
_WRAP = 10**8

Figures = dict[str, float]


def ages_ms(reader: Reader) -> list[float]:
    """Return how old each token was when its reader got it."""
    ages = []
    for (at, _), delta in zip(reader.arrivals, reader.told("generation.delta"), strict=True):
        now = int(at * 10_000)
        ages += [(now - int(stamp)) % _WRAP / 10 for stamp in delta["text"].split()]
    return ages


def p95(values: list[float]) -> float:
    """Return the value below which 95 of 100 lie."""
    return sorted(values)[int(len(values) * 0.95)]


class Visitor:
    """Opens a page and pings in a socket every now and then, in a thread of its own."""

    def __init__(self, site: Site, client: httpx.Client) -> None:
        self.pages_ms: list[float] = []
        self.pongs_ms: list[float] = []
        self._site, self._client = site, client
        self._over = Event()
        self._thread = Thread(target=self._visit, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; every visit so far has been answered."""
        self._over.set()
        self._thread.join()

    def _visit(self) -> None:
        with Tab(self._site, self._client) as tab:
            tab.wait("snapshot")
            while not self._over.wait(EVERY_SECONDS):
                begun = time.monotonic()
                assert self._client.get("/").is_success
                self.pages_ms.append((time.monotonic() - begun) * 1000)
                begun = time.monotonic()
                tab.send("ping")
                tab.wait("pong")
                self.pongs_ms.append((time.monotonic() - begun) * 1000)


def noticed(site: Site, client: httpx.Client, ollama: ScriptedOllama, seconds: float) -> Figures:
    """Read some answers, open pages and ping for so long; return the 95th percentiles in milliseconds."""
    for _ in range(STREAMS):
        ollama.enqueue(stamped(int(seconds * RATE), RATE))
    visitor = Visitor(site, client)
    with crowd(site, client, STREAMS) as readers:
        visitor.start()
        for reader in readers:
            reader.begin()
        wait_until(lambda: all(reader.told("generation.finished") for reader in readers), seconds + 30)
        visitor.stop()
        for reader in readers:
            assert len(reader.text) == int(seconds * RATE) * 9
    ages = [age for reader in readers for age in ages_ms(reader)]
    return {"age_ms": p95(ages), "page_ms": p95(visitor.pages_ms), "pong_ms": p95(visitor.pongs_ms)}
