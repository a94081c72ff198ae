"""What the administrator's pages and files cost with a million messages and a million generations."""

import time
from collections.abc import Mapping
from statistics import median
from typing import Any

import httpx

from conversations.demo.texts import ABSENT, COMMON, RARE

from .processes import rss_mb
from .results import Outcome

TIMES = 10
MOST_MS = 300
_MOST_GROWN_MB = 100
# Messages take a minute per so many; what they do to the memory shows by then.
MOST_LINES = 100_000
_ENDLESS = float("inf")
CONVERSATIONS = "/admin/conversations/conversation/"
GENERATIONS = "/admin/conversations/generation/"
USAGE = "/admin/conversations/usageday/"


def _pages(facts: Mapping[str, Any]) -> dict[str, str]:
    owner, last = f"owner__id__exact={facts['rich']}", f"requested_by__id__exact={facts['poor']}"
    month, year, all_time = (
        f"since={facts[name]}&until={facts['today']}" for name in ("month", "year", "all")
    )
    long = f"{CONVERSATIONS}{facts['long']}/change/"
    return {
        "conversations": CONVERSATIONS,
        "conversations, page 100": f"{CONVERSATIONS}?p=100",
        "conversations of one person": f"{CONVERSATIONS}?{owner}",
        "conversations of a group": f"{CONVERSATIONS}?group={facts['group']}",
        "conversations by model": f"{CONVERSATIONS}?model=qwen3:4b",
        "conversations whose newest answer failed": f"{CONVERSATIONS}?newest=failed",
        "conversations with a stopped answer": f"{CONVERSATIONS}?ended=stopped",
        "conversations with a rated answer": f"{CONVERSATIONS}?rated=1",
        "conversations of a month": f"{CONVERSATIONS}?updated_at__year=2026&updated_at__month=3",
        "conversations, a word in none": f"{CONVERSATIONS}?q={ABSENT[0]}",
        "conversations, a word in 50 messages": f"{CONVERSATIONS}?q={RARE[1]}",
        "conversations, a word in 300,000": f"{CONVERSATIONS}?q={COMMON[1]}",
        "generations": GENERATIONS,
        "generations, page 200": f"{GENERATIONS}?p=200",
        "generations that failed": f"{GENERATIONS}?status__exact=failed",
        "generations by reason": f"{GENERATIONS}?reason=process_died",
        "generations by model and status": f"{GENERATIONS}?model=qwen3:4b&status__exact=stopped",
        "generations of a person with few": f"{GENERATIONS}?{last}",
        "generations of a group": f"{GENERATIONS}?group={facts['group']}",
        "generations of a month": f"{GENERATIONS}?queued_at__year=2026&queued_at__month=3",
        "generations, searched by name": f"{GENERATIONS}?q=demo2",
        "people": "/admin/conversations/user/",
        "who read what": "/admin/conversations/access/",
        "a transcript of 10,000 messages": long,
        "the same, its last page": f"{long}?p=100",
        "the same, at a message in its middle": f"{long}?message={facts['middle']}",
        "usage of 30 days": f"{USAGE}?{month}",
        "usage of two years": f"{USAGE}?{all_time}",
        "usage of two years, one model": f"{USAGE}?{all_time}&model=qwen3:4b",
        "usage of two years, one person": f"{USAGE}?{all_time}&person=demo1",
        "usage of a group, a year": f"{USAGE}?{year}&group={facts['group']}",
    }


def measured(outcome: Outcome, engine: str, client: httpx.Client, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Ask for each page some times, the first time apart: then the database has what it needs at hand."""
    figures: dict[str, Any] = {}
    for name, address in _pages(facts).items():
        times = [_ms(client, address) for _ in range(TIMES + 1)]
        outcome.add(f"{engine}: {name} (median of {TIMES})", median(times[1:]), "ms", MOST_MS)
        figures[name] = times
    return figures


def exported(outcome: Outcome, engine: str, client: httpx.Client, pid: int) -> dict[str, Any]:
    """Carry away all generations and many messages; `pid` is the server's process, whose memory is watched."""
    files = {
        "all generations as CSV": (f"{GENERATIONS}export.csv", _ENDLESS),
        "the first messages of all as JSON Lines": (f"{CONVERSATIONS}messages.jsonl", MOST_LINES),
    }
    figures: dict[str, Any] = {}
    for name, (address, most_lines) in files.items():
        before, begun = rss_mb(pid), time.perf_counter()
        most, size, lines = before, 0, 0
        with client.stream("GET", address, timeout=600) as answer:
            assert answer.status_code == httpx.codes.OK, f"{answer.status_code} for {address}"
            for number, part in enumerate(answer.iter_bytes()):
                size, lines = size + len(part), lines + part.count(b"\n")
                if number % 100 == 0:
                    most = max(most, rss_mb(pid))
                if lines >= most_lines:
                    break
        took = time.perf_counter() - begun
        outcome.add(f"{engine}: {name}: {lines:,} lines, {size / 2**20:.0f} MB", took, "s")
        outcome.add(f"{engine}: {name}: memory of the server", most - before, "MB more", _MOST_GROWN_MB)
        figures[name] = {"lines": lines, "bytes": size, "s": took, "before_mb": before, "most_mb": most}
    return figures


def _ms(client: httpx.Client, address: str) -> float:
    begun = time.perf_counter()
    answer = client.get(address)
    took = time.perf_counter() - begun
    assert answer.status_code == httpx.codes.OK, f"{answer.status_code} for {address}"
    return took * 1000
