"""What a page costs the browser that shows it: its weight, its first second, its main thread while an answer comes."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from statistics import median
from typing import Any

from playwright.sync_api import Browser

from tests.scripted_ollama import Script, paced
from tests.site import Site

from . import texts
from .processes import Scripted, running_site
from .results import Outcome
from .tabs import Tab, chromium

TOKENS, RATE = 2000, 100
IDLE_SECONDS = 3
VISITS = 5
MESSAGES = 2000
LOADED = 600
OWN = "/static/js/"

# A conversation as people have them: every fourth answer holds code, a list and a table.
FILL = f"""
from datetime import timedelta
from django.utils import timezone
from conversations.models import Conversation, Message, User
from conversations.rendering import render
from tests.bench import texts
owner = User.objects.get(username="bench")
now = timezone.now()
row = Conversation.objects.create(owner=owner, title="A long conversation", updated_at=now)
answers = ["".join(texts.markdown(400))] + ["".join(texts.paragraph(count)) for count in (60, 150, 250)]
drawn = [(text, render(text)) for text in answers]
messages = []
for number in range({MESSAGES}):
    text, html = drawn[number // 2 % 4] if number % 2 else (f"What about the {{number}}th word?", "")
    messages.append(Message(
        conversation=row, parent=messages[-1] if messages else None, role="assistant" if number % 2 else "user",
        content=text, html=html, created_at=now - timedelta(minutes={MESSAGES} - number),
    ))
Message.objects.bulk_create(messages, 500)
Conversation.objects.filter(pk=row.pk).update(shown_leaf=messages[-1])
print(row.pk)
"""


def weight(outcome: Outcome, name: str, tab: Tab) -> None:
    """Add what the page in `tab` has loaded, all of it with an empty cache."""
    loaded = tab.loaded()
    own = sum(size for path, size, _ in loaded if path.startswith(OWN))
    wire = sum(bytes_ for _, _, bytes_ in loaded)
    outcome.add(f"{name}: bytes over the wire", wire / 1000, "KB", 150)
    outcome.add(f"{name}: own JavaScript before compression", own / 1000, "KB", 40)
    outcome.add(f"{name}: requests", len(loaded), "")
    outcome.figures[name] = {"wire": wire, "own": own, "requests": len(loaded), "loaded": loaded}


def visits(outcome: Outcome, name: str, open_tab: Callable[[], Tab], address: str) -> Tab:
    """Add what visits with an empty cache take; returns the tab of the last one."""
    times = []
    for number in range(VISITS):
        tab = open_tab()
        times.append(tab.open(address) / 1000)
        tab.page.wait_for_load_state("networkidle")
        # Left open, each of them would draw the answer that only one is watched for.
        if number < VISITS - 1:
            tab.leave()
    outcome.add(f"{name}: usable after navigation (median of {VISITS})", median(times), "s", 0.6)
    weight(outcome, name, tab)
    outcome.figures[name] |= {"usable_s": times}
    return tab


def load_earlier(tab: Tab) -> int:
    """Go back through a long conversation; returns how many messages the page then holds."""
    messages = tab.page.locator("#messages .message")
    while (count := messages.count()) < LOADED:
        tab.page.locator("[data-action=earlier]").click()
        messages.nth(count).wait_for(state="attached")
    tab.page.locator("[data-action=jump]").click()
    return count


def stream(outcome: Outcome, name: str, tab: Tab, ollama: Scripted, tokens: list[str]) -> None:
    """Add what an answer of `tokens` costs the page in `tab`: one is weighed, of another one the frames are counted."""
    for _ in range(2):
        ollama.play(Script([paced(tokens, RATE)]))
    tab.ask("How do I count words?")
    busy, processor = tab.weigh_answer()
    tab.ask("How do I count words?")
    seen = tab.watch_answer()
    outcome.add(f"{name}: main thread busy", busy * 100, "%", 15)
    outcome.add(f"{name}: the same by its processor time", processor * 100, "%")
    outcome.add(f"{name}: the same by the clock while frames are counted", seen.busy * 100, "%")
    outcome.add(f"{name}: frames over 50 ms", seen.long_frames, "", 0)
    outcome.add(f"{name}: longest frame", seen.longest_frame_ms, "ms")
    outcome.add(f"{name}: frames per second", seen.frames_per_s, "", least=55)
    outcome.figures[name] = {"weighed": {"busy": busy, "processor": processor}, **asdict(seen)}


def page() -> Outcome:
    """Weight, first second and smoothness, in a new conversation and in one of 2,000 messages."""
    outcome = Outcome()
    with Scripted() as ollama, running_site(ollama.url) as site, chromium() as browser:
        conversation = site.run(FILL).strip()
        with closing(site.log_in("bench")) as client:
            cookies = dict(client.cookies.items())
        _measure(outcome, browser, site, ollama, cookies, f"/c/{conversation}/")
    return outcome


def _measure(
    outcome: Outcome, browser: Browser, site: Site, ollama: Scripted, cookies: dict[str, Any], long: str
) -> None:
    def open_tab() -> Tab:
        return Tab(browser, site, cookies)

    new = visits(outcome, "a new conversation", open_tab, "/")
    idle = new.watch_idle(IDLE_SECONDS)
    outcome.add("counting frames while nothing happens: main thread busy", idle.busy * 100, "%")
    outcome.figures["idle"] = asdict(idle)
    old = visits(outcome, f"one of {MESSAGES:,} messages", open_tab, long)
    stream(outcome, "code and tables, new conversation", new, ollama, texts.markdown(TOKENS))
    paragraph = open_tab()
    paragraph.open("/")
    stream(outcome, "one long paragraph, new conversation", paragraph, ollama, texts.paragraph(TOKENS))
    stream(outcome, f"code and tables, one of {MESSAGES:,} messages", old, ollama, texts.markdown(TOKENS))
    name = f"code and tables, {load_earlier(old):,} messages on the page"
    stream(outcome, name, old, ollama, texts.markdown(TOKENS))
    outcome.add(f"{name}: memory of its scripts", outcome.figures[name]["heap_mb"], "MB")
