"""After many answers with all kinds of ends the server holds what it held before them, and no more."""

import itertools
import os
import signal
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.scripted_ollama import Piece, ScriptedOllama, cut, error, hold, json_error, reset, thinking, tokens
from tests.site import Site, wait_until
from tests.tab import Tab

from .conftest import quiet
from .crowd import MANY
from .people import logged_in

pytestmark = [pytest.mark.process, pytest.mark.fault(32)]

SHIM = Path(__file__).parent / "tasks"
NEVER = hold("never")
PAGES_AT_ONCE = 8
IN_ONE_CONVERSATION = 10
MOST_GROWN_KIB = 8 * 1024

# What the model says, and what somebody does then.
ENDS: dict[str, tuple[list[Piece], str]] = {
    "completed": (["Hello ", "there"], ""),
    "stopped before a word": ([NEVER], "stop"),
    "stopped while it thinks": ([thinking("Hm"), NEVER], "stop"),
    "stopped while it writes": (["begun ", NEVER], "stop"),
    "stopped in full flow": ([tokens(100_000, 500)], "stop"),
    "failed": (["begun ", error("no more")], ""),
    "missing": ([], ""),
    "cut": (["begun ", cut()], ""),
    "reset": (["begun ", reset()], ""),
    "nonsense": ([b"<html>"], ""),
    "left alone": (["begun ", tokens(5, 100)], "leave"),
    "deleted": (["begun ", NEVER], "delete"),
}


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama."""
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="module")
def site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose tasks can be counted."""
    directory = tmp_path_factory.mktemp("leaks")
    shim = {"PYTHONPATH": str(SHIM), "TASKS_FILE": str(directory / "tasks")}
    with Site(directory / "data", ollama.base_url, **MANY, **shim) as running, quiet(running):
        yield running


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    """Ann, logged in."""
    with logged_in(site, "ann") as (ann,):
        yield ann


@dataclass(frozen=True)
class Held:
    """What the server holds: unfinished tasks, threads, descriptors, connections to Ollama, memory in KiB."""

    tasks: int
    threads: int
    descriptors: int
    connections: int
    memory: int


def held(site: Site, ollama: ScriptedOllama) -> Held:
    """Count it."""
    file = site.data_dir.parent / "tasks"
    file.unlink(missing_ok=True)
    os.kill(site.pid, signal.SIGUSR1)
    wait_until(file.exists)
    proc = Path(f"/proc/{site.pid}")
    return Held(
        int(file.read_text()),
        len(list((proc / "task").iterdir())),
        len(list((proc / "fd").iterdir())),
        ollama.open_connections,
        site.rss_kib(),
    )


def generate(site: Site, client: httpx.Client, ollama: ScriptedOllama, count: int) -> None:
    """Have so many answers, of all ends by turns, some in each conversation."""
    ends = itertools.islice(itertools.cycle(ENDS), count)
    while some := list(itertools.islice(ends, IN_ONE_CONVERSATION)):
        tab = Tab(site, client)
        tab.open()
        for end in some:
            tab = one(site, client, ollama, tab, end)
        tab.close()


def one(site: Site, client: httpx.Client, ollama: ScriptedOllama, tab: Tab, end: str) -> Tab:
    """Have an answer; returns the tab to go on with."""
    pieces, then = ENDS[end]
    if end == "missing":
        ollama.play(json_error(404, "model 'internlm2:1.8b' not found"))
    else:
        ollama.enqueue(*pieces)
    asked = len(ollama.chats)
    generation = tab.ask(uuid.uuid4().hex)["generation"]
    ollama.wait_chat(asked + 1)
    if pieces and pieces[0] == "begun ":
        tab.wait_text("begun ")
    if then == "stop":
        tab.stop(generation)
    if then in ("", "stop"):
        tab.wait("generation.finished", generation=generation)
        return tab
    tab.close()
    if then == "delete":
        site.post(client, f"/c/{tab.conversation}/delete")
    ollama.wait_closed(asked + 1)
    new = Tab(site, client)
    new.open()
    return new


def pages_at_once(client: httpx.Client) -> None:
    """Open as many pages at once as there are threads for them, which come with the first need."""
    with ThreadPoolExecutor(PAGES_AT_ONCE) as threads:
        answers = threads.map(client.get, ["/"] * 4 * PAGES_AT_ONCE)
    assert all(answer.is_success for answer in answers)


@pytest.mark.parametrize(
    ("before", "count"),
    [(24, 48), pytest.param(400, 1000, marks=pytest.mark.slow_fault)],
    ids=["few", "many"],
)
def test_answers_of_all_ends_leave_nothing_behind(site, client, ollama, before, count, happened):
    pages_at_once(client)
    generate(site, client, ollama, before)
    first = settled(site, ollama)
    generate(site, client, ollama, count)
    last = settled(site, ollama, first)
    grown = last.memory - first.memory
    happened(
        f"{count} answers with {len(ENDS)} kinds of ends: tasks, threads, descriptors and connections as before",
        tasks=last.tasks,
        threads=last.threads,
        descriptors=last.descriptors,
        connections=last.connections,
        grown_kib=grown,
    )
    assert grown <= MOST_GROWN_KIB


def settled(site: Site, ollama: ScriptedOllama, most: Held | None = None) -> Held:
    """Return what the server holds once no answer is on its way, and, where given, it is no more than `most`."""
    wait_until(lambda: site.query("Generation.objects.live().count()") == 0)
    now = held(site, ollama)

    def is_down() -> bool:
        nonlocal now
        now = held(site, ollama)
        return most is None or all(
            getattr(now, name) <= getattr(most, name)
            for name in ("tasks", "threads", "descriptors", "connections")
        )

    # Connections rest a while after their last use.
    wait_until(is_down, 30, lambda: f"{now} after {most}")
    return now
