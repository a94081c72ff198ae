"""Titles made by the model that has just answered: the same call but for its end, and in nobody's way."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from tests.scripted_ollama import ScriptedOllama, hold, json_error
from tests.site import Site, wait_until
from tests.tab import Frame, Tab

pytestmark = pytest.mark.process

NUM_CTX = {"num_ctx": 2048, "temperature": 0.5, "stop": ["END"], "num_predict": 900}


@pytest.fixture(scope="module")
def site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose model makes titles, and answers one question at a time."""
    with Site(tmp_path_factory.mktemp("data"), ollama.base_url, TITLES="model") as running:
        running.add_user("小明", admin=True)
        running.add_user("eve")
        yield running
        assert running.stop() == 0, running.log()
    for word in ("ERROR", "Traceback", "never awaited", "ResourceWarning"):
        assert word not in running.log(), running.log()


def title_of(tab: Tab) -> str:
    """Return the next title of the tab's conversation that it is told of."""
    while True:
        frame = tab.wait("conversation.updated")
        if frame["conversation"]["id"] == tab.conversation and not frame["conversation"].get("running"):
            return str(frame["conversation"]["title"])


def answered(tab: Tab, text: str, **more: object) -> Frame:
    """Ask, and return the end of the answer."""
    tab.ask(text, **more)
    finished = tab.wait("generation.finished")
    assert title_of(tab) == text
    return finished


def test_the_model_names_the_conversation_as_it_is_loaded(
    site: Site, client: httpx.Client, ollama: ScriptedOllama
) -> None:
    ollama.enqueue("It divides.")
    ollama.enqueue('"Quick', 'sort"\n\nBecause')
    before = len(ollama.chats)
    with Tab(site, client) as tab:
        answered(tab, "How does quicksort work?", options=NUM_CTX, system="Be brief.")
        assert title_of(tab) == "Quicksort"
    answer, title = (chat.json for chat in ollama.chats[before:])
    assert title["model"] == answer["model"]
    rest = {name: value for name, value in answer["options"].items() if name not in {"stop", "num_predict"}}
    assert title["options"] == {**rest, "num_predict": 40}
    assert title["options"]["num_ctx"] == 2048
    *prefix, wish = title["messages"]
    assert prefix == [*answer["messages"], {"role": "assistant", "content": "It divides."}]
    assert wish["role"] == "user"
    assert "Quicksort" in client.get("/conversations").text


def test_thinking_is_off_and_chinese_is_asked_in_chinese(
    site: Site, client: httpx.Client, ollama: ScriptedOllama
) -> None:
    ollama.enqueue("先选一个基准。")
    ollama.enqueue("快速排序")
    with Tab(site, client) as tab:
        answered(tab, "快速排序是怎么工作的？")
        assert title_of(tab) == "快速排序"
    body = ollama.chats[-1].json
    assert "标题" in body["messages"][-1]["content"]
    assert body.get("think") in {None, False}


def test_the_second_answer_and_a_stopped_one_ask_for_no_title(
    site: Site, client: httpx.Client, ollama: ScriptedOllama
) -> None:
    with Tab(site, client) as tab:
        ollama.enqueue("One.")
        ollama.enqueue("Numbers")
        answered(tab, "Count")
        assert title_of(tab) == "Numbers"
        before = len(ollama.chats)
        tab.ask("Go on")
        tab.wait("generation.finished")
    with Tab(site, client) as tab:
        ollama.enqueue("Half", hold("never"))
        started = tab.ask("To be stopped")
        tab.wait("generation.delta")
        tab.stop(started["generation"])
        tab.wait("generation.finished")
        # Whatever had been asked for by now would stand before this one's call.
        ollama.enqueue("Yes.")
        tab.ask("Still there?")
        tab.wait("generation.finished")
    words = [chat.json["messages"][-1]["content"] for chat in ollama.chats[before:]]
    assert words == ["Go on", "To be stopped", "Still there?"]


def test_whoever_asks_cuts_it_short_and_waits_for_nothing(
    site: Site, client: httpx.Client, eve: httpx.Client, ollama: ScriptedOllama
) -> None:
    ollama.enqueue("An answer.")
    ollama.enqueue("A ti", hold("title"))
    with Tab(site, client) as tab, Tab(site, eve) as other:
        other.wait("snapshot")
        answered(tab, "First question of all")
        title = ollama.wait_held("title")
        ollama.enqueue("Hers.")
        ollama.enqueue("Her title")
        answered(other, "Eve asks")
        assert title_of(other) == "Her title"
        ollama.wait_for(lambda: title.closed)
        assert title.closed_by_client
        phases = [frame["phase"] for frame in other.frames if frame["type"] == "generation.status"]
        assert "queued" not in phases
    hers = ollama.chats[-2]
    assert hers.json["messages"][-1]["content"] == "Eve asks"
    assert "First question of all" in client.get("/conversations").text


def test_nobody_who_waits_is_kept_waiting(
    site: Site, client: httpx.Client, eve: httpx.Client, ollama: ScriptedOllama
) -> None:
    ollama.enqueue("Slow", hold("first"), "ly.")
    with Tab(site, client) as tab, Tab(site, eve) as other:
        other.wait("snapshot")
        tab.ask("Who is first?")
        ollama.wait_held("first")
        ollama.enqueue("Second.")
        ollama.enqueue("A title of the second")
        other.ask("Who waits?")
        while other.wait("generation.status")["phase"] != "queued":
            pass
        before = len(ollama.chats)
        ollama.release("first")
        tab.wait("generation.finished")
        other.wait("generation.finished")
        assert title_of(other) == "Who waits?"
        assert title_of(other) == "A title of the second"
    words = [chat.json["messages"][0]["content"] for chat in ollama.chats[before:]]
    assert words == ["Who waits?", "Who waits?"]


@pytest.mark.parametrize("change", ["rename", "delete"])
def test_renamed_or_deleted_meanwhile_it_ends(
    site: Site, client: httpx.Client, ollama: ScriptedOllama, change: str
) -> None:
    ollama.enqueue("An answer.")
    ollama.enqueue("A ti", hold(change), "tle")
    with Tab(site, client) as tab:
        answered(tab, f"To {change}")
        title = ollama.wait_held(change)
        site.post(client, f"/c/{tab.conversation}/{change}", title=f"Named at {change}")
        ollama.wait_for(lambda: title.closed)
    assert (f"Named at {change}" in client.get("/conversations").text) is (change == "rename")


def test_a_stop_of_the_answer_ends_its_title(
    site: Site, client: httpx.Client, ollama: ScriptedOllama
) -> None:
    ollama.enqueue("An answer.")
    ollama.enqueue("A ti", hold("stopped"))
    with Tab(site, client) as tab:
        finished = answered(tab, "Stop it")
        title = ollama.wait_held("stopped")
        tab.stop(finished["generation"])
        ollama.wait_for(lambda: title.closed)
        tab.send("ping")
        tab.wait("pong")


def test_a_failure_leaves_the_first_title(site: Site, client: httpx.Client, ollama: ScriptedOllama) -> None:
    ollama.enqueue("An answer.")
    ollama.play(json_error(500, "no title today"))
    with Tab(site, client) as tab:
        answered(tab, "It fails")
        wait_until(lambda: "A title cannot be made" in site.log(), explain=site.log)
    assert "It fails" in client.get("/conversations").text


def test_the_end_of_the_process_ends_it(
    ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with Site(tmp_path_factory.mktemp("data"), ollama.base_url, TITLES="model") as running:
        running.add_user("小明", admin=True)
        ollama.enqueue("An answer.")
        ollama.enqueue("A ti", hold("shutdown"))
        with closing(running.log_in("小明")) as client, Tab(running, client) as tab:
            answered(tab, "Until the end")
            title = ollama.wait_held("shutdown")
            assert running.stop() == 0, running.log()
        ollama.wait_for(lambda: title.closed)
        assert "Traceback" not in running.log()


def test_without_the_setting_no_title_is_asked_for(
    ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory
) -> None:
    before = len(ollama.chats)
    with Site(tmp_path_factory.mktemp("data"), ollama.base_url) as running:
        running.add_user("小明", admin=True)
        ollama.enqueue("One.")
        ollama.enqueue("Two.")
        with closing(running.log_in("小明")) as client, Tab(running, client) as tab:
            answered(tab, "First")
            tab.ask("Second")
            tab.wait("generation.finished")
        assert running.stop() == 0, running.log()
    assert len(ollama.chats) == before + 2
