"""Streams that are joined, left, resumed, cut: whenever one reads, nothing is missing and nothing comes twice."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.api_client import Person, Program, make_tokens, people
from tests.scripted_ollama import error, hold, thinking
from tests.site import Site, wait_until

pytestmark = pytest.mark.process

# Of one to four bytes in UTF-8, one of two code points, and what line readers take for ends of lines.
PIECES = ["天 ", "😀e\u0301", "\u2028\u0085\r\n", "\n\n", "data: x", "𠮷野家"]
TEXT = "".join(PIECES)
# So many answers does Ollama write at once here (conftest.py).
PARALLEL = 8


@pytest.fixture(scope="module")
def pool(site: Site) -> Iterator[Iterator[Person]]:
    """People for the tests of this module."""
    with people(site, 20) as made:
        yield made


@pytest.fixture
def person(pool: Iterator[Person]) -> Person:
    """Somebody whom no other test knows."""
    return next(pool)


def test_who_joins_in_the_middle_reads_all_of_it(person, ollama):
    ollama.enqueue("first ", hold("join"), "second")
    with person.program.ask("Two parts") as stream:
        stream.wait_text("first ")
        with person.program.join(stream.generation) as joined, person.program.join(stream.generation):
            assert joined.first == stream.first
            joined.wait_text("first ")
            ollama.release("join")
            assert joined.finish() == stream.finish()
            assert joined.text == stream.text == "first second"


def test_who_joins_at_the_end_reads_the_same(person, ollama):
    ollama.enqueue(thinking("hm"), *PIECES)
    with person.program.ask("All of it") as stream:
        last = stream.finish()
    with person.program.join(stream.generation) as joined:
        assert joined.first == stream.first
        assert joined.finish() == last
    assert (joined.thinking, joined.text) == (stream.thinking, stream.text) == ("hm", TEXT)
    assert joined.last_id == stream.last_id == f"{len(TEXT)}:2"


def test_leaving_a_stream_that_was_joined_ends_nothing(person, ollama):
    ollama.enqueue("so far", hold("leave"), " and on")
    with person.program.ask("Go on") as stream:
        with person.program.join(stream.generation) as joined:
            joined.wait_text("so far")
        ollama.release("leave")
        assert stream.finish()["status"] == "completed"
        assert stream.text == "so far and on"


def test_an_answer_is_resumed_at_every_position(person, ollama):
    ollama.enqueue(thinking("想😀"), *PIECES[:-1], hold("resume"), PIECES[-1])
    with person.program.ask("Resume", keep=True) as stream:
        stream.wait_text("data: x")
        middle = len(stream.text)
        with ExitStack() as stack:
            joined = [
                stack.enter_context(person.program.join(stream.generation, at))
                for at in ("0:0", "0:1", f"{middle}:2")
            ]
            ollama.release("resume")
            stream.finish()
            for one in joined:
                one.finish()
        assert [one.text for one in joined] == [TEXT, TEXT, TEXT[middle:]]
        assert [one.thinking for one in joined] == ["想😀", "😀", ""]
    for position in range(0, len(TEXT) + 1, 3):
        with person.program.join(stream.generation, f"{position}:2") as later:
            assert later.finish()["status"] == "completed"
        assert (later.text, later.thinking) == (TEXT[position:], "")


def test_a_stream_that_was_cut_goes_on_where_it_broke_off(person, ollama):
    ollama.enqueue("春眠", hold("cut"), "不觉晓")
    with person.program.ask("Cut", keep=True) as stream:
        stream.wait_text("春眠")
    ollama.release("cut")
    with person.program.join(stream.generation, stream.last_id) as joined:
        assert joined.finish()["status"] == "completed"
    assert stream.text + joined.text == "春眠不觉晓"


def test_how_an_answer_failed_is_told_later_too(person, ollama):
    ollama.enqueue("half ", error("out of memory"))
    with person.program.ask("Fail") as stream:
        last = stream.finish()
    assert last["error"]
    with person.program.join(stream.generation) as joined:
        assert joined.finish() == last
        assert joined.text == "half "


def test_a_long_answer_is_read_whole_by_who_joins_late(person, ollama):
    text = "一二三四五六七八九十" * 20_000
    ollama.enqueue(text, hold("long"), "!")
    with person.program.ask("Very long", keep=True) as stream:
        stream.wait_text(text)
        with person.program.join(stream.generation) as joined:
            joined.wait_text(text)
            ollama.release("long")
            joined.finish()
            assert joined.text == text + "!"


def test_a_place_that_an_answer_never_comes_to_is_read_to_its_end(person, ollama):
    ollama.enqueue("short", hold("beyond"))
    with person.program.ask("Short") as stream, person.program.join(stream.generation, "99999:0") as beyond:
        stream.wait_text("short")
        ollama.release("beyond")
        last = stream.finish()
        assert beyond.finish() == last
        assert beyond.text == ""


def test_who_does_not_read_for_a_while_misses_nothing(person, ollama):
    pieces = [f"{number:06}" * 3_000 for number in range(50)]
    ollama.enqueue("begin", hold("slow"), *pieces)
    with person.program.ask("Very much") as stream, person.program.join(stream.generation) as idle:
        stream.wait_text("begin")
        ollama.release("slow")
        last = stream.finish()
        assert stream.text == "begin" + "".join(pieces)
        assert idle.finish() == last
        assert idle.text == stream.text


def test_two_hundred_streams_take_no_threads_and_no_connections(site, ollama):
    names = [f"reader{number}" for number in range(20)]
    for _ in names:
        ollama.enqueue("busy", hold("many"))
    with ExitStack() as stack:
        programs = [stack.enter_context(Program(site, token)) for token in make_tokens(site, *names)]
        # All threads that there are to be have been asked for by now.
        first = [stack.enter_context(program.ask("Hi")) for program in programs]
        for program in programs:
            program.get("/api/conversations")
        ollama.wait_for(lambda: [chat.held for chat in ollama.chats].count("many") == PARALLEL)
        threads, files = tasks(site), open_files(site)
        streams = [
            stack.enter_context(program.join(one.generation))
            for _ in range(9)
            for program, one in zip(programs, first, strict=True)
        ]
        assert len(streams) + len(first) == 200
        assert tasks(site) == threads
        # One for each stream, none for the database.
        assert open_files(site) <= files + len(streams)
        ollama.release("many", len(first))
        for stream in streams + first:
            assert stream.finish()["status"] == "completed"
    assert tasks(site) == threads


def test_answers_one_after_the_other_keep_to_the_same_threads(site, pool, ollama):
    for _ in range(2):
        next(pool).program.ask_whole("Hi")
    before = tasks(site)
    for _ in range(4):
        person = next(pool)
        for _ in range(4):
            person.program.ask_whole("Hi")
    assert tasks(site) == before


def tasks(site: Site) -> set[str]:
    """Return the ids of the server's threads."""
    return set(os.listdir(f"/proc/{site.pid}/task"))


def open_files(site: Site) -> int:
    """Return how many files and connections the server has open."""
    return len(os.listdir(f"/proc/{site.pid}/fd"))


def test_a_token_that_is_revoked_ends_its_streams(site, person, ollama):
    ollama.enqueue("so far", hold("revoked"))
    with person.program.ask("Go on", keep=True) as stream:
        stream.wait_text("so far")
        site.run(
            "from conversations.models import *; from conversations.services import tokens\n"
            f"user = User.objects.get(username={person.name!r})\n"
            "for token in user.api_tokens.all(): tokens.revoke(user, token.pk)"
        )
        stream.wait_cut()
    answer = person.program.client.get("/api/models")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "token_unknown")
    ollama.release("revoked")
    wait_until(lambda: site.query("Generation.objects.live().count()") == 0)
