"""PostgreSQL's part of a backup: the tables by COPY, in one snapshot, without a program beside the site.

https://www.postgresql.org/docs/current/sql-copy.html. The tables themselves are made by the site's own migrations, up
to those that the backup has seen.
"""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from zipfile import ZipFile

from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from chatsite import processes

from . import archive
from .archive import Backup, BackupError, Engine

if TYPE_CHECKING:
    from django.db.backends.postgresql.base import DatabaseWrapper
    from psycopg import Copy

_PIECE = 1 << 20
# The server takes a moment to see that a process has ended.
_WAIT_SECONDS = 3.0
_LOOK_AGAIN_SECONDS = 0.1


class PostgresDatabase:
    """The tables of the site in a PostgreSQL database."""

    engine: Engine = "postgresql"

    def is_new(self) -> bool:
        """Whether nothing is there to be kept."""
        with connection.cursor() as cursor:
            return not _tables(cursor)

    def dump(self, target: ZipFile, work: Path) -> tuple[list[tuple[str, str]], dict[str, list[str]]]:
        """Write what is committed now into `target`; what others write meanwhile is not seen."""
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            tables = {table: _columns(cursor, table) for table in _tables(cursor)}
            cursor.execute("SELECT app, name FROM django_migrations ORDER BY id")
            migrations = cursor.fetchall()
            for table, columns in tables.items():
                with (
                    target.open(archive.TABLES + table, "w", force_zip64=True) as member,
                    _copying(cursor, "COPY {} ({}) TO STDOUT", table, columns) as rows,
                ):
                    for row in rows:
                        member.write(row)
        return migrations, tables

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let no process of the site start in the block. Raises BackupError where anybody else stays connected."""
        _leave_pool()
        with processes.one_after_the_other():
            deadline = time.monotonic() + _WAIT_SECONDS
            while _others():
                if time.monotonic() > deadline:
                    raise BackupError(
                        "Others are connected to the database: end all processes of the site first."
                    )
                time.sleep(_LOOK_AGAIN_SECONDS)
            yield

    @contextmanager
    def prepared(self, backup: Backup) -> Iterator[None]:
        """Check the backup; at the end of the block put its tables in the place of the site's, all or none."""
        backup.check_whole()
        yield
        with transaction.atomic(), connection.cursor() as cursor:
            _drop(cursor)
            _migrate_to(backup.manifest.migrations)
            _load(cursor, backup)

    def files(self) -> list[Path]:
        """Return nothing: the server keeps its files itself."""
        return []


def _leave_pool() -> None:
    """Have one connection from now on: those that a pool opens beside it look like those of others."""
    connection.close()
    cast("DatabaseWrapper", connection).close_pool()
    connection.settings_dict["OPTIONS"]["pool"] = False


def _others() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        (count,) = cursor.fetchone()
    return int(count)


def _tables(cursor: Any) -> list[str]:
    """Return the site's tables, those included that a newer version has added."""
    ours = {*connection.introspection.django_table_names(include_views=False), "django_migrations"}
    there = connection.introspection.table_names(cursor)
    return [table for table in there if table in ours or table.startswith("conversations_")]


def _columns(cursor: Any, table: str) -> list[str]:
    return [column.name for column in connection.introspection.get_table_description(cursor, table)]


@contextmanager
def _copying(cursor: Any, statement: str, table: str, columns: list[str]) -> Iterator["Copy"]:
    """Run a COPY, of which Django knows nothing: its errors become Django's here."""
    from psycopg import sql

    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with (
        connection.wrap_database_errors,
        cursor.copy(sql.SQL(statement).format(sql.Identifier(table), names)) as rows,
    ):
        yield rows


def _drop(cursor: Any) -> None:
    # Whoever connects just now must not hold this up for ever.
    cursor.execute("SET LOCAL lock_timeout = '10s'")
    for table in _tables(cursor):
        cursor.execute(f"DROP TABLE {connection.ops.quote_name(table)} CASCADE")


def _migrate_to(migrations: list[tuple[str, str]]) -> None:
    executor = MigrationExecutor(connection)
    seen = {pair for pair in migrations if pair in executor.loader.graph.nodes}
    nodes = executor.loader.graph.node_map
    followed = {
        pair
        for pair in seen
        if any(child.key in seen and child.key[0] == pair[0] for child in nodes[pair].children)
    }
    executor.migrate(sorted(seen - followed))


def _load(cursor: Any, backup: Backup) -> None:
    tables = backup.manifest.tables
    unknown = set(tables) - set(_tables(cursor))
    if unknown:
        raise BackupError(f"This is no backup of this site: it has a table {min(unknown)!r}.")
    quoted = ", ".join(map(connection.ops.quote_name, sorted(tables)))
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    # Migrations have rows of their own.
    cursor.execute(f"TRUNCATE {quoted} CASCADE")
    cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    for table, columns in tables.items():
        with (
            backup.open(archive.TABLES + table) as member,
            _copying(cursor, "COPY {} ({}) FROM STDIN", table, columns) as rows,
        ):
            shutil.copyfileobj(member, rows, _PIECE)
        _go_on_counting(cursor, table)


def _go_on_counting(cursor: Any, table: str) -> None:
    """Let the ids of new rows follow those of the rows that were copied."""
    for sequence in connection.introspection.get_sequences(cursor, table):
        column, name = map(connection.ops.quote_name, (sequence["column"], table))
        cursor.execute(
            f"SELECT setval(pg_get_serial_sequence(%s, %s), coalesce(max({column}), 1), max({column}) IS NOT NULL) "  # noqa: S608 -- names of the schema, quoted
            f"FROM {name}",
            [name, sequence["column"]],
        )
