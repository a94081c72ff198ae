"""What the site costs while nothing happens: start, memory, sockets; and what a first visit weighs."""

import shutil
import time
from contextlib import closing

import httpx
from playwright.sync_api import sync_playwright

from tests.browser.conftest import ARGUMENTS, NAMES
from tests.site import Site

from .processes import Measurer, Scripted, new_readers, rss_mb, running_site
from .results import Outcome

SOCKETS, PEOPLE = 2000, 200


def page_bytes(site: Site, client: httpx.Client) -> int:
    """The bytes that a first visit to `/` takes over the wire."""
    received = 0

    def add(event: dict[str, int]) -> None:
        nonlocal received
        received += event["encodedDataLength"]

    with sync_playwright() as playwright:
        program = next(filter(None, map(shutil.which, NAMES)))
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
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


def seconds_to_start(site: Site) -> float:
    """How long a second start takes until the site answers."""
    site.stop()
    begun = time.monotonic()
    site.start()
    return time.monotonic() - begun


def idle() -> Outcome:
    """The idle site, and with 2,000 open sockets."""
    outcome = Outcome()
    with Scripted() as ollama, running_site(ollama.url) as site:
        starts = sorted(seconds_to_start(site) for _ in range(3))
        with closing(site.log_in("bench")) as client:
            client.get("/")
            memory = rss_mb(site.pid)
            weight = page_bytes(site, client) / 1000
        plan = {
            "kind": "site",
            "targets": new_readers(site, PEOPLE, SOCKETS // PEOPLE),
            "delays": [],
            "count": 0,
        }
        begun = time.monotonic()
        with Measurer("tests.bench.readers", plan):
            took = time.monotonic() - begun
            full = rss_mb(site.pid)
    outcome.add("second start until the site answers (median of 3)", starts[1], "s", 1.5)
    outcome.add("memory of the idle server (RSS)", memory, "MB", 120)
    outcome.add(f"memory with {SOCKETS} idle sockets", full, "MB", 250)
    outcome.add(f"opening {SOCKETS} sockets", took, "s")
    outcome.add("first visit, all bytes over the wire", weight, "KB", 150)
    outcome.figures = {
        "starts_s": starts,
        "idle_mb": memory,
        "sockets_mb": full,
        "open_s": took,
        "page_kb": weight,
    }
    return outcome
