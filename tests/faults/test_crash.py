"""The server is killed without a word: nothing acknowledged is lost, next to nothing of what was shown."""

import random
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import Any

import httpx
import pytest

from tests.scripted_ollama import ScriptedOllama, hold, stamped
from tests.site import Site, wait_until
from tests.tab import Tab

from .conftest import check_log
from .crowd import MANY, Reader, crowd

pytestmark = [pytest.mark.process, pytest.mark.fault(12)]

STREAMS = 20
RATE = 40
# From the questions on, or from the first text on: the kill comes somewhere in between.
LONGEST_SECONDS = 2.5
MOST_LOST_SECONDS = 1
# Without a boot that ends them, as where several processes may share the database, silence has to tell.
SWEPT_SECONDS = 60
BEGUN = "Once upon a time, in a village at the foot of a mountain, there lived an old man, and "
ROWS = (
    "[[str(g.conversation_id), g.status, g.reason, g.message.content, g.message.parent.content]"
    " for g in Generation.objects.select_related('message__parent').order_by('queued_at')]"
)


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama."""
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="module")
def site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that is killed again and again."""
    with Site(tmp_path_factory.mktemp("crash"), ollama.base_url, **MANY) as running:
        running.add_user("ann", admin=True)
        yield running
        assert running.stop() == 0
        check_log(running)


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    """Ann, logged in."""
    with closing(site.log_in("ann")) as logged_in:
        yield logged_in


def stored(site: Site) -> dict[str, list[Any]]:
    """Return status, reason, answer and question of each conversation once no answer is on its way any more."""

    def rows() -> list[Any] | None:
        found: list[Any] = site.query(ROWS)
        return found if all(row[1] not in ("queued", "running") for row in found) else None

    return {row[0]: row[1:] for row in wait_until(rows, SWEPT_SECONDS)}


def killed(site: Site, client: httpx.Client, *, with_text: bool) -> tuple[list[Reader], float]:
    """Ask in many tabs and kill the server at any time, or at any time from the first text on.

    Returns the readers and when it was (`time.monotonic()`).
    """
    with crowd(site, client, STREAMS) as readers:
        for reader in readers:
            reader.begin()
        if with_text:
            wait_until(lambda: any(reader.text for reader in readers))
        time.sleep(random.random() * LONGEST_SECONDS)  # the fault: it may come at any time
        at = time.monotonic()
        site.kill()
        for reader in readers:
            reader.join()
    return readers, at


def lost(reader: Reader, kept: str, at: float) -> tuple[int, float]:
    """Return how many characters that were shown are not kept, and for how many seconds the first had been."""
    shown = reader.text
    if kept.startswith(shown):
        return 0, 0.0
    assert shown.startswith(kept), (kept, shown)
    since = next(moment for moment, length in reader.arrivals if length > len(kept))
    return len(shown) - len(kept), at - since


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.slow_fault)])
def test_a_kill_at_any_time_costs_a_second_of_text_at_most(site, client, ollama, happened, rounds):
    ollama.always(stamped(10_000, RATE))
    losses = []
    with_text = 0
    for number in range(rounds):
        # Only the later rounds may come before the first text: without any, nothing could be lost.
        readers, at = killed(site, client, with_text=number == 0)
        site.start()
        kept = stored(site)
        for reader in readers:
            if not reader.told("message.created"):
                # Nothing was acknowledged: the browser still has the question, and may find it stored all the same.
                kept.setdefault(reader.conversation, ["interrupted", "process_died", "", reader.question])
            status, reason, answer, question = kept[reader.conversation]
            assert (status, reason, question) == ("interrupted", "process_died", reader.question)
            losses.append(lost(reader, answer, at))
            with_text += bool(reader.text)
    assert with_text
    worst = max(seconds for _, seconds in losses)
    happened(
        f"{STREAMS} answers, killed {rounds} times: all of them interrupted after the boot, every acknowledged "
        "question there",
        lost_ms=round(worst * 1000),
        lost_characters=max(count for count, _ in losses),
        answers_with_text=with_text,
    )
    assert worst <= MOST_LOST_SECONDS


def interrupted(site: Site, client: httpx.Client, ollama: ScriptedOllama, text: str) -> Tab:
    """Return a tab of a conversation whose answer was interrupted, by a killed server, behind `text`."""
    ollama.enqueue(text, hold("killed"))
    with Tab(site, client) as tab:
        tab.ask("Tell me")
        tab.wait_text(text)
        wait_until(lambda: site.query("GenerationChunk.objects.filter(text__gt='').count()"))
        site.kill()
    site.start()
    wait_until(lambda: "interrupted" in stored(site)[tab.conversation])
    return Tab(site, client, tab.conversation)


def test_a_question_that_was_not_acknowledged_is_sent_again_after_the_boot(site, client, ollama, happened):
    ollama.always("answered")
    with crowd(site, client, 5) as readers:
        for reader in readers:
            reader.begin()
        site.kill()
        for reader in readers:
            reader.join()
    site.start()
    with ExitStack() as again:
        for reader in readers:
            reader.open()
            again.enter_context(closing(reader))
            reader.send("message.send", client_id=reader.question, text=reader.question)
        # What was stored before the kill may still look alive; how it ended is told to whoever asks then.
        stored(site)
        for reader in readers:
            reader.send("message.send", client_id=reader.question, text=reader.question)
            reader.wait("generation.finished")
    asked = [reader.conversation for reader in readers]
    found = site.query(f"[m.content for m in Message.objects.filter(role='user', conversation__in={asked})]")
    assert sorted(found) == sorted(reader.question for reader in readers)
    happened("questions sent in the moment of the kill are there once after they are sent again")


@pytest.mark.parametrize(
    ("more", "begins_anew"),
    [("the three of them set out at dawn.", False), (BEGUN + "three of them set out.", True)],
    ids=["goes on", "begins anew"],
)
def test_continue_goes_on_behind_the_last_character(site, client, ollama, more, begins_anew, happened):
    with interrupted(site, client, ollama, BEGUN) as tab:
        page = client.get(f"/c/{tab.conversation}/").text
        # With this code the page offers Retry and Continue (tests/browser/test_connection.py presses them).
        assert 'data-status="interrupted"' in page
        assert 'data-outcome="process_died"' in page
        assert BEGUN.strip() in page
        leaf = tab.wait("snapshot")["conversation"]["leaf"]
        ollama.enqueue(hold("begun"), more)
        tab.send("answer.continue", client_id="more", message=leaf)
        tab.wait_started()
        # A page asks for what stands there already; until then the end of the sweep may have sent another snapshot.
        tab.text = BEGUN
        ollama.release("begun")
        finished = tab.wait("generation.finished")
        assert ollama.chats[-1].json["messages"][-1] == {"role": "assistant", "content": BEGUN}
        assert tab.text == BEGUN + more
        assert (finished.get("outcome") == "anew") == begins_anew
    happened(
        "Continue says that the model began anew"
        if begins_anew
        else "Continue goes on behind the last character"
    )
