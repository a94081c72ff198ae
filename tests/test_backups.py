"""What a backup may hold: nothing of a file from anywhere is believed before it is checked."""

import json
import shutil
import stat
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from conversations.backups import archive, making, versions
from conversations.backups.archive import BackupError

MANIFEST: dict[str, Any] = {
    "format": archive.FORMAT,
    "made_at": "2026-01-01T00:00:00Z",
    "engine": "sqlite",
    "migrations": [["conversations", "0001_initial"]],
}


def packed(path: Path, *members: tuple[str | ZipInfo, bytes], **manifest: Any) -> Path:
    """Write a backup with these members beside its manifest."""
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        file.writestr(archive.MANIFEST, json.dumps({**MANIFEST, **manifest}))
        for name, content in members:
            file.writestr(name, content)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test's backup is."""
    return tmp_path / "backup.zip"


def refused(path: Path) -> str:
    """Return the sentence with which a file is refused by the time that all of it is read."""
    with pytest.raises(BackupError) as raised:
        read(path)
    return str(raised.value)


def read(path: Path) -> None:
    """Read all of a backup."""
    with archive.opened(path) as backup:
        backup.check_whole()
        backup.extract(archive.SQLITE, path.with_name("extracted"))


@pytest.mark.parametrize(
    "name",
    [
        "attachments/../../outside",
        "attachments/..",
        "attachments/./a",
        "../outside",
        "/etc/passwd",
        "attachments//a",
        "attachments\\..\\outside",
        "attachments/c:evil",
        "attachments/a\nb",
        "attachments/",
        "tables/Bad Name",
        "something_else",
    ],
)
def test_names_that_lead_elsewhere_or_mean_nothing_are_refused(path, name):
    assert "no backup of this site" in refused(packed(path, (name, b"x")))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFDIR])
def test_links_pipes_and_folders_are_refused(path, kind):
    info = ZipInfo("attachments/a")
    info.external_attr = (kind | 0o777) << 16
    assert "attachments/a" in refused(packed(path, (info, b"/etc/passwd")))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_refused(path):
    assert "twice" in refused(packed(path, ("attachments/a", b"1"), ("attachments/a", b"2")))


def test_a_file_that_is_too_large_for_what_it_is_called_is_refused(path):
    assert "too large" in refused(packed(path, (archive.SECRET_KEY, b"k" * 1001)))


def test_what_does_not_fit_on_the_disk_is_refused_before_it_is_unpacked(path, monkeypatch):
    packed(path, (archive.SQLITE, bytes(10_000_000)))
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type("Usage", (), {"free": 9_000_000}))
    with archive.opened(path) as backup, pytest.raises(BackupError, match="no room"):
        backup.check_room(path.parent)


def test_a_backup_without_its_database_is_not_whole(path):
    assert "database.sqlite3 is missing" in refused(packed(path))


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06"])
def test_what_is_no_zip_is_refused_in_a_sentence(path, content):
    path.write_bytes(content)
    assert "is no backup" in refused(path)


def test_a_file_that_is_missing_or_a_folder_is_refused_in_a_sentence(tmp_path):
    assert "No such file" in refused(tmp_path / "missing.zip")
    assert "cannot be used" in refused(tmp_path)


def test_wherever_a_backup_is_cut_or_changed_it_is_refused(path):
    whole = packed(path, (archive.SQLITE, bytes(range(256)) * 50)).read_bytes()
    for length in range(0, len(whole), 61):
        path.write_bytes(whole[:length])
        assert refused(path)
    start = whole.index(archive.SQLITE.encode()) + len(archive.SQLITE)
    for at in range(start, start + 200, 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        path.with_name("extracted").unlink(missing_ok=True)
        assert "damaged" in refused(path)


@pytest.mark.parametrize(
    "manifest",
    [{"format": "1"}, {"engine": "oracle"}, {"migrations": "all"}, {"tables": [1]}, {"made_at": 5}],
)
def test_a_manifest_that_cannot_be_read_is_refused(path, manifest):
    assert "no manifest that can be read" in refused(packed(path, (archive.SQLITE, b""), **manifest))


def test_a_format_of_the_future_is_refused(path):
    assert "newer version" in refused(packed(path, (archive.SQLITE, b""), format=2))


def test_a_database_with_a_migration_that_this_code_does_not_know_is_newer():
    versions.refuse_newer([("conversations", "0001_initial")], "The database")
    for unknown in [("conversations", "9999_future"), ("added_later", "0001_initial")]:
        with pytest.raises(BackupError, match="newer version of the site"):
            versions.refuse_newer([("conversations", "0001_initial"), unknown], "The database")


def test_a_name_is_never_given_twice(tmp_path):
    for _ in range(3):
        making.new_name(tmp_path, "chatsite").touch()
    assert len(list(tmp_path.iterdir())) == 3
