"""What a past of a million messages costs: the list, a long conversation, and searching, on both databases."""

import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from conversations.demo.texts import ABSENT, COMMON, RARE
from tests import servers
from tests.scripted_ollama import ScriptedOllama
from tests.site import Site, wait_until

from . import administration
from .results import Outcome

PEOPLE, CONVERSATIONS, MESSAGES, GENERATIONS = 20, 10_000, 1_000_000, 1_000_000
TIMES = 20
ENGINES = ("SQLite", "PostgreSQL")
LOG_IN = f"""
import json
from datetime import timedelta
from django.contrib.auth.models import Group
from django.db.models import Count
from django.test import Client
from conversations.models import Conversation, User
from conversations.usage import counting
from conversations.lists import Place
people = {{name: User.objects.get(username=name) for name in ("demo1", "demo{PEOPLE}", "admin")}}
group = Group.objects.create(name="class")
group.user_set.set(User.objects.filter(username__startswith="demo").exclude(username="demo1"))
sessions = {{}}
for name, person in people.items():
    client = Client()
    client.force_login(person)
    sessions[name] = client.cookies["sessionid"].value
mine = Conversation.objects.filter(owner=people["demo1"])
long = mine.annotate(count=Count("messages")).order_by("-count").first()
short = mine.exclude(pk=long.pk).order_by("-updated_at").first()
last = mine.order_by("-updated_at", "-pk")[9_900]
place = str(Place(False, last.updated_at, last.pk))
middle = str(long.messages.order_by("created_at")[5_000].pk)
today = counting.today()
days = {{name: str(today - timedelta(days=count)) for name, count in (("month", 29), ("year", 364), ("all", 729))}}
pages = {{"long": str(long.pk), "short": str(short.pk), "place": place, "middle": middle, "today": str(today), **days}}
pages |= {{"group": group.pk, "rich": people["demo1"].pk, "poor": people["demo{PEOPLE}"].pk}}
print(json.dumps({{"sessions": sessions, **pages}}))
"""


class Database:
    """The files of a database in `folder`, and the `server` that has them open, if there is one."""

    def __init__(self, folder: Path, server: servers.Postgres | None = None) -> None:
        self._folder = folder
        self._server = server

    def forget(self, client: httpx.Client) -> None:
        """Take it out of the memory of the system (posix_fadvise(2)) and of its server; the page answers again then."""
        if self._server:
            self._server.stop()
        os.sync()
        for path in (path for path in self._folder.rglob("*") if path.is_file()):
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)
        if self._server:
            self._server.start()
        wait_until(lambda: _is_well(client), 30)


def _is_well(client: httpx.Client) -> bool:
    """Tell whether pages come at once: after a restart of its server, a pool of connections waits for seconds."""
    begun = time.perf_counter()
    answers = [client.get("/account/").status_code for _ in range(5)]
    return answers == [httpx.codes.OK] * 5 and time.perf_counter() - begun < 0.5


@contextmanager
def seeded(engine: str) -> Iterator[tuple[Site, Database, float]]:
    """A running site with that past, its database, and how long writing it took."""
    with tempfile.TemporaryDirectory() as folder, ScriptedOllama() as ollama:
        directory = Path(folder)
        directory.chmod(0o755)
        data = directory / "data"
        data.mkdir()
        if engine == "SQLite":
            yield from _served(Site(data, ollama.base_url), Database(data))
        else:
            with servers.Postgres(directory) as postgres:
                site = Site(data, ollama.base_url, DATABASE_URL=postgres.url)
                yield from _served(site, Database(directory / "postgres", postgres))


def _served(site: Site, database: Database) -> Iterator[tuple[Site, Database, float]]:
    with site:
        site.add_user("admin", admin=True)
        site.stop()
        begun = time.monotonic()
        sizes = [f"--users={PEOPLE}", f"--conversations={CONVERSATIONS}", f"--messages={MESSAGES}"]
        sizes.append(f"--generations={GENERATIONS}")
        site.manage("seed_demo", *sizes)
        took = time.monotonic() - begun
        site.start()
        yield site, database, took


def _ms(client: httpx.Client, address: str) -> float:
    begun = time.perf_counter()
    answer = client.get(address)
    took = time.perf_counter() - begun
    assert answer.status_code == 200, f"{answer.status_code} for {address}"
    return took * 1000


def past() -> Outcome:
    """All of it, on both databases."""
    outcome = Outcome()
    for engine in ENGINES:
        with seeded(engine) as (site, database, took):
            outcome.add(f"{engine}: writing {MESSAGES:,} messages by seed_demo", took / 60, "min")
            outcome.figures[engine] = _measured(outcome, engine, site, database)
    return outcome


def _measured(outcome: Outcome, engine: str, site: Site, database: Database) -> dict[str, Any]:
    facts = json.loads(site.run(LOG_IN))
    clients = {
        name: httpx.Client(base_url=site.url, cookies={"sessionid": session})
        for name, session in facts["sessions"].items()
    }
    rich, poor, admin = clients.values()
    with closing(rich), closing(poor), closing(admin):
        pages = {
            f"a new conversation beside a list of {CONVERSATIONS:,}": "/",
            "the list's last page but one": f"/conversations?before={facts['place']}",
            "a conversation": f"/c/{facts['short']}/",
            "a conversation of 10,000 messages": f"/c/{facts['long']}/",
            "the same, at a message in its middle": f"/c/{facts['long']}/?m={facts['middle']}",
        }
        figures: dict[str, Any] = {}
        for name, address in pages.items():
            _ms(rich, address)
            times = [_ms(rich, address) for _ in range(TIMES)]
            outcome.add(f"{engine}: {name} (median of {TIMES})", median(times), "ms", 150)
            figures[name] = times
        for who, client in (("900,000", rich), ("20", poor)):
            figures[who] = _searches(outcome, f"{engine}: owner of {who} messages", client, database)
        figures["administration"] = administration.measured(outcome, engine, admin, facts)
        figures["exports"] = administration.exported(outcome, engine, admin, site.pid)
    return figures


def _searches(outcome: Outcome, name: str, client: httpx.Client, database: Database) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    for count, words in (("0", ABSENT), ("50", RARE), ("300,000", COMMON)):
        warm, cold = [], []
        # What is being typed, a whole word, and a Chinese one.
        for word in (words[0][:6], f"{words[0]} ", words[1]):
            # As the page asks while somebody types.
            address = f"/search?part=form&q={word}"
            database.forget(client)
            cold.append(_ms(client, address))
            warm += [_ms(client, address) for _ in range(TIMES)]
        outcome.add(f"{name}, a word in {count} of them all, warm (median)", median(warm), "ms", 100)
        outcome.add(f"{name}, a word in {count} of them all, cold (longest)", max(cold), "ms", 100)
        figures[count] = {"warm": warm, "cold": cold}
    return figures
