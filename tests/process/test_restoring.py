"""Backups are made while ten answers are being written, and a site on each of them is whole."""

import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any, Self
from zipfile import ZipFile

import httpx
import pytest

from tests.faults.people import logged_in
from tests.scripted_ollama import stamped
from tests.site import ROOT, Site, wait_until
from tests.tab import Tab

pytestmark = pytest.mark.process

STREAMS = 10
RATE = 40
# Twice a second all that is new is written.
SAVED_SECONDS = 1.0
# One process: its start ends what was left over.
LIMITS = {"OLLAMA_NUM_PARALLEL": "100", "MAX_RUNNING_PER_USER": "0", "REDIS_URL": ""}
ROWS = (
    "[[str(g.conversation_id), g.status, g.message.content, g.message.parent.content]"
    " for g in Generation.objects.select_related('message__parent')]"
)


class Reading(Tab):
    """A tab that is read in a thread of its own."""

    def __enter__(self) -> Self:
        super().__enter__()
        self.wait("snapshot")
        return self

    def begin(self, question: str) -> None:
        """Ask, and read from now on."""
        self.question = question
        self.send("message.send", client_id=question, text=question)
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with suppress(TimeoutError):
            self.wait_close()


@pytest.fixture(scope="module")
def site(ollama: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that a test finds running or not, and may start and end."""
    with Site(tmp_path_factory.mktemp("data"), ollama.base_url, **LIMITS) as running:
        yield running
        assert running.stop() == 0
    assert "ERROR" not in running.log()


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    """Ann, logged in."""
    with logged_in(site, "ann") as (ann,):
        yield ann


@contextmanager
def streaming(site: Site, client: httpx.Client, ollama: Any) -> Iterator[list[Reading]]:
    """Let ten answers be written, all of which have begun."""
    ollama.always(stamped(4000, RATE))
    with ExitStack() as stack:
        tabs = [Reading(site, client) for _ in range(STREAMS)]
        for number, tab in enumerate(tabs):
            stack.enter_context(tab)
            tab.begin(f"question {number}")
        wait_until(lambda: all(len(tab.text) > 100 for tab in tabs))
        yield tabs


def backed_up(site: Site, path: Path) -> Path:
    """Make a backup as an administrator does, and return where it says that it is."""
    said = site.manage("backup", str(path))
    found = re.fullmatch(r"(\S+)  [\d,]+ bytes, \d+\.\d s\n", said)
    assert found, said
    return Path(found[1])


def restored(file: Path, data_dir: Path, ollama: Any) -> Site:
    """Return a site with new data, not started yet, into which a backup was restored."""
    site = Site(data_dir, ollama.base_url, **LIMITS)
    assert "Restored: the site as it was on 20" in site.manage("restore", str(file))
    return site


def check_rows(data_dir: Path) -> None:
    """Ask SQLite whether a site's file is in order."""
    file = data_dir / "chatsite.sqlite3"
    if file.exists():
        with closing(sqlite3.connect(file)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []


def check_restored(
    file: Path, data_dir: Path, ollama: Any, shown: dict[str, tuple[str, str]], tabs: Any
) -> None:
    """Start a site on a backup: each answer has at least what was shown before, and is interrupted."""
    new = restored(file, data_dir, ollama)
    check_rows(data_dir)
    with new:
        found = new.query(ROWS)
        assert len(found) == len(shown)
        finished = {tab.conversation: tab.text for tab in tabs}
        for conversation, status, text, question in found:
            assert status == "interrupted"
            assert question == shown[conversation][0]
            assert text.startswith(shown[conversation][1])
            assert finished[conversation].startswith(text)
        ann = httpx.Client(base_url=new.url, cookies=tabs[0].client.cookies, trust_env=False)
        for conversation, (question, text) in list(shown.items())[:2]:
            page = ann.get(f"/c/{conversation}/").text
            assert question in page
            assert text.split()[0] in page
        ann.close()
        assert new.stop() == 0
    assert "ERROR" not in new.log()


def rounds(site: Site, client: Any, ollama: Any, folder: Path, count: int) -> None:
    """Make `count` backups while ten answers are written, then start a site on each of them."""
    made = []
    with streaming(site, client, ollama) as tabs:
        for _ in range(count):
            shown = {tab.conversation: (tab.question, tab.text) for tab in tabs}
            time.sleep(SAVED_SECONDS)  # what was shown is in the database this much later
            made.append((backed_up(site, folder), shown))
        site.kill()
    for number, (file, shown) in enumerate(made):
        assert file.stat().st_mode & 0o777 == 0o600
        check_restored(file, folder / f"site-{number}", ollama, shown, tabs)
    assert not list(folder.glob(".unfinished*"))


def test_a_backup_of_a_site_that_writes_ten_answers_has_all_that_was_shown(site, client, ollama, tmp_path):
    rounds(site, client, ollama, tmp_path, 1)


@pytest.mark.slow_fault
@pytest.mark.fault("backup")
def test_each_of_several_backups_under_ten_answers_has_all_that_was_shown(
    site, client, ollama, tmp_path, happened
):
    rounds(site, client, ollama, tmp_path, 5)
    happened(
        "Each of the backups became a site with all that had been shown before it", backups=5, answers=STREAMS
    )


def refused(site: Site, *command: str, prefix: str = "") -> str:
    """Run a command that has to fail, and return the one sentence that it says."""
    shell = f'{prefix} exec "$0" manage.py "$@"'
    done = subprocess.run(
        ["bash", "-c", shell, sys.executable, *command],
        cwd=ROOT,
        env=site._env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, ""), done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def called(site: Site, command: str, path: Path) -> str:
    """Run a command without a process of its own, and return what it said, refused or not."""
    return site.run(
        "from django.core.management import CommandError, call_command\n"
        f"try: call_command({command!r}, {str(path)!r})\n"
        "except CommandError as error: print(error)"
    )


def test_what_cannot_be_backed_up_or_restored_says_so_and_changes_nothing(site, client, tmp_path):
    site.stop()
    site.start()
    # As on a full disk: no file may become longer than four KiB.
    assert "No backup was made" in refused(site, "backup", str(tmp_path / "full.zip"), prefix="ulimit -f 4;")
    assert "No backup was made" in called(site, "backup", tmp_path / "missing" / "new.zip")
    assert not list(tmp_path.iterdir())

    file = tmp_path / "whole.zip"
    called(site, "backup", file)
    assert "there already" in called(site, "backup", file)
    assert re.search(r"end (it|all processes of the site) first", refused(site, "restore", str(file)))
    assert client.get("/").is_success
    site.stop()
    database = site.data_dir / "chatsite.sqlite3"
    if database.exists():
        with closing(sqlite3.connect(database)) as another:
            another.execute("SELECT count(*) FROM conversations_user")
            assert "Another process uses the database" in called(site, "restore", file)
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(file.read_bytes()[:-100])
    assert "is no backup" in called(site, "restore", damaged)
    assert not (site.data_dir / "backups").exists()


def test_a_restore_keeps_what_was_there_and_brings_back_files_and_sessions(site, client, tmp_path):
    site.stop()
    folder = site.data_dir / "attachments" / "ab"
    folder.mkdir(parents=True)
    (folder / "图 1.png").write_bytes(b"picture")
    file = tmp_path / "first.zip"
    called(site, "backup", file)
    site.add_user("later")
    (folder / "later.png").write_bytes(b"later")
    key = (site.data_dir / "secret_key").read_text()
    (site.data_dir / "secret_key").write_text("another" * 10)

    said = called(site, "restore", file)
    assert (site.data_dir / "secret_key").read_text() == key
    assert [path.name for path in folder.iterdir()] == ["图 1.png"]
    assert people(site) == ["ann"]
    site.start()
    assert "data-conversation" in client.get("/").text, "the session has ended"
    site.stop()

    kept = re.search(r"kept: (\S+)", said)
    assert kept
    called(site, "restore", Path(kept[1]))
    assert sorted(path.name for path in folder.iterdir()) == ["later.png", "图 1.png"]
    # The key that was there then; the sessions of the other tests need theirs.
    assert (site.data_dir / "secret_key").read_text() == "another" * 10
    (site.data_dir / "secret_key").write_text(key)
    site.add_user("the third")
    assert people(site) == ["ann", "later", "the third"]


def people(site: Site) -> Any:
    """Return the names of all people."""
    return site.query("list(User.objects.order_by('pk').values_list('username', flat=True))")


def test_a_database_that_cannot_be_read_is_set_aside_and_the_backup_restored(site, client, tmp_path):
    site.stop()
    file = tmp_path / "whole.zip"
    called(site, "backup", file)
    database = site.data_dir / "chatsite.sqlite3"
    if database.exists():
        before = people(site)
        database.write_bytes(b"no database" * 1000)
        found = re.search(r"could not be backed up; its files are kept: (\S+)", called(site, "restore", file))
        assert found
        assert Path(found[1], database.name).read_bytes().startswith(b"no database")
        assert people(site) == before


def spoiled(file: Path, to: Path) -> Path:
    """Copy a backup whose zip is in order and whose rows are not."""
    with ZipFile(file) as source, ZipFile(to, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "tables/conversations_user":
                content += b"one value where there should be many\n"
            if name == "database.sqlite3":
                content = without_people(content, to.with_suffix(".sqlite3"))
            target.writestr(name, content)
    return to


def without_people(content: bytes, path: Path) -> bytes:
    """Return a database in which nobody is left to own what people own."""
    path.write_bytes(content)
    with closing(sqlite3.connect(path)) as database:
        database.execute("DELETE FROM conversations_user")
        database.commit()
    return path.read_bytes()


def test_rows_that_cannot_be_right_leave_everything_as_it_was(site, client, tmp_path):
    site.stop()
    site.run(
        "from conversations.models import *; from django.utils import timezone\n"
        "ann = User.objects.first(); now = timezone.now()\n"
        "Conversation.objects.create(owner=ann, title='hers', updated_at=now)"
    )
    called(site, "backup", tmp_path / "whole.zip")
    before = people(site)
    said = called(site, "restore", spoiled(tmp_path / "whole.zip", tmp_path / "spoiled.zip"))
    assert re.search("database in this backup is damaged|It was not restored", said), said
    assert "Restored" not in said
    assert people(site) == before
    site.start()
    assert "data-conversation" in client.get("/").text
