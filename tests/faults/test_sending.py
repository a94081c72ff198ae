"""Questions that come twice, at once, over a bad line or from somebody else; tabs that leave or tell tales."""

import json
import re
import threading
import uuid
from collections import Counter
from contextlib import ExitStack
from typing import Any

import pytest

from tests.scripted_ollama import done, hold, tokens
from tests.site import wait_until
from tests.tab import Frame, Tab

from .proxy import Proxy

pytestmark = pytest.mark.process

# What a person's question, a page's position or a stranger's guess may be about.
NOBODYS = "00000000-0000-4000-8000-000000000000"
# How often a question comes again while its answer ends, and in how many conversations.
REPEATS, ROUNDS = 8, 5
ASKING = ["message.send", "message.edit", "answer.regenerate", "answer.continue"]


def open_tabs(stack: ExitStack, first: Tab, count: int) -> list[Tab]:
    """Return `count` tabs of one conversation, each with its snapshot."""
    tabs = [stack.enter_context(tab) for tab in [first, *(first.twin() for _ in range(count - 1))]]
    for tab in tabs:
        tab.wait("snapshot")
    return tabs


def at_once(tabs: list[Tab], type_: str, fields: list[dict[str, Any]]) -> None:
    """Send a command from each tab in the same moment."""
    barrier = threading.Barrier(len(tabs))

    def send(tab: Tab, own: dict[str, Any]) -> None:
        barrier.wait()
        tab.send(type_, **own)

    threads = [threading.Thread(target=send, args=pair) for pair in zip(tabs, fields, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def answered(tab: Tab, ollama: Any) -> tuple[str, str]:
    """Ask; return the ids of the question and of its answer, which the model broke off."""
    ollama.enqueue("one, two, ", done(done_reason="length"))
    tab.ask("Count")
    question = next(frame["message"]["id"] for frame in tab.frames if frame["type"] == "message.created")
    return question, tab.wait("generation.finished")["message"]


def rows(page: str) -> list[str]:
    """Return the ids of the messages that a page shows."""
    return re.findall(r'id="m-([0-9a-f-]+)"', page)


@pytest.mark.fault(1)
def test_answer_goes_on_to_its_end_when_its_only_tab_is_closed(site, client, ollama, happened):
    ollama.enqueue(*["word "] * 10, hold("alone"), *["word "] * 190)
    with Tab(site, client) as tab:
        tab.ask("Go on without me")
        tab.wait_text("word " * 10)
    ollama.release("alone")
    with Tab(site, client, tab.conversation) as later:
        if later.wait("snapshot").get("generation"):
            later.wait("generation.finished")
    page = wait_until(
        lambda: (
            (text := client.get(f"/c/{tab.conversation}/").text)
            and 'data-status="completed"' in text
            and text
        )
    )
    assert "word " * 199 + "word</" in page
    happened("The whole answer was stored as completed.", words=200)


@pytest.mark.fault(5)
def test_positions_that_never_were_change_nothing(site, client, ollama, happened):
    ollama.enqueue("some ", hold("wild"), "more")
    with Tab(site, client) as tab:
        started = tab.ask("Wild")
        tab.wait_text("some ")
        ends = [[10**9, 10**9], [-1, -1], [0, 0], [-(10**30), 10**30]]
        for end in ends:
            for generation in (started["generation"], NOBODYS):
                tab.send("ack", generation=generation, end=end)
        tab.send("resync")
        assert tab.wait("snapshot")["generation"]["text"] == "some "
        tab.send("ack", generation=NOBODYS, end=[5, 0])
        tab.send("resync")
        # The helper of this test has acknowledged the snapshot by itself.
        assert tab.wait("snapshot")["generation"]["end"] == [5, 0]
        ollama.release("wild")
        assert tab.wait("generation.finished")["end"] == [9, 0]
        assert tab.text == "some more"
    assert not [frame for frame in tab.frames if frame["type"] == "error"]
    happened("Each resync got the whole text; the answer went on to its end.", acks=2 * len(ends) + 1)


@pytest.mark.fault(5)
@pytest.mark.parametrize("tale", [(NOBODYS, [10**9, 0]), (None, [-1, 0])])
def test_tales_of_what_has_arrived_do_not_keep_a_reader(site, client, ollama, happened, tale):
    ollama.enqueue(tokens(2000, 0, "0123456789abcdef" * 64), hold("never"))
    with Tab(site, client, acks=False) as tab:
        started = tab.ask("Much")
        generation, end = tale
        for _ in range(5):
            tab.send("ack", generation=generation or started["generation"], end=end)
        assert tab.wait_close() == 4008
    with Tab(site, client, tab.conversation) as again:
        again.wait("snapshot")
        again.stop(started["generation"])
        again.wait("generation.finished")
    happened("The reader was closed with 4008 like any that acknowledges nothing.")


@pytest.mark.fault(6)
@pytest.mark.parametrize("type_", ASKING)
def test_a_command_sent_twice_is_done_once(site, client, ollama, happened, type_):
    with ExitStack() as stack:
        first = Tab(site, client)
        if type_ == "message.send":
            tabs, fields = open_tabs(stack, first, 2), {"text": "Once"}
        else:
            first = stack.enter_context(first)
            question, answer = answered(first, ollama)
            tabs = [first, *open_tabs(stack, first.twin(), 1)]
            # What its page shows already.
            tabs[1].text = first.text
            fields = {"message": question, "text": "Uno"} if "edit" in type_ else {"message": answer}
        before = len(ollama.chats)
        ollama.enqueue("once ", hold("once"), "and for all")
        command = {"client_id": uuid.uuid4().hex, **fields}
        at_once(tabs, type_, [command, command])
        started = [tab.wait("generation.started") for tab in tabs]
        tabs[0].send(type_, **command)
        assert tabs[0].wait("generation.started") == started[0] == started[1]
        for tab in tabs:
            # Commands are answered in order: with the pong, whatever the repeats bring has come.
            tab.send("ping")
            tab.wait("pong")
        ollama.release("once")
        ends = [tab.wait("generation.finished") for tab in tabs]
        tabs[0].send(type_, **command)
        assert tabs[0].wait("generation.finished") == ends[0] == ends[1]
    assert len(ollama.chats) == before + 1
    assert len(set(rows(client.get(f"/c/{tabs[0].conversation}/").text))) == 2
    assert not [frame for tab in tabs for frame in tab.frames if frame["type"] == "error"]
    happened("Four times the same command: one row, one call of the model, the same frames.")


@pytest.mark.fault(6)
def test_a_question_repeated_while_its_answer_ends_is_answered_once(site, client, ollama, happened):
    before = len(ollama.chats)
    for round_ in range(ROUNDS):
        ollama.enqueue("Quick.")
        question = {"client_id": uuid.uuid4().hex, "text": "Quick?"}
        with Tab(site, client) as tab:
            tab.wait("snapshot")
            for _ in range(REPEATS):
                tab.send("message.send", **question)
            tab.send("ping")
            tab.wait("pong")
            kinds = Counter(frame["type"] for frame in tab.frames)
            assert "error" not in kinds, tab.frames
            assert len(ollama.chats) == before + round_ + 1
    happened("Each answer ended while its question came again: one call of the model each.", rounds=ROUNDS)


@pytest.mark.fault(6)
def test_a_question_whose_receipt_was_lost_is_sent_again_and_stored_once(site, client, ollama, happened):
    before = len(ollama.chats)
    ollama.enqueue("heard ", hold("heard"), "once")
    question = {"client_id": uuid.uuid4().hex, "text": "Did you hear me?"}
    with Proxy(site.port) as proxy:
        tab = Tab(proxy, client)
        tab.open()
        tab.wait("snapshot")
        tab.send("message.send", **question)
        ollama.wait_chat(before + 1)
        proxy.cut(reset=True)
        tab.close()
        with tab.twin() as again:
            again.wait("snapshot")
            again.send("message.send", **question)
            again.wait("message.created", client_id=question["client_id"])
            # Its snapshot: what ends while that is read is told by it alone.
            again.wait("snapshot")
            ollama.release("heard")
            again.wait("generation.finished")
            assert again.text == "heard once"
    assert len(ollama.chats) == before + 1
    assert len(rows(client.get(f"/c/{tab.conversation}/").text)) == 2
    happened("The repeat got the receipt; there is one question and one answer.")


@pytest.mark.fault(7)
def test_of_twenty_questions_at_once_one_is_answered_and_the_others_are_not_stored(
    site, client, ollama, happened
):
    before = len(ollama.chats)
    ollama.enqueue("wait ", hold("twenty"))
    with ExitStack() as stack:
        tabs = open_tabs(stack, Tab(site, client), 20)
        questions = [
            {"client_id": f"c{number}", "text": f"question {number}."} for number in range(len(tabs))
        ]
        at_once(tabs, "message.send", questions)
        for tab in tabs:
            tab.wait("generation.started")
        refused = [wait_refusal(tab, own["client_id"]) for tab, own in zip(tabs, questions, strict=True)]
        assert Counter(refused) == {"busy": 19, "": 1}
        ollama.release("twenty")
        for tab in tabs:
            tab.wait("generation.finished")
    assert len(ollama.chats) == before + 1
    page = client.get(f"/c/{tabs[0].conversation}/").text
    assert [number for number in range(20) if f"question {number}." in page] == [refused.index("")]
    assert len(set(rows(page))) == 2
    happened("One ran; the others were told that it does, and stored nothing.", busy=19, ran=1)


def wait_refusal(tab: Tab, client_id: str) -> str:
    """Return the code of the refusal of a question; "" where it was taken."""
    while True:
        for frame in tab.frames:
            if frame.get("client_id") == client_id:
                return frame.get("code", "")
        tab.receive()


@pytest.mark.fault(10)
def test_ids_of_somebody_else_are_like_ids_of_nothing(site, client, eve, ollama, happened):
    with Tab(site, eve) as stranger:
        answered(stranger, ollama)
    with Tab(site, client) as tab:
        question, answer = answered(tab, ollama)
        ollama.enqueue("mine ", hold("mine"), "alone")
        running = tab.ask("Mine")
        tab.wait_text("mine ")
        page = without_token(client.get(f"/c/{tab.conversation}/").text)
        told = 0
        for command in commands_about(question, answer, running["generation"], tab.conversation):
            theirs, nobodys = answers_to(stranger, command)
            assert theirs == nobodys, command
            told += 1
        assert without_token(client.get(f"/c/{tab.conversation}/").text) == page
        ollama.release("mine")
        assert tab.wait("generation.finished")["status"] == "completed"
        assert tab.text == "mine alone"
    happened("Every answer was the one that an id of nothing gets; nothing changed.", commands=told)


def without_token(page: str) -> str:
    """Return a page without what is new at every look."""
    return re.sub(r'(csrf[^>]*(?:value|content)=|nonce=)"[^"]*"', "", page)


def commands_about(question: str, answer: str, generation: str, conversation: str) -> list[dict[str, Any]]:
    """Return every command that names something, about these."""
    asking = [
        {"type": "message.send", "text": "Hi", "parent": answer},
        {"type": "message.send", "text": "Hi", "parent": conversation},
        {"type": "message.edit", "text": "Hi", "message": question},
        {"type": "answer.regenerate", "message": answer},
        {"type": "answer.continue", "message": answer},
    ]
    return [
        *({**command, "client_id": "c"} for command in asking),
        {"type": "branch.select", "message": question},
        {"type": "message.delete", "message": question},
        {"type": "message.rate", "message": answer, "rating": 1},
        {"type": "generation.stop", "generation": generation},
        {"type": "ack", "generation": generation, "end": [0, 0]},
    ]


def answers_to(tab: Tab, command: dict[str, Any]) -> list[list[Frame]]:
    """Return what a command brings as it is, and with an id of nothing in place of its own."""
    found = []
    ids = {"parent", "message", "generation"}
    for variant in (command, {name: NOBODYS if name in ids else value for name, value in command.items()}):
        with tab.twin() as fresh:
            fresh.wait("snapshot")
            fresh.send_raw(json.dumps(variant))
            fresh.send("ping")
            fresh.wait("pong")
        news = {"conversation.updated", "ollama.status"}
        found.append([frame for frame in fresh.frames if frame["type"] not in news])
    return found
