"""One load on one server: answers read side by side, and what they cost the server."""

import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx

from tests.scripted_ollama import ScriptedOllama
from tests.site import Site, wait_until

from .processes import START_SECONDS, Measurer, Scripted, cpu_seconds, new_readers, program

STREAMS, RATE, COUNT = 50, 50, 500
Figures = dict[str, Any]


def spread(streams: int, seconds: float = 1) -> list[float]:
    """When each question is asked: at random within that time, the same in every run."""
    numbers = random.Random(1)
    return [numbers.random() * seconds for _ in range(streams)]


def read(
    kind: str, targets: list[Any], ollama: Scripted, load: tuple[int, float], server: int, delays: list[float]
) -> Figures:
    """Read `load` (tokens, tokens a second) from each target; `server` is the process that pays."""
    count, rate = load
    ollama.tokens(count, rate)
    plan = {"kind": kind, "targets": targets, "delays": delays, "count": count}
    with Measurer("tests.bench.readers", plan) as readers:
        server = server or readers.pid
        before, wrote = cpu_seconds(server), cpu_seconds(ollama.pid)
        readers.go()
        figures: Figures = readers.result(60 + max(delays) + (count / rate if rate else 60))
        spent = figures["cpu_s"] if server == readers.pid else cpu_seconds(server) - before
        figures |= {
            "cpu_us_per_token": round(spent / max(1, figures["tokens"]) * 1e6, 1),
            "server_cpu_s": round(spent, 3),
            "ollama_cpu_s": round(cpu_seconds(ollama.pid) - wrote, 2),
            "rate": rate,
            "count": count,
        }
    return figures


def read_site(
    site: Site,
    ollama: Scripted,
    streams: int = STREAMS,
    load: tuple[int, float] = (COUNT, RATE),
    delays: list[float] | None = None,
) -> Figures:
    """Read that many answers of the site, each in a new conversation of another person."""
    targets = new_readers(site, streams)
    return read("site", targets, ollama, load, site.pid, delays or spread(streams))


@contextmanager
def server(module: str, ollama: str) -> Iterator[tuple[int, int]]:
    """Run one of the servers to compare with; gives its process id and port."""
    with ScriptedOllama() as nobody:
        port = nobody.port
    with program(module, ollama, str(port)) as process:

        def answers() -> bool:
            with suppress(httpx.TransportError):
                return bool(httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code)
            return False

        wait_until(answers, START_SECONDS)
        yield process.pid, port


def sound(figures: Figures) -> bool:
    """Whether every answer came to its end, whole."""
    return not (figures["lost"] or figures["failed"] or figures["broken"])
