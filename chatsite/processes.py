"""Processes that serve one site: what only one of them may do, and when there may be only one.

Without Redis no process hears of another: each would end the other's answers when it starts. Locks are the operating
system's and PostgreSQL's own, so that none outlives the process that took it, however that ended
(https://www.postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections

_SERVING, _PREPARING = 0x63686174, 0x63686175
# PostgreSQL hears of the end of a process that was killed a moment after it.
_PATIENCE_SECONDS = 3
_RETRY_SECONDS = 0.2


class AlreadyServedError(Exception):
    """Another process serves this site, and the two could not work together; the text says what to set."""


@contextmanager
def alone() -> Iterator[None]:
    """Be the only process of the site for as long as the block runs, unless Redis joins several.

    Raises AlreadyServedError.
    """
    if settings.REDIS_URL:
        yield
        return
    with _file("serving.lock") as file:
        if not _locked(file, wait=False):
            raise AlreadyServedError(_refusal(f"the data in {settings.DATA_DIR}"))
        with _database_alone():
            yield


@contextmanager
def one_after_the_other() -> Iterator[None]:
    """Let no other process of the site prepare database or files meanwhile; wait for the one that does."""
    with _file("preparing.lock") as file:
        _locked(file, wait=True)
        if connection.vendor != "postgresql":
            yield
            return
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_PREPARING])
        try:
            yield
        finally:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_PREPARING])


@contextmanager
def _database_alone() -> Iterator[None]:
    """Hold a lock in PostgreSQL, where processes of several machines meet, by a connection for nothing else."""
    if connection.vendor != "postgresql":
        yield
        return
    own = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not _taken(own):
            if time.monotonic() > deadline:
                raise AlreadyServedError(_refusal("this database"))
            time.sleep(_RETRY_SECONDS)
        yield
    finally:
        own.close()


def _taken(own: object) -> bool:
    with own.cursor() as cursor:  # type: ignore[attr-defined] # the stub of create_connection says nothing
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_SERVING])
        return bool(cursor.fetchone()[0])


def _refusal(what: str) -> str:
    return (
        f"Another process serves {what} already. Several processes need REDIS_URL, by which they hear of each other, "
        "and PostgreSQL in DATABASE_URL."
    )


def _file(name: str) -> IO[str]:
    return Path(settings.DATA_DIR, name).open("a", encoding="ascii")


if sys.platform == "win32":
    import msvcrt

    def _locked(file: IO[str], *, wait: bool) -> bool:
        """Lock a file until it is closed, and return whether that was possible."""
        while True:
            try:
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            except OSError:
                if not wait:
                    return False
                time.sleep(_RETRY_SECONDS)
            else:
                return True

else:
    import fcntl

    def _locked(file: IO[str], *, wait: bool) -> bool:
        """Lock a file until it is closed, and return whether that was possible; children do not inherit the lock."""
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True
