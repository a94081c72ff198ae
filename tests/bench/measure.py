"""`make bench`: what the site costs, measured on the running thing; rewrites `docs/benchmarks.md`.

A scripted Ollama and the site are processes of their own, everything is on loopback; processor time and memory are
the server process's own, from /proc. A page's weight is what Chromium received.
"""

import asyncio
import json
import os
import platform
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
from playwright.sync_api import sync_playwright
from websockets.asyncio.client import connect

from tests.browser.conftest import ARGUMENTS, NAMES
from tests.scripted_ollama import Piece, ScriptedOllama, hold, tokens
from tests.site import ROOT, Site, wait_until
from tests.tab import Tab

STREAMS, RATE, COUNT = 50, 50, 500
STOPS = 40
PAGE = ROOT / "docs" / "benchmarks.md"


@dataclass
class Stream:
    """What one reader saw: bytes of text and of frames, how many frames, and for how long."""

    text_bytes: int = 0
    frame_bytes: int = 0
    frames: int = 0
    seconds: float = 0
    status: str = ""


def takes_script(url: str, pieces: list[Piece]) -> bool:
    """Give a scripted Ollama its answer; returns False while it does not listen yet."""
    try:
        httpx.post(
            f"{url}/_script", json={"pieces": pieces, "always": True}, trust_env=False
        ).raise_for_status()
    except httpx.ConnectError:
        return False
    return True


@contextmanager
def scripted_process(rate: int, count: int) -> Iterator[str]:
    """Run the scripted Ollama as a process of its own that answers everything with timed tokens."""
    with ScriptedOllama() as nobody:
        port = nobody.port
    process = subprocess.Popen([sys.executable, "-m", "tests.scripted_ollama", "--port", str(port)], cwd=ROOT)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: takes_script(url, [tokens(count, rate)]))
        yield url
    finally:
        process.terminate()
        process.wait()


def cpu_seconds(pid: int) -> float:
    """The processor time of a process, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def page_bytes(site: Site, client: httpx.Client) -> int:
    """The bytes that a first visit to `/` takes over the wire."""
    received = 0

    def add(event: dict[str, int]) -> None:
        nonlocal received
        received += event["encodedDataLength"]

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, map(shutil.which, NAMES))), args=ARGUMENTS
        )
        context = browser.new_context()
        context.add_cookies(
            [{"name": name, "value": value, "url": site.url} for name, value in client.cookies.items()]
        )
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.loadingFinished", add)
        page.goto(site.url, wait_until="networkidle")
        browser.close()
    return received


async def read_stream(site: Site, headers: dict[str, str], address: str, delay: float) -> Stream:
    """Ask one question and read its answer, acknowledging as a page does."""
    seen = Stream()
    await asyncio.sleep(delay)
    async with connect(
        f"ws://127.0.0.1:{site.port}{address}", additional_headers=headers, proxy=None
    ) as socket:
        await socket.send(json.dumps({"type": "message.send", "client_id": "bench", "text": "go"}))
        begun = acked = time.monotonic()
        async for raw in socket:
            frame = json.loads(raw)
            if frame["type"] == "generation.delta":
                now = time.monotonic()
                seen.frames += 1
                seen.frame_bytes += len(raw.encode() if isinstance(raw, str) else raw)
                seen.text_bytes += len(frame["text"].encode())
                if now - acked > 0.25:
                    acked = now
                    await socket.send(
                        json.dumps({"type": "ack", "generation": frame["generation"], "end": frame["end"]})
                    )
            elif frame["type"] == "generation.finished":
                seen.seconds = time.monotonic() - begun
                seen.status = frame["status"]
                return seen
    return seen


# Makes people who are logged in and prints their session keys: hashing passwords is not what is measured.
MAKE_READERS = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from conversations.models import User
keys = []
for number in range({count}):
    user = User.objects.create(username=f"reader{{number}}")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    keys.append(session.session_key)
print(json.dumps(keys))
"""


def new_readers(site: Site) -> list[tuple[str, dict[str, str]]]:
    """Return address and headers of the socket of a new conversation, for STREAMS different people."""
    readers = []
    for key in json.loads(site.manage("shell", "--no-imports", "-c", MAKE_READERS.format(count=STREAMS))):
        cookie = {"Cookie": f"sessionid={key}"}
        page = httpx.get(site.url, headers=cookie, trust_env=False).text
        path = re.search('data-socket="([^"]+)"', page)
        new = re.search('data-new="([^"]+)"', page)
        assert path
        assert new
        readers.append((f"{path[1]}?new={new[1]}", cookie | {"Origin": site.url}))
    return readers


async def read_all(site: Site, readers: list[tuple[str, dict[str, str]]]) -> list[Stream]:
    """Read answers side by side, begun at random within a second."""
    spread = random.Random(1)
    return await asyncio.gather(
        *(read_stream(site, headers, address, spread.random()) for address, headers in readers)
    )


def stop_times(site: Site, client: httpx.Client, ollama: ScriptedOllama) -> list[float]:
    """Milliseconds from the stop frame to the end of the connection to Ollama."""
    times = []
    for number in range(STOPS):
        ollama.enqueue("some ", hold("never"))
        with Tab(site, client) as tab:
            started = tab.ask("go")
            tab.wait_text("some ")
            begun = time.monotonic()
            tab.stop(started["generation"])
            closed = ollama.wait_closed(number + 1).closed
            assert closed
            times.append((closed - begun) * 1000)
            tab.wait("generation.finished")
    return times


def seconds_to_start(site: Site) -> float:
    """How long a second start takes until the site answers."""
    site.stop()
    begun = time.monotonic()
    site.start()
    return time.monotonic() - begun


def measure() -> list[tuple[str, str, str]]:
    """Return (what, measured, aim)."""
    many = {"OLLAMA_NUM_PARALLEL": "1000", "MAX_RUNNING_PER_USER": "0"}
    with (
        tempfile.TemporaryDirectory() as data,
        scripted_process(RATE, COUNT) as url,
        Site(Path(data), url, **many) as site,
    ):
        site.add_user("bench", admin=True)
        start = seconds_to_start(site)
        with closing(site.log_in("bench")) as client:
            rows = [
                ("second start until the site answers", f"{start:.2f} s", "≤ 2 s"),
                *page_rows(site, client),
            ]
            rows += stream_rows(site)
    return [*rows, stop_row()]


def page_rows(site: Site, client: httpx.Client) -> list[tuple[str, str, str]]:
    """Measure the idle server, after its first page, and that page."""
    client.get("/")
    memory = site.rss_kib() / 1024
    weight = page_bytes(site, client) / 1000
    return [
        ("memory of the idle server (RSS)", f"{memory:.0f} MiB", "≤ 150 MB"),
        ("first visit, all bytes over the wire", f"{weight:.1f} KB", "≤ 150 KB"),
    ]


def stop_row() -> tuple[str, str, str]:
    """Measure Stop."""
    with (
        tempfile.TemporaryDirectory() as data,
        ScriptedOllama() as ollama,
        Site(Path(data), ollama.base_url) as site,
    ):
        site.add_user("bench", admin=True)
        with closing(site.log_in("bench")) as client:
            times = sorted(stop_times(site, client, ollama))
    return (
        f"Stop until the connection to Ollama is closed, {STOPS} times (p50 / p95)",
        f"{statistics.median(times):.1f} / {times[int(STOPS * 0.95)]:.1f} ms",
        "≤ 100 ms",
    )


def stream_rows(site: Site) -> list[tuple[str, str, str]]:
    """Measure the streams."""
    readers = new_readers(site)
    before = cpu_seconds(site.pid)
    streams = asyncio.run(read_all(site, readers))
    spent = cpu_seconds(site.pid) - before
    name = f"{STREAMS} answers of {COUNT} tokens at {RATE} tokens/s"
    assert {stream.status for stream in streams} == {"completed"}
    over = [(stream.frame_bytes - 2 * stream.text_bytes) / stream.frames for stream in streams]
    rates = [stream.frames / stream.seconds for stream in streams]
    return [
        (
            f"{name}: server processor time per token",
            f"{spent / STREAMS / COUNT * 1e6:.0f} µs",
            "≤ 110 µs (next step)",
        ),
        (f"{name}: bytes per frame above twice the text's", f"{max(over):.0f} at most", "≤ 110"),
        (f"{name}: frames per second and answer", f"{max(rates):.1f} at most", "≤ 26"),
    ]


def main() -> None:
    """Measure, show and keep."""
    rows = measure()
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()
    table = ["| what | measured | aim |", "| --- | --- | --- |"]
    table += [f"| {what} | {measured} | {aim} |" for what, measured, aim in rows]
    head = PAGE.read_text(encoding="utf-8").partition("<!-- measured -->")[0]
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
    text = f"{head}<!-- measured -->\n\n{date.today():%Y-%m-%d}, commit {commit}, {machine}.\n\n" + "\n".join(
        table
    )
    PAGE.write_text(text + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(table) + "\n")


if __name__ == "__main__":
    main()
