"""From Stop to the end of the connection to Ollama, in every phase that has one."""

import tempfile
import time
from contextlib import closing
from pathlib import Path

import httpx

from tests.scripted_ollama import Piece, ScriptedOllama, headers, hold, load, thinking
from tests.site import Site
from tests.tab import Tab

from .readers import percentile
from .results import Outcome

TIMES = 25
PHASES: dict[str, list[Piece]] = {
    # Until it has been asked what is in memory, a site is connecting.
    "connecting": [hold("never")],
    "loading": [hold("never"), load()],
    "reading": [hold("never")],
    "reading, answer begun": [headers(), hold("never")],
    "thinking": [thinking("hm "), hold("never")],
    "writing": ["some ", hold("never")],
}


def stop_times(site: Site, client: httpx.Client, ollama: ScriptedOllama, phase: str) -> list[float]:
    """Milliseconds from the stop frame to the end of the connection, several times."""
    times = []
    for _ in range(TIMES):
        number = len(ollama.chats) + 1
        ollama.enqueue(*PHASES[phase])
        with Tab(site, client) as tab:
            started = tab.ask("go")
            ollama.wait_chat(number)
            ollama.wait_held("never")
            tab.wait("generation.status", phase=phase.partition(",")[0])
            begun = time.monotonic()
            tab.stop(started["generation"])
            closed = ollama.wait_closed(number).closed
            assert closed
            times.append((closed - begun) * 1000)
            tab.wait("generation.finished")
    return times


def queued_times(site: Site, client: httpx.Client, ollama: ScriptedOllama) -> list[float]:
    """Milliseconds from the stop frame to the word that the answer has ended, of one that waits in the queue."""
    times = []
    ollama.enqueue("some ", hold("never"))
    with Tab(site, client) as running:
        blocking = running.ask("go")
        running.wait_text("some ")
        for _ in range(TIMES):
            with Tab(site, client) as tab:
                started = tab.ask("go")
                begun = time.monotonic()
                tab.stop(started["generation"])
                tab.wait("generation.finished")
                times.append((time.monotonic() - begun) * 1000)
        running.stop(blocking["generation"])
        running.wait("generation.finished")
    return times


def stop() -> Outcome:
    """Stop in each phase."""
    outcome = Outcome()
    with (
        tempfile.TemporaryDirectory() as data,
        ScriptedOllama() as ollama,
        Site(Path(data), ollama.base_url, OLLAMA_NUM_PARALLEL="1") as site,
    ):
        site.add_user("bench", admin=True)
        with closing(site.log_in("bench")) as client:
            seen = {phase: stop_times(site, client, ollama, phase) for phase in PHASES}
            queued = queued_times(site, client, ollama)
    for phase, times in seen.items():
        name = f"Stop to the end of the connection, {phase}"
        outcome.add(f"{name}, p50 of {TIMES}", percentile(times, 0.5), "ms")
        outcome.add(f"{name}, p95", percentile(times, 0.95), "ms", 20)
    outcome.add("Stop while queued to the end of the answer, p95", percentile(queued, 0.95), "ms")
    outcome.figures = {phase: sorted(times) for phase, times in (seen | {"queued": queued}).items()}
    return outcome
