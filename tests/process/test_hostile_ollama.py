"""Ollamas that misbehave, all at once on one site: each answer ends, is kept, and costs others nothing they notice."""

import html
import json
import os
import random
import re
import time
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from django.utils import translation
from websockets.exceptions import ConnectionClosed

from conversations import outcomes
from conversations.socket import TOO_SLOW
from tests.scripted_ollama import Script, ScriptedOllama, thinking, tokens
from tests.site import Site
from tests.tab import Tab

pytestmark = [pytest.mark.process, pytest.mark.slow]

LIMIT = 1_000_000
MIB = 1024
CPU_SECONDS = 60
GOOD = "水滴石穿，" * 20
GOOD_SCRIPT = Script([tokens(100, 20, GOOD)])
GARBAGE = random.Random(3).randbytes(200_000)
DRIPPED = b"".join(
    json.dumps({"message": {"content": word}, "done": word == "。"}, ensure_ascii=False).encode() + b"\n"
    for word in ("涓涓", "细流", "。")
)


def flood() -> bytes:
    """Return 100 MB of blanks, compressed to a hundred KB."""
    packer = zlib.compressobj()
    return b"".join(packer.compress(b" " * 1_000_000) for _ in range(100)) + packer.flush()


class Shape(NamedTuple):
    """What an Ollama sends, and the end that it makes: status, reason, code of the sentence, what is kept."""

    script: Script
    status: str = "completed"
    reason: str = "stop"
    code: str = ""
    text: str = ""
    thinking: str = ""


def foreign(text: str, *pieces: Any, **fields: Any) -> Shape:
    """Return the shape of an answer that is not Ollama's from some point on."""
    return Shape(Script([*pieces], **fields), "failed", "ollama_error", "ollama_foreign", text)


SHAPES = {
    "single bytes": Shape(
        Script([bytes([byte]) for byte in DRIPPED], delay=0.001, finish=False), text="涓涓细流。"
    ),
    "one line of a megabyte": Shape(Script(["x" * LIMIT]), text="x" * LIMIT),
    "100,000 empty pieces": Shape(Script([tokens(100_000, 0, ""), "found"]), text="found"),
    "thinking and writing by turns": Shape(
        Script([thinking("t"), "w"] * 3000), text="w" * 3000, thinking="t" * 3000
    ),
    "text without end": Shape(
        Script([tokens(10**9, 0, "长" * 999)]), "stopped", "limit", "limit", "长" * LIMIT
    ),
    "thinking without end": Shape(
        Script([thinking("x" * 300_000)] * 9), "stopped", "limit", "limit", thinking="x" * LIMIT
    ),
    "a line without end": foreign("kept ", "kept ", b'{"message":{"content":"', *[b"x" * 1_000_000] * 9),
    "garbage": foreign("", GARBAGE),
    "garbage in between": foreign(
        "kept ", "kept ", GARBAGE[:999].replace(b"\n", b" ") + b"\n", "never shown"
    ),
    "a compressed flood": foreign("", flood(), headers={"Content-Encoding": "deflate"}),
    "nesting without end": foreign("", b'{"message":' * 90_000 + b"\n"),
}


def case(name: str) -> pytest.MarkDecorator:
    """Return which fault a shape is."""
    if SHAPES[name].code == "ollama_foreign":
        return pytest.mark.fault(16)
    return pytest.mark.fault(19) if SHAPES[name].code == "limit" else pytest.mark.fault(18)


class Ended(NamedTuple):
    """How a tab saw an answer end, and how long that took."""

    tab: Tab
    frame: dict[str, Any]
    seconds: float


class Met(NamedTuple):
    """All answers of the hour, the good one's, and what they cost in memory (KiB) and in time of the processor (s)."""

    shapes: dict[str, Ended]
    good: Ended
    grown: int
    cpu: float


@pytest.fixture(scope="module")
def site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site where one person may have many answers at once; its log may hold no error at the end."""
    limits = {"OLLAMA_NUM_PARALLEL": "32", "MAX_RUNNING_PER_USER": "0"}
    with Site(tmp_path_factory.mktemp("data"), ollama.base_url, **limits) as running:
        running.add_user("小明", admin=True)
        yield running
        assert running.stop() == 0, running.log()
    assert not re.search("ERROR|Traceback|never awaited", running.log()), running.log()


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    """小明, logged in."""
    with closing(site.log_in("小明")) as logged_in:
        yield logged_in


@pytest.fixture(scope="module")
def met(site: Site, client: httpx.Client, ollama: ScriptedOllama) -> Met:
    """Ask every hostile Ollama in turn, without waiting for its end, while a good answer goes on."""
    warm = begin(site, client, ollama, Script(["warm"]))
    read_to_the_end(*warm)
    before, worked = site.rss_kib(), cpu_seconds(site)
    with ThreadPoolExecutor(len(SHAPES) + 1) as readers:

        def ask(script: Script) -> Future[Ended]:
            return readers.submit(read_to_the_end, *begin(site, client, ollama, script))

        def ended(first: Future[Ended], script: Script) -> Ended:
            error = first.exception()
            # Where the machine stands still for half a second, any reader of so much is a slow one.
            is_late = isinstance(error, ConnectionClosed) and error.rcvd and error.rcvd.code == TOO_SLOW
            return (ask(script) if is_late else first).result()

        good = ask(GOOD_SCRIPT)
        asked = {name: ask(shape.script) for name, shape in SHAPES.items()}
        ends = {name: ended(first, SHAPES[name].script) for name, first in asked.items()}
        return Met(ends, ended(good, GOOD_SCRIPT), peak_kib(site) - before, cpu_seconds(site) - worked)


def begin(site: Site, client: httpx.Client, ollama: ScriptedOllama, script: Script) -> tuple[Tab, float]:
    """Ask in a conversation of its own; return its tab once the question has reached Ollama, and when it was asked."""
    number = len(ollama.chats) + 1
    ollama.play(script)
    tab = Tab(site, client)
    tab.open()
    asked = time.monotonic()
    tab.ask("Go on")
    ollama.wait_chat(number)
    return tab, asked


def read_to_the_end(tab: Tab, asked: float) -> Ended:
    """Read until the answer ends, see that the socket is still there, and leave."""
    frame = tab.wait("generation.finished")
    seconds = time.monotonic() - asked
    tab.send("ping")
    tab.wait("pong")
    tab.close()
    return Ended(tab, frame, seconds)


def peak_kib(site: Site) -> int:
    """Return the largest resident memory that the server ever had."""
    status = Path(f"/proc/{site.pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+)", status)
    assert found
    return int(found[1])


def cpu_seconds(site: Site) -> float:
    """Return the processor time that the server has used."""
    fields = Path(f"/proc/{site.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("name", [pytest.param(name, marks=case(name)) for name in SHAPES])
def test_answer_ends_in_its_state_with_its_text_in_every_tab(met, happened, name):
    shape, ended = SHAPES[name], met.shapes[name]
    assert (ended.frame["status"], ended.frame["reason"]) == (shape.status, shape.reason)
    assert (ended.tab.text, ended.tab.thinking) == (shape.text, shape.thinking)
    text = len(shape.text) + len(shape.thinking)
    happened(f"{name.capitalize()}: {shape.status} ({shape.reason}).", kept_characters=text)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("name", [name for name, shape in SHAPES.items() if shape.code])
def test_end_is_told_in_a_sentence_of_the_readers_language(met, client, name, language):
    page = client.get(f"/c/{met.shapes[name].tab.conversation}/", headers={"Accept-Language": language}).text
    with translation.override(language):
        sentence = outcomes.sentence(SHAPES[name].code, "internlm2:1.8b")
    assert sentence in html.unescape(page)


@pytest.mark.parametrize("name", SHAPES)
def test_frames_stay_few_and_their_bytes_linear(met, name):
    tab, _frame, seconds = met.shapes[name]
    sizes = dict.fromkeys(("generation.delta", "generation.status"), 0)
    frames = sizes.copy()
    for size, frame in zip(tab.sizes, tab.frames, strict=True):
        if frame["type"] in sizes:
            sizes[frame["type"]] += size
            frames[frame["type"]] += 1
    assert frames["generation.delta"] <= 26 * seconds + 2
    # Phases, and how many tokens have come, once a second.
    assert frames["generation.status"] <= 4 + seconds
    text = len(tab.text.encode()) + len(tab.thinking.encode())
    assert sizes["generation.delta"] <= 2 * text + 140 * frames["generation.delta"]


def test_good_answer_beside_them_is_whole(met):
    assert met.good.frame["status"] == "completed"
    assert met.good.tab.text == GOOD * 100


def test_connections_that_would_never_end_are_closed(met, ollama):
    ollama.wait_for(lambda: ollama.open_connections == 0)


@pytest.mark.fault(18)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the memory from Linux's /proc")
def test_memory_and_work_stay_bounded(met, happened):
    # Ten of them at once, among them three answers of a million characters and a line of 8 MB.
    assert met.grown < 96 * MIB
    assert met.cpu < CPU_SECONDS
    happened("All of them at once cost a bounded sum.", grown_mib=met.grown / MIB, cpu_s=met.cpu)
