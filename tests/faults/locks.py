"""Another process's hand on the site's database."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from tests.site import Site


@contextmanager
def locked(site: Site) -> Iterator[None]:
    """Hold the lock of SQLite's file, as a backup program or a shell that was left open may do."""
    path = site.data_dir / "chatsite.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=10)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield
