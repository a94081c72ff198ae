"""What all tests share."""

from pathlib import Path
from typing import Any

import pytest


@pytest.hookimpl(trylast=True)
@pytest.fixture(autouse=True)
def _static_files_as_they_are(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pages name static files without a manifest, so that no test has to collect them first."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    settings.STATIC_ROOT = _empty_directory(tmp_path_factory)


def _empty_directory(factory: pytest.TempPathFactory) -> Path:
    directory = factory.getbasetemp() / "static"
    directory.mkdir(exist_ok=True)
    return directory
