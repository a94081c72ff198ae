"""The file that a backup is: a zip of a manifest, the database, the attachments and the secret key.

What is read here may come from anywhere: every name, kind and size is checked before anything is written.
"""

import os
import re
import shutil
import stat
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Literal
from zipfile import BadZipFile, ZipFile, ZipInfo

import msgspec

FORMAT = 1
MANIFEST = "manifest.json"
SECRET_KEY = "secret_key"  # noqa: S105 -- a file's name
SQLITE = "database.sqlite3"
TABLES = "tables/"
ATTACHMENTS = "attachments/"

# Of a file in a folder, on any system.
_PART = r"[^\\/:\x00-\x1f\ud800-\udfff]+"
_NAME = re.compile(rf"{MANIFEST}|{SECRET_KEY}|{SQLITE}|{TABLES}[a-z0-9_]+|{ATTACHMENTS}{_PART}(/{_PART})*")
# Bytes of what is read into memory.
_SMALL = {MANIFEST: 1_000_000, SECRET_KEY: 1000}
_DAMAGED = (BadZipFile, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError, zlib.error)


Engine = Literal["sqlite", "postgresql"]


class BackupError(Exception):
    """Why a backup was not made or not restored: a sentence for the person at the terminal."""


class Manifest(msgspec.Struct, frozen=True):
    """What a backup says of itself. `tables`: the columns of each, in the order of their values (PostgreSQL)."""

    format: int
    made_at: datetime
    engine: Engine
    migrations: list[tuple[str, str]]
    tables: dict[str, list[str]] = {}


class Backup:
    """An open backup whose names and sizes are checked. Damage inside shows when a member is read."""

    def __init__(self, file: ZipFile) -> None:
        self._file = file
        self.names = dict.fromkeys(info.filename for info in file.infolist())
        for info in file.infolist():
            _check(info)
        if len(self.names) < len(file.infolist()):
            twice = Counter(info.filename for info in file.infolist()).most_common(1)[0][0]
            raise BackupError(f"This is no backup of this site: it holds {twice!r} twice.")
        self.manifest = self._manifest()

    def _manifest(self) -> Manifest:
        try:
            manifest = msgspec.json.decode(self._file.read(MANIFEST), type=Manifest)
        except (KeyError, msgspec.ValidationError, msgspec.DecodeError) as error:
            raise BackupError(
                "This is no backup of this site: it has no manifest that can be read."
            ) from error
        if manifest.format != FORMAT:
            raise BackupError(
                "This backup was made by a newer version of the site; restore it with that one."
            )
        return manifest

    def open(self, name: str) -> IO[bytes]:
        """Open a member for reading. Raises BackupError where it is missing."""
        if name not in self.names:
            raise BackupError(f"This backup is not whole: {name} is missing.")
        return self._file.open(name)

    def extract(self, name: str, target: Path) -> None:
        """Write a member to `target`, a file that is not there yet."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.open(name) as source, target.open("xb") as file:
            shutil.copyfileobj(source, file)
            file.flush()
            os.fsync(file.fileno())

    def check_room(self, directory: Path) -> None:
        """Raise BackupError unless all of it fits into `directory`."""
        needed = sum(info.file_size for info in self._file.infolist())
        if needed > shutil.disk_usage(directory).free:
            raise BackupError(f"There is no room in {directory} for the {needed:,} bytes of this backup.")

    def check_whole(self) -> None:
        """Read all of it. Raises BackupError where something is damaged."""
        damaged = self._file.testzip()
        if damaged is not None:
            raise BackupError(f"This backup is damaged: {damaged} is not what was written.")


@contextmanager
def opened(path: Path) -> Iterator[Backup]:
    """Open the backup at `path`. Raises BackupError for what is none, damage found inside the block included."""
    try:
        with ZipFile(path) as file:
            yield Backup(file)
    except OSError as error:
        raise BackupError(f"{error.filename or path} cannot be used: {error.strerror}.") from error
    except _DAMAGED as error:
        raise BackupError(f"{path} is no backup, or a damaged one: {error}.") from error


def is_name(name: str) -> bool:
    """Return whether a member may be called `name`."""
    return _NAME.fullmatch(name) is not None and {".", ".."}.isdisjoint(name.split("/"))


def _check(info: ZipInfo) -> None:
    kind = stat.S_IFMT(info.external_attr >> 16)
    if not is_name(info.filename) or kind not in (0, stat.S_IFREG):
        raise BackupError(f"This is no backup of this site: it holds {info.filename[:100]!r}.")
    if info.file_size > _SMALL.get(info.filename, info.file_size):
        raise BackupError(f"This is no backup of this site: its {info.filename} is too large.")
