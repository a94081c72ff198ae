"""Stop at any moment, twice, too late, a hundred times, and while the database cannot be written."""

import random
import re
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from tests.scripted_ollama import hold, pause
from tests.site import wait_until
from tests.tab import Tab

from .locks import locked

pytestmark = pytest.mark.process

THREADS = 6
TEXT = "one two three "
ENDED = re.compile('data-status="(completed|stopped)"')
ROWS = (
    "[[str(row.conversation_id), str(row.pk), row.status, row.message.content, row.chunks.count()]"
    " for row in Generation.objects.select_related('message')]"
)


class Round(NamedTuple):
    """One race: the generation, its end as both tabs were told, and the text that they showed."""

    generation: str
    status: str
    text: str


def race(page: Tab, dice: random.Random) -> Round:
    """Ask, press Stop in two tabs at a random moment of a short answer, and once more when all is over."""
    with page.twin() as tab, page.twin() as other:
        for one in (tab, other):
            one.wait("snapshot")
        generation = tab.ask("Race")["generation"]
        time.sleep(dice.uniform(0, 0.06))  # the fault: from the question to a little after the end
        for one in (tab, other, tab):
            one.stop(generation)
        ends = [one.wait("generation.finished") for one in (tab, other)]
        assert ends[0] == ends[1]
        assert ends[0]["generation"] == generation
        for one in (tab, other):
            one.stop(generation)
            one.send("ping")
            one.wait("pong")
            assert [frame["type"] for frame in one.frames].count("generation.finished") == 1
        assert tab.text == other.text
        return Round(generation, ends[0]["status"], tab.text)


def races(site: Any, client: Any, ollama: Any, rounds: int) -> list[Round]:
    """Run so many races, some at a time."""
    ollama.always(pause(0.01), "one ", pause(0.01), "two ", pause(0.01), "three ")
    pages = [Tab(site, client) for _ in range(THREADS)]

    def run(number: int) -> list[Round]:
        dice = random.Random(number)
        return [race(pages[number], dice) for _ in range(rounds // THREADS)]

    with ThreadPoolExecutor(THREADS) as threads:
        return [one for some in threads.map(run, range(THREADS)) for one in some]


def check(site: Any, rounds: list[Round]) -> Counter[str]:
    """See that each race ended once, as it was told, with the text that was shown; count the ends."""
    rows = {row[1]: row[2:] for row in site.query(ROWS)}
    for one in rounds:
        assert one.status in {"completed", "stopped"}
        assert one.text == TEXT or one.status == "stopped"
        assert TEXT.startswith(one.text)
        assert rows[one.generation] == [one.status, one.text, 0]
    return Counter(one.status for one in rounds)


@pytest.mark.fault(9)
def test_a_stop_at_any_moment_leaves_one_end_and_the_text_that_was_shown(site, client, ollama, happened):
    ends = check(site, races(site, client, ollama, 24))
    happened("Each had one end, told alike to both tabs and stored with the text they showed.", **ends)


@pytest.mark.fault(9)
@pytest.mark.slow_fault
def test_five_hundred_races_between_stop_and_the_end(site, client, ollama, happened):
    ends = check(site, races(site, client, ollama, 504))
    assert ends.keys() == {"completed", "stopped"}
    happened("Each had one end, told alike to both tabs and stored with the text they showed.", **ends)


@pytest.mark.fault(31)
@pytest.mark.slow_fault
def test_after_a_hundred_stops_in_a_row_the_next_answer_comes_and_no_connection_is_left(
    site, client, ollama, happened
):
    ollama.always("begun ", hold("for ever"))
    pages = [Tab(site, client) for _ in range(5)]

    def stop_twenty(page: Tab) -> None:
        for number in range(20):
            with page.twin() as tab:
                tab.wait("snapshot")
                generation = tab.ask("Stop")["generation"]
                if number % 2:
                    tab.wait_text("begun ")
                tab.stop(generation)
                assert tab.wait("generation.finished")["status"] == "stopped"

    with ThreadPoolExecutor(len(pages)) as threads:
        list(threads.map(stop_twenty, pages))
    ollama.always("the hundred and first")
    with Tab(site, client) as tab:
        tab.ask("And now?")
        assert tab.wait("generation.finished")["status"] == "completed"
        assert tab.text == "the hundred and first"
    ollama.wait_for(lambda: ollama.open_connections == 0)
    happened("The next answer was whole.", stops=100, connections_left=ollama.open_connections)


@pytest.mark.fault(30)
@pytest.mark.sqlite
def test_what_is_cancelled_while_the_database_waits_has_one_whole_end(site, client, ollama, happened):
    stored, stopped, completed = (Tab(site, client) for _ in range(3))
    number = len(ollama.chats)
    ollama.always("kept ", hold("stopped"))
    stopped.open()
    stop_me = stopped.ask("Stop me")["generation"]
    stopped.wait_text("kept ")
    ollama.always("whole ", hold("completed"), "text")
    completed.open()
    complete_me = completed.ask("Complete me")["generation"]
    completed.wait_text("whole ")
    ollama.always("answered")
    stored.open()
    stored.wait("snapshot")
    with locked(site):
        stored.send("message.send", client_id="c", text="Store me")
        stopped.stop(stop_me)
        stopped.stop(stop_me)
        ollama.wait_closed(number + 1)
        ollama.release("completed")
        completed.wait_text("whole text")
        completed.stop(complete_me)
        time.sleep(0.5)  # the outage itself, in which everything above waits for the database
        for tab in (stored, stopped, completed):
            tab.close()
        assert len(ollama.chats) == number + 2
    for tab in (stored, stopped, completed):
        wait_until(lambda tab=tab: ENDED.search(client.get(f"/c/{tab.conversation}/").text))
    rows = {row[0]: row[2:] for row in site.query(ROWS)}
    assert rows[stored.conversation] == ["completed", "answered", 0]
    assert rows[stopped.conversation] == ["stopped", "kept ", 0]
    # Whether the last line of the answer or Stop came first is open.
    status, *rest = rows[completed.conversation]
    assert status in {"completed", "stopped"}
    assert rest == ["whole text", 0]
    happened("The question was stored and answered; both answers had one end each, with their whole text.")
