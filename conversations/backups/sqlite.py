"""SQLite's part of a backup: one file, copied while others write (https://www.sqlite.org/lang_vacuum.html)."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZipFile

from django.db import connection, connections

from chatsite import processes

from . import archive
from .archive import Backup, BackupError, Engine

# How long others may keep the file to themselves.
_WAIT_SECONDS = 10


class SqliteDatabase:
    """The database's file, and what may lie beside it."""

    engine: Engine = "sqlite"

    def __init__(self) -> None:
        self.path = Path(connection.settings_dict["NAME"]).resolve()

    def is_new(self) -> bool:
        """Whether nothing is there to be kept."""
        return not self.path.exists() or self.path.stat().st_size == 0

    def dump(self, target: ZipFile, work: Path) -> tuple[list[tuple[str, str]], dict[str, list[str]]]:
        """Write what is committed now into `target`, by way of a file in `work`.

        A plain copy would miss the write-ahead log. The copy has no pages of what was deleted.
        """
        copy = work / archive.SQLITE
        with _opened(self.path) as source:
            source.execute("VACUUM INTO ?", [str(copy)])
        with _opened(copy) as database:
            migrations = database.execute("SELECT app, name FROM django_migrations ORDER BY id").fetchall()
        target.write(copy, archive.SQLITE)
        copy.unlink()
        return migrations, {}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else use the database in the block. Raises BackupError where somebody does."""
        try:
            with processes.alone():
                connections.close_all()
                if not self.is_new():
                    self._close_log()
                yield
        except processes.AlreadyServedError as error:
            raise BackupError("The site is running: end it first.") from error

    def _close_log(self) -> None:
        """Take the write-ahead log into the file.

        Only who is alone may leave the mode of the log (https://www.sqlite.org/wal.html, 3.3).
        """
        with _opened(self.path, wait=0) as database:
            try:
                database.execute("PRAGMA journal_mode=DELETE")
            except sqlite3.DatabaseError as error:
                # A damaged one is no reason to refuse: it may be why somebody restores a backup.
                if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                    raise BackupError("Another process uses the database: end it first.") from error

    @contextmanager
    def prepared(self, backup: Backup) -> Iterator[None]:
        """Check the backup's database; at the end of the block put it in the place of the site's."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        backup.check_room(self.path.parent)
        with TemporaryDirectory(prefix=".unfinished-", dir=self.path.parent) as work:
            new = Path(work, archive.SQLITE)
            backup.extract(archive.SQLITE, new)
            _check(new)
            yield
            self._replace(new)

    def _replace(self, new: Path) -> None:
        connections.close_all()
        for name in self.files()[1:]:
            name.unlink(missing_ok=True)
        if self.path.exists():
            new.chmod(self.path.stat().st_mode & 0o777)
        os.replace(new, self.path)

    def files(self) -> list[Path]:
        """Return where the database and its write-ahead log are."""
        return [self.path, *(self.path.with_name(f"{self.path.name}-{end}") for end in ("wal", "shm"))]


def _check(path: Path) -> None:
    try:
        with _opened(path) as database:
            (found,) = database.execute("PRAGMA integrity_check(1)").fetchone()
            orphan = database.execute("PRAGMA foreign_key_check").fetchone()
    except sqlite3.DatabaseError as error:
        raise BackupError(f"The database in this backup is damaged: {error}.") from error
    if found != "ok" or orphan:
        why = found if found != "ok" else f"a row of {orphan[0]} belongs to nothing"
        raise BackupError(f"The database in this backup is damaged: {why}.")


@contextmanager
def _opened(path: Path, wait: float = _WAIT_SECONDS) -> Iterator[sqlite3.Connection]:
    database = sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, timeout=wait, isolation_level=None)
    with closing(database):
        yield database
