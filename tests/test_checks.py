"""What cannot work or would not be safe is refused before the site serves, with what to set instead."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks

ROOT = Path(__file__).resolve().parent.parent
CORE_LAYER = {"default": {"BACKEND": "channels_redis.core.RedisChannelLayer"}}


def refusals() -> dict[str, str]:
    """Return the errors of the site's own checks."""
    found = {str(error.id): f"{error.msg} {error.hint}" for error in run_checks()}
    return {identifier: text for identifier, text in found.items() if identifier.startswith("chatsite.")}


def test_the_settings_of_the_tests_are_accepted():
    assert refusals() == {}


@pytest.mark.parametrize(
    ("identifier", "names", "changed"),
    [
        ("chatsite.E001", "DJANGO_ALLOWED_HOSTS", {"ALLOWED_HOSTS": ["chat.example.org", "*"]}),
        ("chatsite.E002", "DJANGO_SECRET_KEY", {"SECRET_KEY": "change-me"}),
        ("chatsite.E002", "DJANGO_SECRET_KEY", {"SECRET_KEY": "a" * 60}),
        ("chatsite.E002", "DJANGO_SECRET_KEY", {"SECRET_KEY": f"django-insecure-{'abcdefghij' * 5}"}),
        ("chatsite.E003", "DJANGO_DEBUG", {"DEBUG": True, "HTTPS": True}),
        ("chatsite.E003", "DJANGO_DEBUG", {"DEBUG": True, "TRUSTED_PROXY_COUNT": 1}),
        ("chatsite.E003", "DJANGO_DEBUG", {"DEBUG": True, "CHATSITE_HOST": "192.168.1.20"}),
        ("chatsite.E003", "DJANGO_DEBUG", {"DEBUG": True, "ALLOWED_HOSTS": ["chat.example.org"]}),
    ],
)
def test_a_setting_that_is_not_safe_is_refused(identifier: str, names: str, changed: Any, settings: Any):
    for name, value in changed.items():
        setattr(settings, name, value)
    found = refusals()
    assert list(found) == [identifier]
    assert names in found[identifier]


def test_debug_is_for_this_machine_alone(settings):
    settings.DEBUG, settings.CHATSITE_HOST, settings.ALLOWED_HOSTS = (
        True,
        "::1",
        ["localhost", "[::1]", "127.0.0.1"],
    )
    assert refusals() == {}


@pytest.mark.parametrize(("mode", "refused"), [("IMMEDIATE", False), ("DEFERRED", True), (None, True)])
def test_sqlite_is_refused_without_immediate_transactions(
    mode: str | None, refused: bool, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(settings.DATABASES["default"], "ENGINE", "django.db.backends.sqlite3")
    monkeypatch.setitem(settings.DATABASES["default"], "OPTIONS", {"transaction_mode": mode})
    assert list(refusals()) == ["chatsite.E004"] * refused


@pytest.mark.parametrize(("version", "refused"), [("7.4.1", False), ("8.0.0", True), ("10.1", True)])
def test_the_core_layer_is_refused_with_a_redis_client_that_ends_idle_sockets(
    version: str, refused: bool, settings: Any, monkeypatch: pytest.MonkeyPatch
):
    settings.CHANNEL_LAYERS = CORE_LAYER
    monkeypatch.setattr("redis.__version__", version)
    assert list(refusals()) == ["chatsite.E005"] * refused


@pytest.mark.parametrize(
    ("setting", "value"),
    [("DJANGO_ALLOWED_HOSTS", "*"), ("DJANGO_SECRET_KEY", "secret"), ("DJANGO_DEBUG", "on")],
)
def test_serve_ends_before_it_touches_anything(setting: str, value: str, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "manage.py", "serve", "--port", "0", "--host", "0.0.0.0"],  # noqa: S104 -- it has to be refused
        cwd=ROOT,
        env={**os.environ, "DATA_DIR": str(tmp_path), setting: value},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert setting in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "chatsite.sqlite3").exists()
