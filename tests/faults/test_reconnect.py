"""A line that is cut at any byte: what a tab puts together from the pieces is what the database has."""

from collections.abc import Callable

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.faults.proxy import Proxy
from tests.scripted_ollama import ScriptedOllama, hold, pause
from tests.site import Site
from tests.tab import Tab

# Characters of one to four bytes; a pause is about as long as the time between two frames.
PIECES = [f"{number}: spring, 春天, 🌱. " for number in range(60)]
WHOLE = "".join(PIECES)
SCRIPT = [part for piece in PIECES for part in ((piece, pause(0.04)) if piece[0] == "5" else (piece,))]
# After so many bytes, by a reset or not. The first 200 or so are the handshake's, the last ones behind the answer.
CUTS = st.lists(st.tuples(st.integers(0, 4000), st.booleans()), min_size=3, max_size=3)
QUICK, MANY = 5, 70
Cut = tuple[int, bool]


def _follow(tab: Tab, proxy: Proxy, cuts: list[Cut], until: Callable[[], bool]) -> int:
    """Read until that is true, by a new connection whenever one breaks; return how often it broke."""
    breaks = 0
    while not until():
        count, reset = cuts[breaks] if breaks < len(cuts) else (None, False)
        proxy.cut_after(count, reset=reset)
        try:
            with tab:
                while not until():
                    tab.receive()
        except TimeoutError:
            raise
        except (ConnectionClosed, InvalidHandshake, OSError, EOFError):
            breaks += 1
    return breaks


def _round(site: Site, client: httpx.Client, ollama: ScriptedOllama, cuts: list[Cut]) -> tuple[str, int]:
    """Ask, read the answer over a line with these cuts; return the conversation and how often it broke."""
    ollama.enqueue(hold("begin"), *SCRIPT, hold("end"))
    with Tab(site, client) as asking:
        asking.ask("Count")
        with Proxy(site.port) as proxy:
            tab = Tab(proxy, client, asking.conversation)
            ollama.release("begin")
            breaks = _follow(tab, proxy, cuts, lambda: tab.text == WHOLE)
        ollama.release("end")
        assert asking.wait("generation.finished")["status"] == "completed"
        assert asking.text == WHOLE
    return asking.conversation, breaks


def _rounds(site: Site, client: httpx.Client, ollama: ScriptedOllama, count: int) -> int:
    """Read so many answers over lines that break; return how often they did."""
    conversations: list[str] = []
    breaks = [0]

    @settings(max_examples=count, deadline=None, database=None)
    @given(CUTS)
    def one(cuts: list[Cut]) -> None:
        conversation, broken = _round(site, client, ollama, cuts)
        conversations.append(conversation)
        breaks[0] += broken

    one()
    kept = site.query(
        f"[*Message.objects.filter(conversation_id__in={conversations!r}, role='assistant')"
        ".values_list('content', flat=True)]"
    )
    assert kept == [WHOLE] * len(conversations)
    return breaks[0]


@pytest.mark.fault(2)
def test_cuts_at_any_byte_leave_no_gap_and_no_repeat(site, client, ollama, happened):
    breaks = _rounds(site, client, ollama, QUICK)
    assert breaks > QUICK
    happened("answers read over a line that breaks up to three times equal the saved ones", cuts=breaks)


@pytest.mark.fault(2)
@pytest.mark.slow_fault
def test_two_hundred_random_cuts_leave_no_gap_and_no_repeat(site, client, ollama, happened):
    breaks = _rounds(site, client, ollama, MANY)
    while breaks < 200:
        breaks += _rounds(site, client, ollama, MANY)
    happened("answers read over a line that breaks up to three times equal the saved ones", cuts=breaks)
