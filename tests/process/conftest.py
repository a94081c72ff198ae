"""One site and one scripted Ollama for all tests of a module; every test begins with an empty script."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.scripted_ollama import ScriptedOllama
from tests.site import Site


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama."""
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="module")
def site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A running site with two people, 小明 and eve; its log may hold no error at the end."""
    with Site(_data_dir(tmp_path_factory), ollama.base_url, OLLAMA_NUM_PARALLEL="8") as running:
        running.add_user("小明", admin=True)
        running.add_user("eve")
        yield running
        assert running.stop() == 0, running.log()
    for word in ("ERROR", "Traceback", "never awaited", "ResourceWarning"):
        assert word not in running.log(), running.log()


def _data_dir(factory: pytest.TempPathFactory) -> Path:
    return factory.mktemp("data")


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    """小明, logged in."""
    with closing(site.log_in("小明")) as logged_in:
        yield logged_in


@pytest.fixture(scope="module")
def eve(site: Site) -> Iterator[httpx.Client]:
    """Somebody else, logged in."""
    with closing(site.log_in("eve")) as logged_in:
        yield logged_in
