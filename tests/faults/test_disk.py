"""The disk is full, or the database may not be written: people are told, the site stays up, and it recovers."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.scripted_ollama import ScriptedOllama, hold, tokens
from tests.site import Site
from tests.tab import Tab

from .conftest import quiet
from .crowd import MANY
from .people import logged_in

pytestmark = [
    pytest.mark.process,
    pytest.mark.fault(28),
    pytest.mark.sqlite,
]

DISK_BYTES = 24 * 1024 * 1024


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of its own, of 24 MB, where this user may make one."""
    path = tmp_path_factory.mktemp("disk")
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a disk of its own needs the right to mount one")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama."""
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="module")
def site(ollama: ScriptedOllama, small_disk: Path) -> Iterator[Site]:
    """A site on the small disk."""
    with Site(small_disk, ollama.base_url, **MANY) as running, quiet(running):
        yield running


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    """Ann, logged in."""
    with logged_in(site, "ann") as (ann,):
        yield ann


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Fill a disk to the last byte."""
    filling = disk / "filling"
    with filling.open("wb", buffering=0) as file:
        for piece in (bytes(65_536), b"\0"):
            try:
                while True:
                    file.write(piece)
            except OSError:
                pass
    try:
        yield
    finally:
        filling.unlink()


def test_a_full_disk_is_told_and_what_came_meanwhile_is_kept_when_there_is_room(
    site, client, ollama, small_disk, happened
):
    ollama.enqueue("begun ", tokens(20_000, 50, "0123456789" * 50), hold("never"))
    with Tab(site, client) as reading, Tab(site, client) as asking:
        reading.ask("Go on")
        reading.wait_text("begun ")
        asking.wait("snapshot")
        with full(small_disk):
            unsaved = reading.wait("generation.status", saved=False)
            asking.send("message.send", client_id="full", text="Is there room?")
            assert asking.wait("error")["code"] == "internal"
            assert client.get("/healthz").text == "ok"
            assert client.get("/").status_code in (httpx.codes.OK, httpx.codes.SERVICE_UNAVAILABLE)
            length = len(reading.text)
            while len(reading.text) < length + 20_000:
                reading.receive()
        reading.wait("generation.status", saved=None)
        ollama.enqueue("answered")
        asking.send("message.send", client_id="full", text="Is there room?")
        asking.wait("generation.finished", status="completed")
        reading.stop(unsaved["generation"])
        reading.wait("generation.finished", status="stopped")
        stored = f"Message.objects.get(generations='{unsaved['generation']}').content"
        assert site.query(stored) == reading.text
    happened(
        "disk full: text flowed on, the page was told that it is not saved, a question was refused with an error; "
        "with room again all of it was saved",
        characters_kept_in_memory=len(reading.text) - length,
    )


def test_a_disk_that_may_only_be_read_is_named_at_the_start(site, small_disk, happened):
    remount = ["mount", "-o"]
    assert site.stop() == 0
    subprocess.run([*remount, "remount,ro", str(small_disk)], check=True)
    try:
        with pytest.raises(AssertionError) as refused:
            site.manage("serve", "--port", str(site.port))
    finally:
        subprocess.run([*remount, "remount,rw", str(small_disk)], check=True)
    assert f"DATA_DIR is '{small_disk}', where this user may not write" in str(refused.value)
    assert "Traceback" not in str(refused.value)
    site.start()
    happened("a directory that cannot be written is named when the site starts, which starts once it can be")
