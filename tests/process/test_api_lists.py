"""What a program is told of models and conversations, page by page."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api_client import Fields, Person, people
from tests.scripted_ollama import cut, hold
from tests.site import Site, wait_until

pytestmark = pytest.mark.process

MODEL = "internlm2:1.8b"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
LISTED = {"id", "title", "model", "created_at", "updated_at", "pinned", "running"}
MESSAGE = {"id", "parent", "role", "content", "created_at"}
QUESTION = MESSAGE | {"attachments"}
ANSWER = MESSAGE | {"model", "status", "reason", "generation"}
# 120 conversations; each third one is pinned, several of one moment, and some that no list shows.
FILL_LIST = """
from datetime import timedelta
from django.utils import timezone
from conversations.models import *
user, now = User.objects.get(username=NAME), timezone.now()
Conversation.objects.bulk_create(
    Conversation(
        owner=user, title=f"title {number}", pinned=number % 3 == 0, updated_at=now - timedelta(hours=number // 4),
        archived_at=now if number >= 120 and number % 2 else None,
        deleted_at=now if number >= 120 and not number % 2 else None,
    )
    for number in range(130)
)
"""
FILL_CONVERSATION = """
from datetime import timedelta
from django.utils import timezone
from conversations.models import *
user, now = User.objects.get(username=NAME), timezone.now()
conversation = Conversation.objects.create(owner=user, title="long", updated_at=now)
rows = []
for number in range(120):
    rows.append(Message(
        conversation=conversation, parent=rows[-1] if rows else None, role="assistant" if number % 2 else "user",
        content=f"message {number}", created_at=now + timedelta(seconds=number // 4),
    ))
# Another version of the last answer, which is not shown.
other = Message(conversation=conversation, parent=rows[-2], role="assistant", content="not shown", created_at=now)
Message.objects.bulk_create([*rows, other])
conversation.shown_leaf = rows[-1]
conversation.save()
print(conversation.pk)
"""


@pytest.fixture(scope="module")
def pool(site: Site) -> Iterator[Iterator[Person]]:
    """People for the tests of this module."""
    with people(site, 12) as made:
        yield made


@pytest.fixture
def person(pool: Iterator[Person]) -> Person:
    """Somebody whom no other test knows."""
    return next(pool)


def pages(person: Person, path: str, name: str, **params: Any) -> list[list[Fields]]:
    """Walk through all pages and return what each of them has of `name`."""
    found: list[list[Fields]] = []
    while len(found) < 20:
        page = person.program.get(path, **params)
        found.append(page[name])
        if page["next"] is None:
            return found
        params["cursor"] = page["next"]
    raise AssertionError("there is no end")


def names(person: Person) -> list[str]:
    """Return the names of the models that somebody sees."""
    return [model["name"] for model in person.program.get("/api/models")["models"]]


def test_models_are_told_as_ollama_tells_them(person, ollama):
    ollama.models = [MODEL]
    wait_until(lambda: names(person) == [MODEL])
    (model,) = person.program.get("/api/models")["models"]
    assert model.keys() == {"name", "model", "modified_at", "size", "digest", "details"}
    assert (model["name"], model["model"], model["size"]) == (MODEL, MODEL, 1_200_000_000)
    assert model["digest"] == "a" * 64
    assert model["modified_at"].startswith("2026-08-21T10:00:00")
    assert model["details"] == {
        "family": "internlm2",
        "parameter_size": "1.9B",
        "quantization_level": "Q4_0",
    }


def test_models_are_those_that_a_person_may_use(site, pool, ollama):
    person, member = next(pool), next(pool)
    site.run(
        "from django.contrib.auth.models import Group; from conversations.models import *\n"
        "ModelProfile.objects.create(name='hidden', is_offered=False)\n"
        "group = Group.objects.create(name='class'); group.user_set.add(\n"
        f"    User.objects.get(username={member.name!r}))\n"
        "ModelProfile.objects.create(name='some').groups.add(group)"
    )
    ollama.models = [MODEL, "hidden:1b", "some:1b"]
    wait_until(lambda: names(member) == [MODEL, "some:1b"])
    assert names(person) == [MODEL]
    for model in ("hidden:1b", "some:1b", "none:1b"):
        answer = person.program.client.post("/api/chat/stream", json={"prompt": "Hi", "model": model})
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_model")
        assert model in answer.json()["error"]["message"]
    assert person.program.get("/api/conversations")["conversations"] == []
    assert member.program.ask_whole("Hi", model="some:1b")["model"] == "some:1b"


def test_a_conversation_in_the_list_is_told_as_the_page_knows_it(person, ollama):
    ollama.enqueue("so far", hold("listed"))
    with person.program.ask("What stands in the list?", model=MODEL) as stream:
        stream.wait_text("so far")
        (listed,) = person.program.get("/api/conversations")["conversations"]
        ollama.release("listed")
        stream.finish()
    assert listed.keys() == LISTED
    assert listed["id"] == stream.conversation
    assert (listed["title"], listed["model"]) == ("What stands in the list?", MODEL)
    assert (listed["pinned"], listed["running"]) == (False, True)
    assert TIME.fullmatch(listed["created_at"])
    assert TIME.fullmatch(listed["updated_at"])
    (listed,) = person.program.get("/api/conversations")["conversations"]
    assert not listed["running"]


def test_all_conversations_come_once_in_the_order_of_the_page(site, person):
    site.run(f"NAME = {person.name!r}{FILL_LIST}")
    found = pages(person, "/api/conversations", "conversations")
    assert [len(page) for page in found] == [50, 50, 20]
    listed = [one for page in found for one in page]
    assert {one["title"] for one in listed} == {f"title {number}" for number in range(120)}
    assert [one["pinned"] for one in listed] == [True] * 40 + [False] * 80
    order = [(not one["pinned"], one["updated_at"], one["id"]) for one in listed]
    assert order == sorted(sorted(order, key=lambda key: key[1:], reverse=True), key=lambda key: key[0])
    small = pages(person, "/api/conversations", "conversations", limit=200)
    assert [one["id"] for page in small for one in page] == [one["id"] for one in listed]


def test_a_conversation_that_comes_to_the_top_meanwhile_moves_no_page(site, person):
    site.run(f"NAME = {person.name!r}{FILL_LIST}")
    first = person.program.get("/api/conversations", limit=60)
    moved = first["conversations"][-1]["id"]
    person.program.ask_whole("Up", conversation=moved)
    second = person.program.get("/api/conversations", limit=200, cursor=first["next"])
    ids = [one["id"] for one in first["conversations"] + second["conversations"]]
    assert len(ids) == len(set(ids)) == 120


def test_all_messages_of_a_conversation_come_once(site, person):
    conversation = site.run(f"NAME = {person.name!r}{FILL_CONVERSATION}").strip()
    found = pages(person, f"/api/conversations/{conversation}", "messages")
    assert [len(page) for page in found] == [50, 50, 20]
    together = [message for page in reversed(found) for message in page]
    assert [message["content"] for message in together] == [f"message {number}" for number in range(120)]
    assert [message["parent"] for message in together] == [None, *(one["id"] for one in together[:-1])]
    seven = pages(person, f"/api/conversations/{conversation}", "messages", limit=7)
    assert [message for page in reversed(seven) for message in page] == together


def test_a_conversation_is_told_with_its_settings_and_messages(person, ollama):
    ollama.enqueue("A poem.")
    asked = person.program.ask_whole("Write", system="You are a poet.", options={"seed": 1})
    told = person.program.conversation(asked["conversation"])
    assert told.keys() == {"conversation", "messages", "next"}
    assert told["conversation"].keys() == LISTED | {"system", "options", "think"}
    assert told["conversation"]["system"] == "You are a poet."
    assert told["conversation"]["options"] == {}
    question, answer = told["messages"]
    assert (question.keys(), answer.keys()) == (QUESTION, ANSWER)
    assert (question["role"], question["content"], question["attachments"]) == ("user", "Write", [])
    assert (answer["role"], answer["content"], answer["parent"]) == ("assistant", "A poem.", question["id"])
    assert (answer["id"], answer["generation"]) == (asked["message"], asked["generation"])
    assert (answer["model"], answer["status"], answer["reason"]) == (MODEL, "completed", "stop")
    assert all(TIME.fullmatch(message["created_at"]) for message in told["messages"])


def test_an_answer_that_is_being_written_is_told_with_what_is_there(person, ollama):
    ollama.enqueue("half an ", hold("half"), "answer")
    with person.program.ask("Write") as stream:
        stream.wait_text("half an ")

        def stored() -> bool:
            answer: Fields = person.program.conversation(stream.conversation)["messages"][-1]
            assert answer["status"] == "running"
            return bool(answer["content"] == "half an ")

        wait_until(stored)
        ollama.release("half")
        stream.finish()


def test_an_answer_that_failed_is_told_with_its_reason(person, ollama):
    ollama.enqueue("half an ", cut())
    with person.program.ask("Write") as stream:
        stream.finish()
    answer = person.program.conversation(stream.conversation)["messages"][-1]
    assert (answer["status"], answer["reason"]) == ("failed", "ollama_down")


def test_files_of_a_question_are_told(site, person):
    conversation = site.run(f"NAME = {person.name!r}{FILL_CONVERSATION}").strip()
    site.run(
        "from conversations.models import *\n"
        f"message = Message.objects.get(conversation={conversation!r}, content='message 118')\n"
        "message.attachments.create(\n"
        "    owner=message.conversation.owner, kind='text', name='诗.txt', media_type='text/plain', size=12\n"
        ")"
    )
    question = person.program.conversation(conversation, limit=2)["messages"][0]
    (attachment,) = question["attachments"]
    assert attachment.keys() == {"id", "name", "size", "kind"}
    assert (attachment["name"], attachment["size"], attachment["kind"]) == ("诗.txt", 12, "text")
