"""Somebody sets the machine's clock, or summer time begins: order, sessions, limits and watchfulness stay."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.scripted_ollama import ScriptedOllama, done, hold
from tests.site import Site
from tests.tab import Tab

from .conftest import quiet
from .people import logged_in

pytestmark = [pytest.mark.process, pytest.mark.fault(40)]

SHIM = Path(__file__).parent / "clock"
HOUR = 3600

Jump = Callable[[int], None]


@pytest.fixture(scope="module")
def jump(tmp_path_factory: pytest.TempPathFactory) -> Jump:
    """Set the clock of the site to so many seconds beyond the true time."""
    path = tmp_path_factory.mktemp("clock") / "seconds"

    def to(seconds: int) -> None:
        new = path.with_suffix(".new")
        new.write_text(str(seconds), encoding="ascii")
        # In one step: the site reads it all the time.
        new.replace(path)

    to(0)
    to.path = path  # type: ignore[attr-defined]
    return to


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama."""
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="module")
def site(ollama: ScriptedOllama, jump: Jump, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site whose clock jumps, and whose people have one answer at a time."""
    clock = {"PYTHONPATH": str(SHIM), "CLOCK_FILE": str(jump.path)}  # type: ignore[attr-defined]
    env = {**clock, "OLLAMA_NUM_PARALLEL": "8", "MAX_RUNNING_PER_USER": "1"}
    with Site(tmp_path_factory.mktemp("data"), ollama.base_url, **env) as running, quiet(running):
        running.add_user("bob")
        yield running


@pytest.fixture(scope="module")
def client(site: Site):
    """Ann, logged in."""
    with logged_in(site, "ann") as (ann,):
        yield ann


@pytest.mark.parametrize(
    "seconds", [pytest.param(HOUR, marks=pytest.mark.slow_fault), -HOUR], ids=["on", "back"]
)
def test_the_clock_is_set_in_the_middle_of_an_answer(site, client, ollama, jump, seconds, happened):
    jump(0)
    ollama.enqueue("before ", hold("jump"), "after", hold("jump"))
    ollama.enqueue("the next")
    with Tab(site, client) as tab, Tab(site, client) as queued:
        leaf = tab.ask("When?")["message"]
        tab.wait_text("before ")
        queued.ask("And then?")
        jump(seconds)
        ollama.release("jump")
        tab.wait_text("before after")
        # Longer than the looks at sessions and at processes that have gone.
        with pytest.raises(TimeoutError):
            tab.wait("generation.finished", 6)
        assert not any(frame["type"] == "generation.finished" for frame in queued.frames)
        ollama.release("jump")
        assert tab.wait("generation.finished")["status"] == "completed"
        assert queued.wait("generation.finished")["status"] == "completed"
        newest = version(tab, leaf)
        jump(2 * seconds)
        ollama.enqueue(" more", done(done_reason="length"))
        tab.send("answer.continue", client_id="more", message=newest)
        tab.wait("generation.finished", reason="length")
    first, *_ = site.query(
        f"[g.queued_at.timestamp() for g in Generation.objects.filter(message='{newest}')]"
    )
    assert abs(first - time.time() - seconds) < HOUR / 2, "the clock was not set"
    page = client.get(f"/c/{tab.conversation}/").text
    assert f'data-siblings="{leaf} {newest}"' in page
    assert 'data-outcome="length"' in page
    with closing(site.log_in("bob")) as other:
        assert other.get("/").is_success
    direction = "on" if seconds > 0 else "back"
    happened(
        f"set {direction} by an hour: nobody was logged out or swept, the queue went on, the order stayed"
    )


def version(tab: Tab, leaf: str) -> str:
    """Ask for another version of an answer; returns it, which has to come behind the first one."""
    tab.send("answer.regenerate", client_id="version", message=leaf)
    started = tab.wait("generation.started")
    tab.wait("generation.finished")
    assert started["siblings"] == [leaf, started["message"]]
    return str(started["message"])
