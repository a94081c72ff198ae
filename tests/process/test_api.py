"""What a program gets that asks over HTTP, through a real server: the answer as it comes, and what is kept."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.api_client import CHAT, Fields, Person, people
from tests.scripted_ollama import ScriptedOllama, cut, done, error, hold, json_error, thinking
from tests.site import Site, wait_until
from tests.tab import Tab

pytestmark = pytest.mark.process

MODEL = "internlm2:1.8b"
FIRST = {"generation", "conversation", "message", "model", "done"}
NUMBERS = {"total_duration", "load_duration", "prompt_eval_count", "eval_count"}
LAST = FIRST | NUMBERS | {"status", "reason"}
WHOLE = LAST | {"text", "thinking"}
STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
}


@pytest.fixture(scope="module")
def pool(site: Site) -> Iterator[Iterator[Person]]:
    """People for the tests of this module."""
    with people(site, 40) as made:
        yield made


@pytest.fixture
def person(pool: Iterator[Person]) -> Person:
    """Somebody whom no other test knows."""
    return next(pool)


def messages(person: Person, conversation: str) -> list[Fields]:
    """Return the messages of a conversation."""
    found: list[Fields] = person.program.conversation(conversation)["messages"]
    return found


def last_message(person: Person, conversation: str) -> Fields:
    """Return the last message of a conversation."""
    return messages(person, conversation)[-1]


def wait_status(person: Person, conversation: str, status: str) -> Fields:
    """Return the last message once it stands so."""

    def found() -> Fields | None:
        message = last_message(person, conversation)
        return message if message["status"] == status else None

    message: Fields = wait_until(found, explain=lambda: last_message(person, conversation))
    return message


def test_an_answer_streams_while_it_is_written(person, ollama):
    ollama.enqueue("春眠", hold("spring"), "不觉晓，😀")
    with person.program.ask("写一首关于春天的诗") as stream:
        assert stream.first.keys() == FIRST
        assert stream.first["model"] == MODEL
        assert {name: stream.response.headers[name] for name in STREAM_HEADERS} == STREAM_HEADERS
        assert stream.response.headers["X-Request-ID"]
        assert "Set-Cookie" not in stream.response.headers
        stream.wait_text("春眠")
        ollama.release("spring")
        last = stream.finish()
    assert stream.text == "春眠不觉晓，😀"
    assert all(event.keys() == {"token", "done"} for event in stream.events[1:-1])
    assert last.keys() == LAST
    assert {name: last[name] for name in FIRST - {"done"}} == {
        name: stream.first[name] for name in FIRST - {"done"}
    }
    assert (last["done"], last["status"], last["reason"]) == (True, "completed", "stop")
    assert all(isinstance(last[name], int) for name in NUMBERS)


def test_an_answer_in_one_piece_is_all_that_a_stream_tells(person, ollama):
    ollama.enqueue(thinking("Hm. "), "Yes", ".")
    whole = person.program.ask_whole("Is it?")
    assert whole.keys() == WHOLE
    assert (whole["text"], whole["thinking"]) == ("Yes.", "Hm. ")
    assert (whole["done"], whole["status"], whole["reason"]) == (True, "completed", "stop")
    assert last_message(person, whole["conversation"])["id"] == whole["message"]


def test_the_page_shows_what_a_program_asks_while_the_answer_comes(site, person, ollama):
    ollama.enqueue("seen ", hold("seen"), "by both")
    with person.program.ask("Who sees it?") as stream:
        stream.wait_text("seen ")
        with Tab(site, person.browser, stream.conversation) as tab:
            snapshot = tab.wait("snapshot")
            assert snapshot["generation"]["id"] == stream.generation
            tab.wait_text("seen ")
            ollama.release("seen")
            tab.wait("generation.finished")
            assert tab.text == "seen by both"
        stream.finish()
    page = person.browser.get(f"/c/{stream.conversation}/").text
    assert "Who sees it?" in page
    assert "seen by both" in page
    assert f"/c/{stream.conversation}/" in person.browser.get("/").text


def test_an_open_page_is_told_of_a_question_of_a_program(site, person, ollama):
    with Tab(site, person.browser) as tab:
        tab.ask("From the page")
        tab.wait("generation.finished")
        ollama.enqueue("for the ", "program")
        with person.program.ask("From a program", conversation=tab.conversation) as stream:
            created = tab.wait("message.created")
            assert created["message"]["text"] == "From a program"
            assert tab.wait("generation.started")["generation"] == stream.generation
            stream.finish()
        tab.wait("generation.finished")
        assert tab.text == stream.text == "for the program"


def test_options_are_for_this_answer_alone_and_ollamas_own_names_count_first(site, person, ollama):
    with Tab(site, person.browser) as tab:
        tab.ask("Hi", options={"temperature": 0.3, "seed": 7})
        tab.wait("generation.finished")
    first = ollama.chats[-1].json["options"]
    before = len(ollama.chats)
    person.program.ask_whole(
        "With options",
        conversation=tab.conversation,
        max_tokens=20,
        temperature=1.5,
        top_p=0.5,
        repeat_penalty=1.3,
        options={"top_p": 0.25, "stop": ["###"]},
    )
    person.program.ask_whole("And without", conversation=tab.conversation)
    given, plain = (chat.json["options"] for chat in ollama.chats[before:])
    assert given["num_predict"] == 20
    assert (given["temperature"], given["top_p"], given["repeat_penalty"]) == (1.5, 0.25, 1.3)
    assert (given["seed"], given["stop"]) == (7, ["###"])
    assert "max_tokens" not in given
    assert (plain["temperature"], plain["seed"]) == (0.3, 7)
    assert (plain["num_predict"], plain["top_p"]) == (first["num_predict"], first["top_p"])
    assert "stop" not in plain
    kept = person.program.conversation(tab.conversation)["conversation"]
    assert kept["options"] == {"temperature": 0.3, "seed": 7}


def test_model_and_system_prompt_become_those_of_the_conversation(person, ollama):
    ollama.models = [MODEL, "qwen3:8b"]
    wait_until(lambda: "qwen3:8b" in [model["name"] for model in person.program.get("/api/models")["models"]])
    before = len(ollama.chats)
    first = person.program.ask_whole("Hi", model="qwen3:8b", system="Be brief.")
    second = person.program.ask_whole("Again", conversation=first["conversation"])
    assert first["model"] == second["model"] == "qwen3:8b"
    for chat in ollama.chats[before:]:
        assert chat.json["model"] == "qwen3:8b"
        assert chat.json["messages"][0] == {"role": "system", "content": "Be brief."}
    kept = person.program.conversation(first["conversation"])["conversation"]
    assert (kept["model"], kept["system"]) == ("qwen3:8b", "Be brief.")
    person.program.ask_whole("Without it", conversation=first["conversation"], system="")
    assert ollama.chats[-1].json["messages"][0]["role"] == "user"


def test_a_new_conversation_starts_as_one_of_the_page_does(site, person, ollama):
    site.run(
        "from conversations.models import *\n"
        f"user = User.objects.get(username={person.name!r})\n"
        "user.default_preset = Preset.objects.create(\n"
        "    owner=user, name='Pirate', system_prompt='Arr.', options={'seed': 5}\n"
        ")\n"
        "user.save()"
    )
    asked = person.program.ask_whole("Ahoy")
    assert ollama.chats[-1].json["messages"][0] == {"role": "system", "content": "Arr."}
    assert ollama.chats[-1].json["options"]["seed"] == 5
    kept = person.program.conversation(asked["conversation"])["conversation"]
    assert (kept["title"], kept["system"], kept["options"]) == ("Ahoy", "Arr.", {"seed": 5})


def test_the_next_question_knows_the_conversation(person, ollama):
    ollama.enqueue("Hello Ann.")
    first = person.program.ask_whole("My name is Ann.")
    second = person.program.ask_whole("What is my name?", conversation=first["conversation"])
    assert first["conversation"] == second["conversation"]
    assert [message["content"] for message in ollama.chats[-1].json["messages"]] == [
        "My name is Ann.",
        "Hello Ann.",
        "What is my name?",
    ]
    kept = messages(person, first["conversation"])
    assert [message["role"] for message in kept] == ["user", "assistant"] * 2
    assert [message["parent"] for message in kept] == [None, *(message["id"] for message in kept[:-1])]


def test_who_leaves_ends_the_answer_and_what_came_is_kept(person, ollama):
    number = len(ollama.chats) + 1
    ollama.enqueue("so far", hold("left"), "never seen")
    with person.program.ask("Tell me everything") as stream:
        stream.wait_text("so far")
    assert ollama.wait_closed(number).closed_by_client
    message = wait_status(person, stream.conversation, "stopped")
    assert (message["content"], message["reason"]) == ("so far", "user_stop")


def test_who_leaves_before_the_answer_is_whole_ends_it_as_well(person, ollama):
    number = len(ollama.chats) + 1
    ollama.enqueue("so far", hold("gone"))
    with pytest.raises(httpx.ReadTimeout):
        person.program.client.post(CHAT, json={"prompt": "Quick!", "stream": False}, timeout=1)
    assert ollama.wait_closed(number).closed_by_client
    listed = person.program.get("/api/conversations")["conversations"]
    assert wait_status(person, listed[0]["id"], "stopped")["content"] == "so far"


@pytest.mark.parametrize("stream", [True, False])
def test_what_is_to_be_kept_is_written_to_its_end(person, ollama, stream):
    ollama.enqueue("so far", hold("kept"), " and on")
    if stream:
        with person.program.ask("Take your time", keep=True) as asked:
            asked.wait_text("so far")
    else:
        body = {"prompt": "Take your time", "stream": False, "keep": True}
        with pytest.raises(httpx.ReadTimeout):
            person.program.client.post(CHAT, json=body, timeout=1)
    conversation = person.program.get("/api/conversations")["conversations"][0]
    assert conversation["running"]
    ollama.release("kept")
    assert wait_status(person, conversation["id"], "completed")["content"] == "so far and on"


def test_stop_ends_the_answer_for_all_who_read_it(person, ollama):
    number = len(ollama.chats) + 1
    ollama.enqueue("so far", hold("stop"))
    with person.program.ask("Go on") as stream, person.program.join(stream.generation) as other:
        stream.wait_text("so far")
        stopped = person.program.stop(stream.generation)
        assert (stopped["status"], stopped["reason"]) == ("stopped", "user_stop")
        assert stopped.keys() == LAST - NUMBERS - {"done"}
        for last in (stream.finish(), other.finish()):
            assert (last["status"], last["reason"]) == ("stopped", "user_stop")
            assert "error" not in last
    assert ollama.wait_closed(number).closed_by_client
    assert person.program.stop(stream.generation)["status"] == "stopped"


def test_stop_on_the_page_ends_the_stream(site, person, ollama):
    ollama.enqueue("so far", hold("page"))
    with person.program.ask("Go on") as stream, Tab(site, person.browser, stream.conversation) as tab:
        stream.wait_text("so far")
        tab.stop(stream.generation)
        assert stream.finish()["status"] == "stopped"


def test_a_question_of_the_page_is_stopped_by_a_program(site, person, ollama):
    ollama.enqueue("so far", hold("asked on the page"))
    with Tab(site, person.browser) as tab:
        generation = tab.ask("Go on")["generation"]
        tab.wait_text("so far")
        assert person.program.stop(generation)["status"] == "stopped"
        assert tab.wait("generation.finished")["status"] == "stopped"


def test_stop_comes_too_late_without_harm(person):
    asked = person.program.ask_whole("Hi")
    late = person.program.stop(asked["generation"])
    assert (late["status"], late["reason"]) == ("completed", "stop")


def test_an_answer_that_waits_in_the_queue_is_streamed_stopped_and_asked_again(person, ollama):
    for _ in range(2):
        ollama.enqueue("busy", hold("queue"))
    with person.program.ask("One") as one, person.program.ask("Two") as two:
        one.wait_text("busy")
        two.wait_text("busy")
        chats = len(ollama.chats)
        with person.program.ask("Three") as three:
            assert person.program.stop(three.generation)["status"] == "stopped"
            assert three.finish()["status"] == "stopped"
        assert len(ollama.chats) == chats
        ollama.release("queue", 2)
        assert (one.finish()["status"], two.finish()["status"]) == ("completed", "completed")


def test_of_questions_of_one_moment_one_is_answered(person, ollama):
    conversation = person.program.ask_whole("Hi")["conversation"]
    ollama.enqueue("one", hold("moment"))
    body = {"prompt": "Now", "conversation": conversation, "stream": False}
    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(person.program.client.post, CHAT, json=body) for _ in range(8)]
        ollama.wait_held("moment")
        wait_until(lambda: sum(one.done() for one in asked) == 7)
        ollama.release("moment")
        answers = sorted((one.result() for one in asked), key=lambda one: one.status_code)
    assert [one.status_code for one in answers] == [200] + [409] * 7
    assert {one.json()["error"]["code"] for one in answers[1:]} == {"busy"}
    assert len(messages(person, conversation)) == 4


def test_thoughts_come_before_the_answer_and_apart_from_it(person, ollama):
    ollama.enqueue(thinking("先想"), thinking("一想😀"), hold("thought"), "好了")
    with person.program.ask("想一想") as stream:
        while stream.thinking != "先想一想😀":
            event = stream.next()
            assert event.keys() == {"token", "thinking", "done"}
            assert event["token"] == ""
        ollama.release("thought")
        stream.finish()
    assert stream.text == "好了"
    message = last_message(person, stream.conversation)
    assert (message["content"], message["thinking"]) == ("好了", "先想一想😀")


def test_the_limit_of_tokens_is_told_as_the_reason(person, ollama):
    ollama.enqueue("1, 2,", done(done_reason="length"))
    whole = person.program.ask_whole("Count", max_tokens=4)
    assert (whole["status"], whole["reason"]) == ("completed", "length")


FAILURES = [
    (["half ", error("out of memory")], "ollama_error", 502, "half "),
    (["half ", cut()], "ollama_down", 503, "half "),
    ([cut()], "ollama_down", 503, ""),
]


@pytest.mark.parametrize(("pieces", "reason", "status", "kept"), FAILURES)
def test_an_answer_that_fails_says_so_and_keeps_what_came(person, ollama, pieces, reason, status, kept):
    ollama.enqueue(*pieces)
    with person.program.ask("Try") as stream:
        last = stream.finish()
    assert last.keys() == LAST | {"error"}
    assert (last["done"], last["status"], last["reason"]) == (True, "failed", reason)
    assert last["error"].keys() == {"code", "message"}
    assert last["error"]["message"].endswith(".")
    assert stream.text == kept
    assert last_message(person, stream.conversation)["content"] == kept
    ollama.enqueue(*pieces)
    answer = person.program.client.post(CHAT, json={"prompt": "Try", "stream": False})
    assert answer.status_code == status
    whole = answer.json()
    assert whole.keys() == WHOLE | {"error"}
    assert (whole["text"], whole["error"]) == (kept, last["error"])
    # The conversation is free again.
    assert person.program.ask_whole("Once more", conversation=whole["conversation"])["status"] == "completed"


def test_what_ollama_refuses_is_an_answer_that_failed(person, ollama):
    ollama.play(json_error(500, "llama runner process has terminated"))
    answer = person.program.client.post(CHAT, json={"prompt": "Try", "stream": False})
    assert (answer.status_code, answer.json()["status"]) == (502, "failed")
    assert "llama runner process has terminated" in answer.json()["error"]["message"]


def test_streams_are_never_compressed(person, ollama):
    ollama.enqueue("so far", hold("gzip"), "." * 2000)
    with person.program.ask("Compress?") as stream:
        assert "gzip" in stream.response.request.headers["Accept-Encoding"]
        stream.wait_text("so far")
        ollama.release("gzip")
        stream.finish()
    assert "Content-Encoding" not in stream.response.headers


def test_a_login_counts_for_nothing_without_a_token(person):
    assert person.browser.get("/accounts/").status_code < 500
    for method, path in (("GET", "/api/models"), ("POST", CHAT)):
        answer = person.browser.request(method, path, json={"prompt": "Hi"} if method == "POST" else None)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "token_missing"
        assert "Set-Cookie" not in answer.headers
    assert person.program.get("/api/conversations")["conversations"] == []


def test_silence_is_filled_with_comments(person, ollama):
    ollama.enqueue("so far", hold("silent"))
    with person.program.ask("Say nothing") as stream:
        stream.wait_text("so far")
        stream.wait_comment()
        ollama.release("silent")
        assert stream.finish()["status"] == "completed"


def test_answers_that_nobody_scripts_are_those_of_the_model(person: Person, ollama: ScriptedOllama) -> None:
    assert person.program.ask_whole("  Hi there\n")["text"] == "Echo: Hi there 答案"
