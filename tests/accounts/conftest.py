"""What the tests of accounts share."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from conversations.models import User

PASSWORD = "Reading-room-7"


@pytest.fixture(autouse=True)
def _apart(settings: Any, tmp_path: Path) -> Iterator[None]:
    """Leave no counted failures to the next test, and see nothing of a site that runs here."""
    settings.DATA_DIR, settings.ADDRESS_IS_SET = tmp_path, False
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def user(db: None) -> User:
    """A person with a Chinese user name."""
    return User.objects.create_user("王小明", "ming@example.org", PASSWORD)


@pytest.fixture
def administrator(db: None) -> User:
    """The site's administrator."""
    return User.objects.create_superuser("head", password=PASSWORD, name="Ada")


@pytest.fixture
def log_in(client: Client) -> Callable[..., Any]:
    """Return a function that fills the login form."""

    def send(username: str, password: str = PASSWORD, client: Client = client, **headers: Any) -> Any:
        return client.post("/accounts/login/", {"login": username, "password": password}, **headers)

    return send
