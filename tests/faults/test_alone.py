"""A second process of a site is refused where the two would not hear of each other, and welcome where they do."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.scripted_ollama import ScriptedOllama
from tests.servers import Postgres, Redis, free_port
from tests.site import ROOT, Site

from .conftest import quiet

pytestmark = [pytest.mark.process, pytest.mark.fault("several processes")]

KEY = {"DJANGO_SECRET_KEY": "one and the same key for all processes of the site under test"}


@pytest.fixture(scope="module")
def services() -> Iterator[tuple[Postgres, Redis]]:
    """A PostgreSQL without any table, and a Redis."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)  # PostgreSQL's user passes through it
        with Postgres(directory) as postgres, Redis(directory) as redis:
            yield postgres, redis


def refusal(data_dir: Path, **env: str) -> str:
    """Serve the same site once more, and return what it says when it gives up."""
    usual = {"DATA_DIR": str(data_dir), "EMBEDDED": "off", "REDIS_URL": ""}
    done = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", str(free_port())],
        cwd=ROOT,
        env={**os.environ, **usual, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_second_process_with_the_same_data_is_refused_and_a_killed_one_leaves_no_lock(
    ollama: ScriptedOllama, tmp_path: Path, happened
):
    with Site(tmp_path, ollama.base_url, REDIS_URL="") as site:
        assert "processes need REDIS_URL" in refusal(tmp_path)
        assert site.manage("check").startswith("System check")
        site.kill()
        site.start()
        with quiet(site):
            happened("a second process without Redis was refused; after kill -9 the site began again")


@pytest.mark.services
def test_two_processes_that_start_at_once_on_an_empty_database_make_its_tables_once(
    ollama: ScriptedOllama, services: tuple[Postgres, Redis], tmp_path: Path, happened
):
    postgres, redis = services
    env = {**KEY, "DATABASE_URL": postgres.url, "REDIS_URL": redis.url}
    sites = [Site(tmp_path, ollama.base_url, **env) for _ in range(2)]
    for site in sites:
        site.prepared = False
    with ThreadPoolExecutor() as threads, quiet(sites[0]), quiet(sites[1]):
        list(threads.map(Site.start, sites))
        sites[0].add_user("anna")
        assert sites[1].query("User.objects.count()") == 1
        happened("two processes started at once on an empty database")


@pytest.mark.services
def test_a_second_process_on_the_same_database_is_refused_without_redis(
    ollama: ScriptedOllama, services: tuple[Postgres, Redis], tmp_path: Path, happened
):
    env = {**KEY, "DATABASE_URL": services[0].url, "REDIS_URL": ""}
    with Site(tmp_path / "one", ollama.base_url, **env) as site, quiet(site):
        assert "this database" in refusal(tmp_path / "other", **env)
        happened("a second process on the same PostgreSQL without Redis was refused")
