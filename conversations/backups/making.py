"""Makes backups: under a temporary name first, so that what has a backup's name is whole."""

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zipfile import ZIP_DEFLATED, ZipFile

import msgspec
from django.conf import settings
from django.db import DatabaseError, connection

from . import archive
from .archive import BackupError, Manifest
from .postgres import PostgresDatabase
from .sqlite import SqliteDatabase

BEFORE_UPGRADE = "before-upgrade"
BEFORE_RESTORE = "before-restore"
_KEPT = 3
_UPGRADING = "upgrading"
_TIME = "%Y%m%dT%H%M%SZ"
# Text shrinks to a third by the quickest way; what takes four times as long saves another tenth.
_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Made:
    """A backup with its size in bytes and the seconds that it took."""

    path: Path
    size: int
    seconds: float


def database() -> SqliteDatabase | PostgresDatabase:
    """Return the site's database, as far as backups know it."""
    return SqliteDatabase() if connection.vendor == "sqlite" else PostgresDatabase()


def refuse_other_user() -> None:
    """Raise BackupError where files made now would not be the site's own."""
    owner = Path(settings.DATA_DIR).stat().st_uid
    if os.name == "posix" and os.geteuid() != owner:
        raise BackupError(f"{settings.DATA_DIR} belongs to another user (uid {owner}): run this as that one.")


def directory() -> Path:
    """Return the folder of the site's own backups, made where it is missing. Raises BackupError."""
    path = Path(settings.DATA_DIR, "backups")
    try:
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise BackupError(f"{path} cannot be made: {error.strerror}.") from error
    return path


def new_name(folder: Path, kind: str, ending: str = ".zip") -> Path:
    """Return a path in `folder` that is not taken, named for what it is and for the time (UTC)."""
    stem = f"{kind}-{datetime.now(UTC).strftime(_TIME)}"
    path, number = folder / f"{stem}{ending}", 2
    while path.exists():
        path, number = folder / f"{stem}-{number}{ending}", number + 1
    return path


def make(path: Path) -> Made:
    """Back up the site into the file `path`, readable by its owner only. Raises BackupError, leaving nothing behind."""
    begun = time.monotonic()
    if path.exists():
        raise BackupError(f"{path} is there already: choose another name, or give a folder.")
    if database().is_new():
        raise BackupError(f"There is no database yet: nothing is to be backed up in {settings.DATA_DIR}.")
    try:
        with TemporaryDirectory(prefix=".unfinished-", dir=path.parent) as work:
            file = Path(work, "backup.zip")
            _write(file, Path(work))
            file.chmod(0o600)
            _to_disk(file)
            file.replace(path)
        _to_disk(path.parent)
        return Made(path, path.stat().st_size, time.monotonic() - begun)
    except OSError as error:
        raise BackupError(f"No backup was made in {path.parent}: {error.strerror or error}.") from error
    except (sqlite3.Error, DatabaseError) as error:
        why = str(error).strip().splitlines()[0]
        raise BackupError(f"No backup was made in {path.parent}: the database says {why!r}.") from error


@contextmanager
def before_upgrade() -> Iterator[Path]:
    """Back up a database that the block migrates, and give the backup's path; the newest three of them are kept.

    Where the last upgrade did not come to its end, its backup is the one: what is there now is neither old nor new.
    """
    folder = directory()
    unfinished = folder / _UPGRADING
    kept = folder / unfinished.read_text(encoding="utf-8") if unfinished.exists() else None
    if kept is None or not kept.exists():
        kept = make(new_name(folder, BEFORE_UPGRADE)).path
        unfinished.write_text(kept.name, encoding="utf-8")
    yield kept
    unfinished.unlink()
    for _, path in sorted((age, path) for path in folder.iterdir() if (age := _age(path)))[:-_KEPT]:
        path.unlink(missing_ok=True)


def _age(path: Path) -> tuple[str, int] | None:
    """Return what sorts the backups from before upgrades, by time and by number in the same second; None for others."""
    found = re.fullmatch(rf"{BEFORE_UPGRADE}-(\d{{8}}T\d{{6}}Z)(?:-(\d+))?\.zip", path.name)
    return (found[1], int(found[2] or 1)) if found else None


def _write(file: Path, work: Path) -> None:
    begun_at, source = datetime.now(UTC), database()
    # A file may well be dated 1970, as in an image; a zip's times begin in 1980.
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=_LEVEL, strict_timestamps=False) as target:
        # The database comes first: an attachment's file is there before its row is.
        migrations, tables = source.dump(target, work)
        manifest = Manifest(archive.FORMAT, begun_at, source.engine, migrations, tables)
        target.writestr(archive.MANIFEST, msgspec.json.encode(manifest))
        secret_key = Path(settings.DATA_DIR, archive.SECRET_KEY)
        if secret_key.exists():
            target.write(secret_key, archive.SECRET_KEY)
        _write_attachments(target, Path(settings.DATA_DIR, archive.ATTACHMENTS))


def _write_attachments(target: ZipFile, folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        name = archive.ATTACHMENTS + path.relative_to(folder).as_posix()
        if not archive.is_name(name):
            raise BackupError(f"No backup was made: {str(path)!a} has a name that no site gives.")
        # A person may delete one meanwhile.
        with suppress(FileNotFoundError):
            target.write(path, name)


def _to_disk(path: Path) -> None:
    """Wait until a file, or on systems that can, a folder's names, would survive a power cut."""
    if path.is_dir() and os.name != "posix":
        return
    handle = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
