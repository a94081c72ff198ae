"""People who knock at the admin's door."""

from pathlib import Path
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from conversations.generation.runner import runner
from tests.admin import rows

VIEW = (
    *("view_conversation", "view_message", "view_generation", "view_access", "view_user", "view_group"),
    *("view_invitation", "view_modelprofile", "view_quota", "view_preset", "view_usageday"),
)


@pytest.fixture
def files(monkeypatch):
    """Files come at once from the test's own thread, whose transaction no other sees (tests/process streams them)."""

    def whole(parts, content_type, name):
        return HttpResponse(b"".join(parts), content_type=content_type)

    for module in ("admin.exporting", "views.downloads"):
        monkeypatch.setattr(f"conversations.{module}.streamed", whole)


@pytest.fixture
def apart(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are kept in a directory of the test's own, Ollama is not asked, and nothing is fetched."""

    async def held() -> tuple[str, list[Any]]:
        return "0.1", []

    settings.DATA_DIR = tmp_path
    monkeypatch.setattr("conversations.admin.ollama._look", held)
    monkeypatch.setattr(runner.pulls, "start", lambda pull: None)


@pytest.fixture
def superuser(db):
    return rows.person("root", is_staff=True, is_superuser=True)


@pytest.fixture
def reader(db):
    """A member of staff who may look at what people do."""
    return rows.person("reader", *VIEW, is_staff=True)


@pytest.fixture
def owner(db):
    return rows.person("小明", name="王小明")


@pytest.fixture
def clients(superuser, reader, owner):
    """A browser for each kind of person, by its name."""
    people = {
        "superuser": superuser,
        "reader": reader,
        "staff": rows.person("staff", is_staff=True),
        "owner": owner,
        "other": rows.person("other"),
        "anonymous": None,
    }
    browsers = {}
    for kind, user in people.items():
        browsers[kind] = Client()
        if user:
            browsers[kind].force_login(user)
    return browsers


@pytest.fixture
def root(clients):
    return clients["superuser"]
