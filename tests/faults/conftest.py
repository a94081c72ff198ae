"""What the tests of faults share: a site, two people, and how the server's log has to look afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from tests.scripted_ollama import ScriptedOllama
from tests.site import Site

from .cluster import Cluster
from .people import logged_in

FORBIDDEN = ("ERROR", "Traceback", "never awaited", "ResourceWarning", "destroyed")


def check_log(site: Site) -> None:
    """Fail where the log of a site tells of an error or of something left behind."""
    for word in FORBIDDEN:
        assert word not in site.log(), site.log()


@contextmanager
def quiet(site: Site) -> Iterator[Site]:
    """Run a block with a running site; then it has to end with status 0, and its log has to be clean.

    Where the site is killed on purpose, `check_log` alone.
    """
    yield site
    assert site.stop() == 0, site.log()
    check_log(site)


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama."""
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="module")
def limits() -> dict[str, str]:
    """Return the settings of `site`; a module that needs others has a fixture of this name."""
    return {"OLLAMA_NUM_PARALLEL": "64", "MAX_RUNNING_PER_USER": "0"}


@pytest.fixture(scope="module")
def site(
    ollama: ScriptedOllama, limits: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """A running site for all tests of a module; its log may hold no error at the end."""
    with Site(tmp_path_factory.mktemp("data"), ollama.base_url, **limits) as running, quiet(running):
        yield running


@pytest.fixture(scope="module")
def cluster(
    ollama: ScriptedOllama, limits: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """The site as two processes, for modules whose `site` is one of them; their logs may hold no error at the end."""
    with Cluster(tmp_path_factory.mktemp("cluster"), ollama.base_url, **limits) as running:
        first, second = running.sites
        with quiet(first), quiet(second):
            yield running


@pytest.fixture(scope="module")
def people(site: Site) -> Iterator[list[httpx.Client]]:
    """小明 and eve, logged in."""
    with logged_in(site, "小明", "eve") as clients:
        yield clients


@pytest.fixture(scope="module")
def client(people: list[httpx.Client]) -> httpx.Client:
    """Return 小明, logged in."""
    return people[0]


@pytest.fixture(scope="module")
def eve(people: list[httpx.Client]) -> httpx.Client:
    """Return somebody else, logged in."""
    return people[1]
