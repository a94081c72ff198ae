"""What the site costs while nothing happens: start, memory, sockets."""

import time
from contextlib import closing

from tests.site import Site

from .processes import Measurer, Scripted, new_readers, rss_mb, running_site
from .results import Outcome

SOCKETS, PEOPLE = 2000, 200


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
    outcome.figures = {
        "starts_s": starts,
        "idle_mb": memory,
        "sockets_mb": full,
        "open_s": took,
    }
    return outcome
