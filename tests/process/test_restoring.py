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
from typing import Any

import httpx
import pytest

from tests.scripted_ollama import stamped
from tests.site import ROOT, Site, wait_until
from tests.tab import Tab

pytestmark = pytest.mark.process

STREAMS = 10
RATE = 40
# Twice a second all that is new is written.
SAVED_SECONDS = 1.0
LIMITS = {"OLLAMA_NUM_PARALLEL": "100", "MAX_RUNNING_PER_USER": "0"}
ROWS = (
    "[[str(g.conversation_id), g.status, g.message.content, g.message.parent.content]"
    " for g in Generation.objects.select_related('message__parent')]"
)


class Reading(Tab):
    """A tab that is read in a thread of its own."""

    def __enter__(self) -> "Reading":
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


@pytest.fixture
def site(ollama: Any, tmp_path: Path) -> Iterator[Site]:
    """A site of the test's own."""
    with Site(tmp_path / "data", ollama.base_url, **LIMITS) as running:
        running.add_user("ann", admin=True)
        yield running
        assert running.stop() == 0
        assert "ERROR" not in running.log()


@pytest.fixture
def client(site: Site) -> Iterator[httpx.Client]:
    """Ann, logged in."""
    with closing(site.log_in("ann")) as logged_in:
        yield logged_in


@contextmanager
def streaming(site: Site, client: httpx.Client, ollama: Any) -> Iterator[list[Reading]]:
    """Let ten answers be written, all of which have begun."""
    ollama.always(stamped(4000, RATE))
    with ExitStack() as stack:
        tabs = [stack.enter_context(Reading(site, client)) for _ in range(STREAMS)]
        for number, tab in enumerate(tabs):
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
        # Where several processes may share a database, only silence tells that an answer has no process.
        found = wait_until(lambda: ended(new), 60)
        assert len(found) == len(shown)
        finished = {tab.conversation: tab.text for tab in tabs}
        for conversation, status, text, question in found:
            assert status == "interrupted"
            assert question == shown[conversation][0]
            assert text.startswith(shown[conversation][1])
            assert finished[conversation].startswith(text)
        with closing(new.log_in("ann")) as ann:
            for conversation, (question, text) in shown.items():
                page = ann.get(f"/c/{conversation}/").text
                assert question in page
                assert text[:100].split()[0] in page
        assert new.stop() == 0
    assert "ERROR" not in new.log()


def ended(site: Site) -> list[Any] | None:
    """Return the rows once no answer is on its way."""
    rows: list[Any] = site.query(ROWS)
    return rows if all(row[1] not in ("queued", "running") for row in rows) else None


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
    site.start()


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


def test_what_cannot_be_backed_up_or_restored_says_so_and_changes_nothing(site, client, tmp_path):
    before = sorted(path.name for path in tmp_path.iterdir())
    # As on a full disk: no file may become longer than eight KiB.
    assert "No backup was made" in refused(site, "backup", str(tmp_path / "full.zip"), prefix="ulimit -f 8;")
    assert "No backup was made" in refused(site, "backup", str(tmp_path / "missing" / "new.zip"))
    assert sorted(path.name for path in tmp_path.iterdir()) == before

    file = backed_up(site, tmp_path / "whole.zip")
    assert "there already" in refused(site, "backup", str(file))
    for how in ("running", "connected"):
        assert re.search(
            r"end (it|the site|all processes of the site) first", refused(site, "restore", str(file))
        )
        # A server that did not say where it is has its database open all the same.
        (site.data_dir / "address").unlink(missing_ok=True)
        assert client.get("/").is_success, how
    site.stop()
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(file.read_bytes()[:-100])
    assert "is no backup" in refused(site, "restore", str(damaged))
    assert not (site.data_dir / "backups").exists()
    site.start()
    assert client.get("/").is_success


def test_a_restore_keeps_what_was_there_and_brings_back_files_and_sessions(site, client, ollama, tmp_path):
    attachments = site.data_dir / "attachments"
    (attachments / "ab").mkdir(parents=True)
    (attachments / "ab" / "图 1.png").write_bytes(b"picture")
    file = backed_up(site, tmp_path / "first.zip")
    site.add_user("later")
    (attachments / "ab" / "later.png").write_bytes(b"later")
    key = (site.data_dir / "secret_key").read_text()
    site.stop()
    (site.data_dir / "secret_key").write_text("another" * 10)

    said = site.manage("restore", str(file))
    assert (site.data_dir / "secret_key").read_text() == key
    assert [path.name for path in attachments.rglob("*.png")] == ["图 1.png"]
    site.start()
    assert "data-conversation" in client.get("/").text, "the session has ended"
    assert site.query("list(User.objects.values_list('username', flat=True))") == ["ann"]
    site.stop()

    kept = re.search(r"kept: (\S+)", said)
    assert kept
    site.manage("restore", kept[1])
    assert sorted(path.name for path in attachments.rglob("*.png")) == ["later.png", "图 1.png"]
    assert site.query("User.objects.count()") == 2
    site.add_user("the third")
    assert site.query("User.objects.count()") == 3
    site.start()


def test_a_database_that_cannot_be_read_is_set_aside_and_the_backup_restored(site, tmp_path):
    file = backed_up(site, tmp_path / "whole.zip")
    site.stop()
    database = site.data_dir / "chatsite.sqlite3"
    if database.exists():
        database.write_bytes(b"no database" * 1000)
        assert "could not be backed up; its files are kept" in site.manage("restore", str(file))
        (aside,) = (site.data_dir / "backups").iterdir()
        assert (aside / "chatsite.sqlite3").read_bytes().startswith(b"no database")
    assert site.query("User.objects.count()") == 1
    site.start()
