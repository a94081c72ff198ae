"""What all tests share."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings as site_settings
from django.utils import translation

from tests.servers import worker_redis_url

pytest_plugins = ["tests.faults.plugin"]

# Folders whose files take long. What takes a moment comes last, so that no long file is left over at the end.
LONG_FIRST = ("faults", "browser", "process", "rendering", "ollama")


def pytest_configure() -> None:
    """Hash passwords quickly, and use a Redis that no other worker empties: in this process, not in a site's."""
    site_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    if redis_url := worker_redis_url():
        # A machine on which everything runs at once may be slower than a Redis that is worth asking.
        site_settings.CACHES["default"] |= {"LOCATION": redis_url, "OPTIONS": {"socket_timeout": 20}}
        names = {"hosts": [redis_url], "prefix": f"tests{urlsplit(redis_url).path}"}
        site_settings.CHANNEL_LAYERS["default"]["CONFIG"] = names


def pytest_xdist_auto_num_workers() -> int:
    """Return more workers than there are processors: tests of sites and browsers wait as often as they compute."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long; what empties the database, rows of the migrations too, comes last.

    A file stays together, so all of it comes last.
    """
    last = {item.path for item in items if _empties(item)}
    items.sort(key=lambda item: (item.path in last, _rank(item.path)))


def _empties(item: pytest.Item) -> bool:
    return any(mark.kwargs.get("transaction") for mark in item.iter_markers("django_db"))


def _rank(path: Path) -> int:
    folder = path.parent.name
    return LONG_FIRST.index(folder) if folder in LONG_FIRST else len(LONG_FIRST)


@pytest.hookimpl(trylast=True)
@pytest.fixture(autouse=True)
def _static_files_as_they_are(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pages name static files without a manifest, so that no test has to collect them first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    settings.STATIC_ROOT = _empty_directory(tmp_path_factory)


@pytest.fixture(autouse=True)
def _no_language_of_another_test() -> Iterator[None]:
    """A request leaves its language behind in the thread, and here a thread serves all tests."""
    yield
    translation.deactivate()


def _empty_directory(factory: pytest.TempPathFactory) -> Path:
    directory = factory.getbasetemp() / "static"
    directory.mkdir(exist_ok=True)
    return directory
