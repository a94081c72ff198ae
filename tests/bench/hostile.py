"""An Ollama that misbehaves, beside 25 good answers: how it ends, what it costs, and what the others notice."""

import json
import random
import time
from typing import Any

import httpx

from tests.scripted_ollama import Script, tokens
from tests.site import Site, wait_until
from tests.tab import Tab

from .loads import Figures, spread
from .processes import Measurer, Scripted, cpu_seconds, new_readers, rss_mb, running_site
from .results import Outcome, Row

GOOD, RATE, COUNT = 25, 50, 300
SECONDS = 90
DRIPPED = b"".join(
    json.dumps({"message": {"content": word}, "done": word == "end"}).encode() + b"\n"
    for word in (*["word "] * 50, "end")
)
SHAPES = {
    "single bytes": Script([bytes([byte]) for byte in DRIPPED], delay=0.001, finish=False),
    "lines of 1 MB": Script(["x" * 1_000_000] * 3),
    "100,000 empty pieces": Script([tokens(100_000, 0, ""), "found"]),
    "an endless answer": Script([tokens(10**9, 0, "word " * 200)]),
    "garbage": Script([random.Random(3).randbytes(200_000)]),
}


def beside(site: Site, ollama: Scripted, script: Script | None) -> Figures:
    """Read the good answers, with a hostile one in their midst."""
    *targets, victim = new_readers(site, GOOD + 1)
    ollama.tokens(COUNT, RATE)
    plan = {"kind": "site", "targets": targets, "delays": spread(GOOD), "count": COUNT}
    memory, cpu = rss_mb(site.pid), cpu_seconds(site.pid)
    with Measurer("tests.bench.readers", plan) as readers:
        asked = ollama.chats()
        readers.go()
        # The good questions first, so that the hostile answer meets the hostile question.
        wait_until(lambda: ollama.chats() == asked + GOOD, SECONDS)
        ended = meet(site, ollama, script, victim) if script else {}
        figures: Figures = readers.result(SECONDS)
    figures |= {"cpu_s": cpu_seconds(site.pid) - cpu, "grown_mb": rss_mb(site.pid) - memory, "hostile": ended}
    return figures


def meet(site: Site, ollama: Scripted, script: Script, reader: dict[str, Any]) -> dict[str, Any]:
    """Ask and read until the answer has ended."""
    name, _, value = reader["headers"]["Cookie"].partition("=")
    with (
        httpx.Client(base_url=site.url, cookies={name: value}, trust_env=False) as client,
        Tab(site, client) as tab,
    ):
        ollama.play(script)
        begun = time.monotonic()
        tab.ask("go")
        frame = tab.wait("generation.finished", seconds=SECONDS)
        took = time.monotonic() - begun
    return {"status": frame["status"], "reason": frame["reason"], "seconds": took, "chars": len(tab.text)}


def hostile() -> Outcome:
    """Each misbehaviour in turn."""
    outcome = Outcome()
    with Scripted() as ollama, running_site(ollama.url) as site:
        beside(site, ollama, None)
        alone = beside(site, ollama, None)
        outcome.figures["none"] = alone
        usual = alone["age_ms"]["p99"]
        for name, script in SHAPES.items():
            figures = outcome.figures[name] = beside(site, ollama, script)
            outcome.rows += rows(name, figures, alone["cpu_s"], usual)
    return outcome


def rows(name: str, figures: Figures, cpu: float, usual: float) -> list[Row]:
    """What people want to know of one."""
    end, p99 = figures["hostile"], figures["age_ms"]["p99"]
    what = f"{end['status']} ({end['reason']}) after {end['seconds']:.1f} s, {end['chars']:,} characters kept"
    cost = f"{max(0, figures['cpu_s'] - cpu):.1f} s, {figures['grown_mb']:.0f} MB"
    failed = figures["failed"] + figures["lost"]
    return [
        Row(f"hostile, {name}: ended", what),
        Row(f"hostile, {name}: processor time and memory beyond the good answers'", cost),
        Row(
            f"hostile, {name}: p99 age of the {GOOD} good answers' tokens (without: {usual:.0f} ms)",
            f"{p99:.0f} ms" + (f", {failed} lost or failed" if failed else ""),
            f"≤ {2 * usual:.0f} ms",
            p99 <= 2 * usual and not failed,
        ),
    ]
