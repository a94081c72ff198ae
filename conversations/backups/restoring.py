"""Puts a backup in the place of what the site has, which is kept."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError

from . import archive, making, versions
from .archive import Backup, BackupError, Engine


def restore(path: Path, tell: Callable[[str], None]) -> None:
    """Restore the backup at `path` and migrate it; `tell` is given a sentence for each thing done.

    Raises BackupError. Until everything is checked and what was there is kept, nothing is changed.
    """
    database, data = making.database(), Path(settings.DATA_DIR)
    with _sentences(), archive.opened(path) as backup:
        _refuse_other_kind(backup, database.engine)
        versions.refuse_newer(backup.manifest.migrations, "This backup")
        with database.alone():
            backup.check_room(data)
            with TemporaryDirectory(prefix=".unfinished-", dir=data) as work:
                with database.prepared(backup):
                    _extract_files(backup, Path(work))
                    if not database.is_new():
                        tell(_keep(database.files(), data))
                _put_files(Path(work), data)
            call_command("migrate", interactive=False, verbosity=0)
    tell(f"Restored: the site as it was on {backup.manifest.made_at:%Y-%m-%d at %H:%M:%S} UTC.")


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, DatabaseError) as error:
        why = str(error).strip().splitlines()[0]
        raise BackupError(f"It was not restored: the database says {why!r}.") from error


def _refuse_other_kind(backup: Backup, engine: Engine) -> None:
    if backup.manifest.engine != engine:
        raise BackupError(
            f"This is a backup of a site on {backup.manifest.engine}, and this site is on {engine} "
            "(DATABASE_URL)."
        )


def _extract_files(backup: Backup, work: Path) -> None:
    for name in backup.names:
        if name == archive.SECRET_KEY or name.startswith(archive.ATTACHMENTS):
            backup.extract(name, work / "new" / name)


def _keep(files: list[Path], data: Path) -> str:
    """Back up what is there, or set aside the files of a database that cannot be read; return where it is."""
    folder = making.directory()
    try:
        made = making.make(making.new_name(folder, making.BEFORE_RESTORE))
    except BackupError as error:
        if not isinstance(error.__cause__, sqlite3.Error):
            raise
    else:
        return f"What was there is kept: {made.path}"
    aside = making.new_name(folder, making.BEFORE_RESTORE, "")
    aside.mkdir(mode=0o700)
    for path in [*files, data / archive.ATTACHMENTS]:
        if path.exists():
            path.rename(aside / path.name)
    if (data / archive.SECRET_KEY).exists():
        shutil.copy2(data / archive.SECRET_KEY, aside)
    return f"What was there could not be backed up; its files are kept: {aside}"


def _put_files(work: Path, data: Path) -> None:
    """Put the attachments and the secret key in the place of those in `data`."""
    attachments = data / archive.ATTACHMENTS
    if attachments.exists():
        attachments.rename(work / "old")
    new = work / "new"
    if (new / archive.ATTACHMENTS).exists():
        (new / archive.ATTACHMENTS).rename(attachments)
    if (new / archive.SECRET_KEY).exists():
        (new / archive.SECRET_KEY).chmod(0o600)
        (new / archive.SECRET_KEY).replace(data / archive.SECRET_KEY)
