"""Readers that do not read, floods, slow handshakes: they cost little memory, and nobody else notices."""

import base64
import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bench.processes import Measurer
from tests.scripted_ollama import ScriptedOllama, hold, tokens
from tests.site import Site, wait_until
from tests.tab import Tab

from .conftest import quiet
from .crowd import MANY
from .hostile import START_SECONDS
from .others import noticed
from .people import logged_in
from .proxy import Proxy
from .raw import Raw

pytestmark = pytest.mark.process

LONG = "春眠不觉晓处处闻啼鸟" * 1000
KIB = 1024
MOST_GROWN_MB = 50
# Below it nobody notices a difference.
UNNOTICED_MS = 50
NOTICED_WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama."""
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="module")
def site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site."""
    with Site(tmp_path_factory.mktemp("pressure"), ollama.base_url, **MANY) as running, quiet(running):
        yield running


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[list[httpx.Client]]:
    """Ann, who is like everybody, and Mal, who means no good."""
    with logged_in(site, "ann", "mal") as clients:
        yield clients


def cookies(client: httpx.Client) -> str:
    """Return the header of a client's cookies."""
    return "; ".join(f"{name}={value}" for name, value in client.cookies.items())


class Mal:
    """A conversation of Mal's with a long answer on its way, and what it takes to join it."""

    def __init__(self, site: Site, client: httpx.Client, ollama: ScriptedOllama, pieces: int) -> None:
        self.site, self.client, self.ollama = site, client, ollama
        self.text = LONG * pieces
        ollama.enqueue(*[LONG] * pieces, hold("mal"), "the end")

    def __enter__(self) -> "Mal":
        with Tab(self.site, self.client) as tab:
            started = tab.ask("At length")
            tab.wait_text(self.text)
            self.ack = {"type": "ack", "generation": started["generation"], "end": [len(self.text), 0]}
        self.conversation = tab.conversation
        return self

    def __exit__(self, *_: object) -> None:
        self.ollama.release("mal")

    def plan(self, **kinds: int) -> dict[str, Any]:
        """Return what hostile clients have to know."""
        lines = [
            f"Host: 127.0.0.1:{self.site.port}",
            f"Origin: {self.site.url}",
            f"Cookie: {cookies(self.client)}",
            "Upgrade: websocket",
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}",
            "Sec-WebSocket-Version: 13",
        ]
        return {
            "port": self.site.port,
            "path": f"/ws/conversations/{self.conversation}/",
            "head": "\r\n".join([*lines, "", ""]),
            "ack": json.dumps(self.ack),
            "kinds": kinds,
        }


@contextmanager
def hostile(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Run hostile clients beside a block; what they met is in what it yields, afterwards."""
    met: dict[str, Any] = {}
    with Measurer("tests.faults.hostile", plan) as clients:
        clients.go()
        clients.result(START_SECONDS)
        yield met
        clients.go()
        met.update(clients.result(20))


class Memory:
    """How much the server's resident memory has grown since the beginning, at its highest (proc(5), VmHWM)."""

    def __init__(self, site: Site) -> None:
        self._proc = Path(f"/proc/{site.pid}")
        # Begin with what it is now.
        (self._proc / "clear_refs").write_text("5", encoding="ascii")
        self._before = self._highest_kib()

    def grown_kib(self) -> int:
        """Return it, in KiB."""
        return self._highest_kib() - self._before

    def _highest_kib(self) -> int:
        status = (self._proc / "status").read_text(encoding="ascii")
        return int(re.findall(r"VmHWM:\s+(\d+)", status)[0])


@pytest.mark.fault(20)
def test_readers_that_do_not_read_cost_little_and_come_back_to_the_whole(site, people, ollama, happened):
    count, text = 40, "0123456789abcdef" * 64
    _, client = people
    ollama.enqueue("begun ", hold("all there"), tokens(900, 0, text), hold("gone"), "the end")
    with Tab(site, client) as tab:
        tab.ask("Much")
        tab.wait_text("begun ")
    with ExitStack() as stack:
        raws = [stack.enter_context(Raw(tab)) for _ in range(count)]
        assert [raw.shake_hands() for raw in raws] == [101] * count
        with Tab(site, client, tab.conversation, acks=False) as deaf:
            deaf.wait("snapshot")
            memory = Memory(site)
            ollama.release("all there")
            assert deaf.wait_close() == 4008
        with Tab(site, client, tab.conversation) as again:
            again.wait_text(text * 900)
            ollama.release("gone")
            again.wait("generation.finished")
            assert again.text == f"begun {text * 900}the end"
        each = memory.grown_kib() / count
    happened(
        f"{count} readers that did not read were let go with 4008; who came back got the whole",
        memory_per_reader_kib=each,
    )
    assert each <= KIB


def hostile_round(
    site: Site, people: list[httpx.Client], ollama: ScriptedOllama, pieces: int, seconds: float, **kinds: int
) -> dict[str, Any]:
    """Let hostile clients loose for a while; return what they met, the memory and what others noticed."""
    ann, mal = people
    quiet_times = noticed(site, ann, ollama, seconds / 3)
    with Mal(site, mal, ollama, pieces) as answer:
        memory = Memory(site)
        with hostile(answer.plan(**kinds)) as met:
            hard_times = noticed(site, ann, ollama, seconds)
            grown = memory.grown_kib()
    return {"met": met, "grown_mb": grown / KIB, "without": quiet_times, "with": hard_times}


def figures(seen: dict[str, Any]) -> dict[str, float]:
    """Return the figures of a round by their names in the report."""
    times = {
        f"{name[:-3]}_p95_{when}_ms": seen[when][name]
        for name in seen["with"]
        for when in ("without", "with")
    }
    return {"grown_mb": seen["grown_mb"], **times}


def check(seen: dict[str, Any]) -> None:
    """Fail where a round cost more than it may."""
    assert seen["grown_mb"] <= MOST_GROWN_MB
    for name, usual in seen["without"].items():
        assert seen["with"][name] <= 2 * max(usual, UNNOTICED_MS), name


@pytest.mark.fault(35)
def test_a_flood_and_nonsense_are_closed_while_others_read_on(site, people, ollama, happened):
    seen = hostile_round(
        site, people, ollama, 10, 3, silent=10, greedy=10, flood=5, nonsense=5, slow=10, idle=10
    )
    ends = seen["met"]["ends"]
    assert ends["flood"].keys() == ends["nonsense"].keys() == {"4029"}
    assert seen["grown_mb"] <= MOST_GROWN_MB
    happened(
        "50 hostile sockets: floods and nonsense closed with 4029, every other token arrived", **figures(seen)
    )


@pytest.mark.slow_fault
@pytest.mark.fault(20)
def test_two_hundred_hostile_sockets(site, people, ollama, happened):
    kinds = {"silent": 60, "greedy": 60, "flood": 20, "nonsense": 20, "slow": 20, "idle": 20}
    seen = hostile_round(site, people, ollama, 99, 20, **kinds)
    happened("200 hostile sockets, most of them on an answer of 990,000 characters", **figures(seen))
    check(seen)


@pytest.mark.slow_fault
@pytest.mark.fault(35)
def test_floods_idle_sockets_and_slow_handshakes(site, people, ollama, happened):
    seen = hostile_round(site, people, ollama, 2, 30, flood=20, idle=500, slow=100)
    happened(
        "20 floods of 1,000 frames a second, 500 idle sockets, 100 slow handshakes, 30 s", **figures(seen)
    )
    assert seen["met"]["ends"]["flood"].keys() == {"4029"}
    check(seen | {"grown_mb": 0.0})


@pytest.mark.slow_fault
@pytest.mark.fault(21)
def test_a_peer_that_has_vanished_is_noticed_and_its_answer_goes_on(site, people, ollama, happened):
    ollama.enqueue(tokens(100, 50), hold("vanished"), "the end")
    before = descriptors(site)
    with Proxy(site.port) as proxy, Tab(proxy, people[0]) as tab:
        tab.ask("Long")
        tab.wait_text("token")
        proxy.black_hole()
        begun = time.monotonic()
        # The page's connection for pages and for the question to the model may rest a while longer.
        wait_until(lambda: descriptors(site) < before + 2, NOTICED_WITHIN_SECONDS)
        took = time.monotonic() - begun
        ollama.release("vanished")
        status = f"Generation.objects.get(conversation='{tab.conversation}').status"
        wait_until(lambda: site.query(status) == "completed")
    happened("a peer that vanished without a word is let go, and its answer goes on", noticed_s=took)


def descriptors(site: Site) -> int:
    """Return how many sockets the server has open."""
    found = 0
    for entry in Path(f"/proc/{site.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found += str(entry.readlink()).startswith("socket:")
    return found
