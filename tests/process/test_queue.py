"""The queue through a real server: many people, few answers at a time."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests import patience
from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import Site, wait_until
from tests.tab import Tab

pytestmark = pytest.mark.process

# A class; forms and passwords are not what is tested here.
MAKE_PEOPLE = """
import json
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from conversations.models import User
keys = []
for number in range(40):
    user = User.objects.create(username=f"student{number}", is_staff=not number, is_superuser=not number)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    keys.append(session.session_key)
print(json.dumps(keys))
"""


@pytest.fixture(scope="module")
def site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose model writes two answers at a time."""
    with Site(tmp_path_factory.mktemp("data"), ollama.base_url, OLLAMA_NUM_PARALLEL="2") as running:
        yield running
        assert running.stop() == 0, running.log()
    assert "ERROR" not in running.log(), running.log()


@pytest.fixture(scope="module")
def students(site: Site) -> Iterator[list[httpx.Client]]:
    """Forty people, logged in."""
    keys = json.loads(site.run(MAKE_PEOPLE))
    with ExitStack() as stack:
        yield [
            stack.enter_context(
                httpx.Client(
                    base_url=site.url, cookies={"sessionid": key}, trust_env=False, timeout=patience.SECONDS
                )
            )
            for key in keys
        ]


@pytest.fixture
def tabs(site: Site) -> Iterator[ExitStack]:
    """Where a test's tabs are closed."""
    with ExitStack() as stack:
        yield stack


def open_tab(tabs: ExitStack, site: Site, client: httpx.Client) -> Tab:
    """Return a tab of a new conversation that has its snapshot."""
    tab = tabs.enter_context(Tab(site, client))
    tab.wait("snapshot")
    return tab


def places(tab: Tab) -> list[int]:
    """Return the answers ahead that the tab was told of, in order."""
    return [
        frame["ahead"]
        for frame in tab.frames
        if frame["type"] == "generation.status" and frame["phase"] == "queued"
    ]


def questions(ollama: ScriptedOllama, since: int) -> list[str]:
    """Return what Ollama was asked, in order."""
    return [chat.json["messages"][-1]["content"] for chat in ollama.chats[since:]]


def test_forty_people_at_once_each_see_their_place_and_get_an_answer_in_turn(site, students, tabs, ollama):
    ollama.always("first ", hold("turn"), "second")
    everybody = [open_tab(tabs, site, client) for client in students]
    for number, tab in enumerate(everybody):
        tab.send("message.send", client_id="c", text=f"question {number}")
    for tab in everybody:
        wait_until(lambda tab=tab: tab.receive()["type"] == "generation.status")
    for ended in range(len(everybody)):
        ollama.wait_chat(min(ended + 2, len(everybody)))
        assert len(ollama.chats) <= ended + 2
        ollama.release("turn")
    for tab in everybody:
        assert tab.wait("generation.finished")["status"] == "completed"
        assert tab.text == "first second"
        # One less at every end, down to the one that is next.
        assert places(tab) == list(range(len(places(tab)), 0, -1))
    assert sorted(len(places(tab)) for tab in everybody) == [0, 0, *range(1, len(everybody) - 1)]
    assert sorted(questions(ollama, 0)) == sorted(f"question {number}" for number in range(len(everybody)))


def test_many_questions_of_one_person_do_not_hold_up_others(site, students, tabs, ollama):
    before = len(ollama.chats)
    ollama.always(hold("greedy"), "text")
    greedy, modest = students[0], students[1:3]
    waiting = [open_tab(tabs, site, client) for client in [greedy] * 5 + modest]
    for tab, text in zip(waiting, ["g0", "g1", "g2", "g3", "g4", "m0", "m1"], strict=True):
        tab.ask(text)
    assert waiting[5].wait("generation.status", phase="queued")["ahead"] == 2
    assert waiting[6].wait("generation.status", phase="queued")["ahead"] == 3
    waiting[3].wait("generation.status", phase="queued", ahead=4)
    for ended in range(7):
        ollama.wait_chat(before + min(ended + 2, 7))
        ollama.release("greedy")
    for tab in waiting:
        assert tab.wait("generation.finished")["status"] == "completed"
    assert sorted(questions(ollama, before)[:2]) == ["g0", "g1"]
    assert questions(ollama, before)[2:] == ["g2", "m0", "m1", "g3", "g4"]


def test_stopping_what_waits_asks_nothing_and_moves_the_others_up(site, students, tabs, ollama):
    before = len(ollama.chats)
    ollama.always(hold("full"), "text")
    running = [open_tab(tabs, site, client) for client in students[:2]]
    for tab in running:
        tab.ask("runs")
    first, second = (open_tab(tabs, site, client) for client in students[2:4])
    asked = first.ask("is stopped")
    first.wait("generation.status", phase="queued", ahead=1)
    second.ask("moves up")
    second.wait("generation.status", phase="queued", ahead=2)
    with Tab(site, students[2], first.conversation) as another:
        assert another.wait("snapshot")["generation"]["ahead"] == 1
        another.stop(asked["generation"])
        assert another.wait("generation.finished")["reason"] == "user_stop"
    assert first.wait("generation.finished")["status"] == "stopped"
    second.wait("generation.status", phase="queued", ahead=1)
    ollama.release("full", 3)
    assert second.wait("generation.finished")["status"] == "completed"
    assert sorted(questions(ollama, before)) == ["moves up", "runs", "runs"]
