"""One load on one server: answers read side by side, and what they cost the server."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import httpx

from tests.scripted_ollama import ScriptedOllama
from tests.site import Site, wait_until

from .processes import (
    START_SECONDS,
    Measurer,
    Sampler,
    Scripted,
    cpu_seconds,
    new_callers,
    new_readers,
    program,
)

STREAMS, RATE, COUNT = 50, 50, 500
Figures = dict[str, Any]


def spread(streams: int, seconds: float = 1) -> list[float]:
    """When each question is asked: at random within that time, the same in every run."""
    numbers = random.Random(1)
    return [numbers.random() * seconds for _ in range(streams)]


@dataclass(frozen=True)
class Load:
    """What each answer is (tokens, tokens a second), when each is asked for, and the parts of the run whose cost is
    wanted on its own (from, to, in seconds)."""

    count: int = COUNT
    rate: float = RATE
    delays: Sequence[float] = ()
    windows: Sequence[tuple[float, float]] = ()


def read(kind: str, targets: list[Any], ollama: Scripted, load: Load, server: int = 0) -> Figures:
    """Read that load from each target; `server` is the process that pays (0: the reading one)."""
    delays = load.delays or spread(len(targets))
    ollama.tokens(load.count, load.rate)
    plan = {"kind": kind, "targets": targets, "delays": delays, "count": load.count}
    with Measurer("tests.bench.readers", plan) as readers:
        payer = server or readers.pid
        before, wrote = cpu_seconds(payer), cpu_seconds(ollama.pid)
        with Sampler(payer) as sampler:
            readers.go()
            figures: Figures = readers.result(60 + max(delays) + load.count / load.rate)
        spent = cpu_seconds(payer) - before
        busy = [sampler.share(*window) / len(targets) / load.rate for window in load.windows]
        return figures | {
            "cpu_us_per_token": round(spent / max(1, figures["tokens"]) * 1e6, 1),
            "window_us_per_token": [round(share * 1e6, 1) for share in busy],
            "server_cpu_s": round(spent, 3),
            "threads": sampler.most_threads,
            "ollama_cpu_s": round(cpu_seconds(ollama.pid) - wrote, 2),
            "rate": load.rate,
            "count": load.count,
        }


def read_site(site: Site, ollama: Scripted, streams: int = STREAMS, load: Load | None = None) -> Figures:
    """Read that many answers of the site, each in a new conversation of another person."""
    return read("site", new_readers(site, streams), ollama, load or Load(), site.pid)


def read_api(site: Site, ollama: Scripted, streams: int = STREAMS, load: Load | None = None) -> Figures:
    """Read that many answers as events, each in a new conversation of another person."""
    return read("api", new_callers(site, streams), ollama, load or Load(), site.pid)


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
