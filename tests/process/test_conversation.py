"""The main job through a real server: ask, see the phases and the text, stop, come back, ask on."""

import time
from contextlib import suppress
from itertools import pairwise

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.scripted_ollama import (
    cut,
    done,
    error,
    headers,
    hold,
    json_error,
    load,
    pause,
    reset,
    thinking,
    tokens,
)
from tests.site import wait_until
from tests.tab import Tab

pytestmark = pytest.mark.process

BROKEN_FRAMING = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    b'2d\r\n{"message":{"content":"half "},"done":false}\n\r\n',
    # What comes in one read with the head would be refused as a whole.
    pause(0.1),
    b"not a size\r\n",
)


def phases(tab: Tab) -> list[str]:
    """Return the phases that the tab was told, in order, without those told again for a second's tokens."""
    told = [frame for frame in tab.frames if frame["type"] == "generation.status"]
    return [
        frame["phase"]
        for before, frame in pairwise([{}, *told])
        if before.get("phase") != frame["phase"] or before.get("tokens", 0) == frame.get("tokens", 0)
    ]


def open_tab(site, client, conversation=None, **options) -> Tab:
    """Return a connected tab that has its snapshot."""
    tab = Tab(site, client, conversation, **options)
    tab.open()
    tab.wait("snapshot")
    return tab


def test_answer_streams_and_is_kept(site, client, ollama):
    ollama.enqueue("春眠", "不觉晓，", "处处闻啼鸟。")
    with Tab(site, client) as tab:
        tab.ask("写一首关于春天的诗")
        finished = tab.wait("generation.finished")
        assert tab.text == "春眠不觉晓，处处闻啼鸟。"
        assert (finished["status"], finished["reason"], finished["end"]) == ("completed", "stop", [12, 0])
        assert finished["stats"]["output_tokens"] > 0
    page = client.get(f"/c/{tab.conversation}/").text
    assert "写一首关于春天的诗" in page
    assert "春眠不觉晓，处处闻啼鸟。" in page


def test_next_question_knows_the_conversation(site, client, ollama):
    before = len(ollama.chats)
    with Tab(site, client) as tab:
        ollama.enqueue("Hello Ann.")
        tab.ask("My name is Ann. <|im_end|>")
        tab.wait("generation.finished")
        ollama.enqueue("Ann.")
        tab.ask("What is my name?", system="Be brief", options={"temperature": 0.5, "seed": 7})
        tab.wait("generation.finished")
        ollama.enqueue("Yes.")
        tab.ask("Sure?", options={"history_turns": 0, "seed": 7})
        tab.wait("generation.finished")
    second, third = (chat.json for chat in ollama.chats[before + 1 :])
    assert [(message["role"], message["content"]) for message in second["messages"]] == [
        ("system", "Be brief"),
        ("user", "My name is Ann. <|im_end|>"),
        ("assistant", "Hello Ann."),
        ("user", "What is my name?"),
    ]
    assert second["options"]["temperature"] == 0.5
    assert second["options"]["repeat_penalty"] == 1.1
    assert [message["content"] for message in third["messages"]] == ["Be brief", "Sure?"]
    assert "history_turns" not in third["options"]


def test_each_phase_is_told_while_it_lasts(site, client, ollama):
    ollama.enqueue(
        hold("loading"), load(), hold("reading"), thinking("hm"), hold("thinking"), "text", hold("end")
    )
    with Tab(site, client) as tab:
        tab.ask("Why?")
        for phase in ("connecting", "loading"):
            tab.wait("generation.status", phase=phase)
        ollama.release("loading")
        tab.wait("generation.status", phase="reading")
        ollama.release("reading")
        tab.wait("generation.status", phase="thinking")
        ollama.release("thinking")
        tab.wait("generation.status", phase="writing")
        ollama.release("end")
        tab.wait("generation.finished")
    assert phases(tab) == ["connecting", "loading", "reading", "thinking", "writing"]
    assert (tab.thinking, tab.text) == ("hm", "text")


@pytest.mark.fault(8)
@pytest.mark.parametrize("phase", ["loading", "reading", "thinking", "writing"])
def test_stop_closes_the_connection_in_every_phase(site, client, ollama, happened, phase):
    number = len(ollama.chats) + 1
    pieces = {
        "loading": [hold("loading"), load()],
        "reading": [load(), hold("reading")],
        "thinking": [load(), thinking("so far"), hold("thinking")],
        "writing": [load(), "so far", hold("writing")],
    }
    ollama.enqueue(*pieces[phase])
    with Tab(site, client) as tab:
        started = tab.ask("Tell me everything")
        tab.wait("generation.status", phase=phase)
        ollama.wait_held(phase)
        asked = time.monotonic()
        tab.stop(started["generation"])
        tab.stop(started["generation"])
        finished = tab.wait("generation.finished")
        assert (finished["status"], finished["reason"]) == ("stopped", "user_stop")
        closed = ollama.wait_closed(number).closed
        happened(f"Stopped while {phase}; Ollama's connection was closed.", closed_ms=(closed - asked) * 1000)
        tab.stop(started["generation"])
        ollama.enqueue("fine")
        tab.ask("And now?")
        assert tab.wait("generation.finished")["status"] == "completed"
    page = client.get(f"/c/{tab.conversation}/").text
    assert 'data-status="stopped"' in page
    assert ("so far" in page) == (phase in ("thinking", "writing"))


@pytest.mark.fault(3)
def test_reload_in_the_middle_shows_the_text_so_far_and_goes_on(site, client, ollama):
    ollama.enqueue("first ", "part, ", hold("middle"), "second part")
    with Tab(site, client) as tab:
        started = tab.ask("Two parts")
        tab.wait_text("first part, ")
    with Tab(site, client, tab.conversation) as again:
        snapshot = again.wait("snapshot")
        assert snapshot["generation"]["id"] == started["generation"]
        assert snapshot["generation"]["text"] == "first part, "
        ollama.release("middle")
        again.wait("generation.finished")
        assert again.text == "first part, second part"


@pytest.mark.fault(4)
def test_second_tab_shows_the_same_and_may_stop(site, client, ollama):
    ollama.enqueue("shared ", hold("shared"))
    with Tab(site, client) as tab:
        tab.ask("Both of you")
        tab.wait_text("shared ")
        with Tab(site, client, tab.conversation) as other:
            snapshot = other.wait("snapshot")
            other.stop(snapshot["generation"]["id"])
            assert other.wait("generation.finished") == tab.wait("generation.finished")
            assert other.text == tab.text == "shared "


def test_questions_beyond_num_parallel_are_queued_with_their_place(site, client, eve, ollama):
    ollama.always("busy", hold("full"))
    tabs = [open_tab(site, client) for _ in range(3)]
    running = [tab.ask("Take your time")["generation"] for tab in tabs]
    for tab in tabs[:2]:
        tab.wait_text("busy")
    assert tabs[2].wait("generation.status", phase="queued")["ahead"] == 1
    chats = len(ollama.chats)
    tabs[2].stop(running[2])
    assert tabs[2].wait("generation.finished")["status"] == "stopped"
    assert len(ollama.chats) == chats
    for tab, generation in zip(tabs[:2], running, strict=False):
        tab.stop(generation)
        tab.wait("generation.finished")
        tab.close()
    tabs[2].close()
    ollama.always("done")


def test_model_is_chosen_and_kept(site, client, ollama):
    before = len(ollama.chats)
    ollama.models = ["internlm2:1.8b", "qwen3:8b"]
    with Tab(site, client) as tab:
        wait_until(lambda: "qwen3:8b" in client.get("/").text)
        assert tab.ask("Hi", model="qwen3:8b")["model"] == "qwen3:8b"
        tab.wait("generation.finished")
        assert tab.ask("Again")["model"] == "qwen3:8b"
        tab.wait("generation.finished")
    assert {chat.json["model"] for chat in ollama.chats[before:]} == {"qwen3:8b"}
    assert "repeat_penalty" not in (ollama.chats[before].json.get("options") or {})


def test_edit_regenerate_and_branches_agree_in_all_tabs(site, client, ollama):
    with Tab(site, client) as tab:
        ollama.enqueue("first")
        tab.ask("one")
        question = next(frame["message"]["id"] for frame in tab.frames if frame["type"] == "message.created")
        first = tab.wait("generation.finished")["message"]
        ollama.enqueue("second")
        tab.send("answer.regenerate", client_id="again", message=first)
        started = tab.wait("generation.started")
        assert started["siblings"] == [first, started["message"]]
        tab.wait("generation.finished")
        with Tab(site, client, tab.conversation) as other:
            assert other.wait("snapshot")["conversation"]["leaf"] == started["message"]
            tab.send("branch.select", message=first)
            other.wait("conversation.updated")
            assert other.frames[-1]["conversation"]["leaf"] == first
        ollama.enqueue("edited")
        tab.send("message.edit", client_id="edit", message=question, text="uno")
        assert tab.wait("message.created")["message"]["siblings"][0] == question
        tab.wait("generation.finished")
    page = client.get(f"/c/{tab.conversation}/").text
    assert "uno" in page
    assert "edited" in page


def test_continue_goes_on_after_the_last_character(site, client, ollama):
    with Tab(site, client) as tab:
        ollama.enqueue("1, 2, ", done(done_reason="length"))
        tab.ask("count")
        finished = tab.wait("generation.finished")
        assert finished["reason"] == "length"
        ollama.enqueue("3, 4")
        tab.send("answer.continue", client_id="more", message=finished["message"])
        assert tab.wait("generation.started")["at"] == [6, 0]
        tab.wait("generation.finished")
        assert tab.text == "1, 2, 3, 4"


@pytest.mark.fault(16)
@pytest.mark.parametrize(
    ("script", "reason", "kept"),
    [
        (lambda server: server.enqueue("half ", cut()), "ollama_down", "half "),
        (lambda server: server.enqueue("half ", reset()), "ollama_down", "half "),
        (lambda server: server.enqueue(*BROKEN_FRAMING, framing="none"), "ollama_down", "half "),
        (lambda server: server.enqueue("half ", finish=False), "cut_off", "half "),
        (lambda server: server.enqueue(*["\n"] * 31, finish=False), "cut_off", "\n" * 31),
        (lambda server: server.enqueue(error("out of memory")), "ollama_error", ""),
        (lambda server: server.enqueue("half ", error("out of memory")), "ollama_error", "half "),
        (lambda server: server.enqueue("half ", b"garbage\n"), "ollama_error", "half "),
        (lambda server: server.enqueue(b"<html>login</html>", content_type="text/html"), "ollama_error", ""),
        (
            lambda server: server.play(json_error(404, "model 'internlm2:1.8b' not found")),
            "model_missing",
            "",
        ),
        (
            lambda server: server.play(json_error(500, "llama runner process has terminated")),
            "ollama_error",
            "",
        ),
    ],
    ids=[
        "dies",
        "reset",
        "framing",
        "no-end",
        "repeats-itself",
        "error-at-once",
        "error-line",
        "garbage",
        "html",
        "missing",
        "crash",
    ],
)
def test_whatever_ollama_does_keeps_the_text_and_can_be_retried(
    site, client, ollama, happened, script, reason, kept
):
    with Tab(site, client) as tab:
        script(ollama)
        tab.ask("Try")
        finished = tab.wait("generation.finished")
        assert (finished["status"], finished["reason"]) == ("failed", reason)
        assert tab.text == kept
        ollama.enqueue("Better.")
        tab.send("answer.regenerate", client_id="retry", message=finished["message"])
        assert tab.wait("generation.finished")["status"] == "completed"
        assert tab.text == "Better."
    happened("Failed with its reason; the text before it was kept, and the next attempt answered.")


@pytest.mark.parametrize("text", ["word ", "快速排序"])
def test_bytes_and_frames_of_an_answer_are_bounded(site, client, ollama, text):
    ollama.enqueue(tokens(100, 50, text))
    with Tab(site, client) as tab:
        tab.ask("Long")
        finished = tab.wait("generation.finished")
    deltas = [
        size for size, frame in zip(tab.sizes, tab.frames, strict=True) if frame["type"] == "generation.delta"
    ]
    assert tab.text == text * 100
    assert sum(deltas) <= 2 * len(tab.text.encode()) + 110 * len(deltas)
    # The first token and the end do not wait for the clock.
    assert len(deltas) <= 26 * finished["stats"]["total_ms"] / 1000 + 2


def test_anonymous_and_cross_site_handshakes_are_refused(site, client, ollama):
    with Tab(site, client) as tab:
        tab.wait("snapshot")
    for origin in (
        "http://127.0.0.1:9",
        "https://127.0.0.1",
        f"https://127.0.0.1:{site.port}",
        "null",
        "http://evil.test",
    ):
        with pytest.raises(InvalidStatus) as refused:
            tab.open(Origin=origin)
        assert refused.value.response.status_code == 403
    client_without_login = type(client)(base_url=site.url, trust_env=False)
    tab.client = client_without_login
    with pytest.raises(InvalidStatus) as refused:
        tab.open()
    assert refused.value.response.status_code == 403


@pytest.mark.parametrize("path", ["/ws/nothing/", "/ws/conversations/x/", "/", "/ws/%ff/"])
def test_a_socket_at_no_address_of_the_site_is_refused(site, path):
    with (
        pytest.raises(InvalidStatus) as refused,
        connect(
            f"ws://127.0.0.1:{site.port}{path}",
            additional_headers={"Origin": site.url, "Daphne-Root-Path": "/x"},
            proxy=None,
        ),
    ):
        pass
    assert refused.value.response.status_code == 403


@pytest.mark.fault(10)
def test_stranger_and_missing_look_alike(site, client, eve, ollama):
    ollama.enqueue("secret ", hold("secret"))
    with Tab(site, client) as tab:
        started = tab.ask("Mine")
        tab.wait_text("secret ")
        for conversation in (tab.conversation, "00000000-0000-4000-8000-000000000000"):
            stranger = Tab(site, eve, conversation)
            stranger.open()
            with suppress(ConnectionClosed):
                stranger.stop(started["generation"])
            assert stranger.wait_close() == 4004
            assert stranger.frames == []
            assert eve.get(f"/c/{conversation}/").status_code == 404
        with Tab(site, eve) as other:
            other.wait("snapshot")
            other.stop(started["generation"])
            other.send("ping")
            other.wait("pong")
        ollama.release("secret")
        assert tab.wait("generation.finished")["status"] == "completed"


@pytest.mark.fault(8)
def test_headers_first_then_silence_can_be_stopped(site, client, ollama):
    number = len(ollama.chats) + 1
    ollama.enqueue(headers(), hold("silence"))
    with Tab(site, client) as tab:
        started = tab.ask("Say nothing")
        ollama.wait_held("silence")
        tab.stop(started["generation"])
        assert tab.wait("generation.finished")["status"] == "stopped"
    assert ollama.wait_closed(number).closed
