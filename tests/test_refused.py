"""Whoever is refused for an address sees a clear page, and the administrator a line with the missing setting."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from chatsite import refused
from chatsite.origin import allowed

HOST = "chat.example.org"
LANGUAGES = [("en", "en"), ("zh-hans", "zh-Hans")]


def shows(answer: Any, html_lang: str, language: str, sentence: str) -> bool:
    """Return whether a page is in a language and says a sentence in it."""
    with translation.override(language):
        words = gettext(sentence)
    page = answer.content.decode()
    return f'lang="{html_lang}"' in page and words in page


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    refused.lines = refused._Lines()
    yield
    refused.lines = refused._Lines()


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The lines of the log."""
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.mark.parametrize(
    ("origin", "host", "proxies", "setting"),
    [
        ("http://chat.example.org", "chat.example.org", 0, "add chat.example.org to DJANGO_ALLOWED_HOSTS"),
        ("", "chat.example.org:8000", 0, "add chat.example.org to DJANGO_ALLOWED_HOSTS"),
        ("https://localhost", "localhost", 0, "TRUSTED_PROXY_COUNT=1"),
        ("https://localhost", "localhost", 1, "X-Forwarded-Proto"),
        ("https://localhost", "127.0.0.1:8000", 0, "pass on the header Host"),
        (
            "https://other.example.org",
            "localhost",
            0,
            "DJANGO_CSRF_TRUSTED_ORIGINS=https://other.example.org",
        ),
        (
            "https://other.example.org:8443",
            "localhost",
            1,
            "DJANGO_CSRF_TRUSTED_ORIGINS=https://other.example.org:8443",
        ),
    ],
)
def test_the_advice_names_the_setting_that_is_missing(origin, host, proxies, setting, settings):
    settings.ALLOWED_HOSTS, settings.TRUSTED_PROXY_COUNT = ["localhost", "127.0.0.1"], proxies
    assert setting in refused.advice(origin, host)


@pytest.mark.parametrize(
    "origin", ["", "null", "https://", "https://[", "https://a b", "javascript:alert(1)"]
)
def test_nothing_is_advised_where_no_setting_would_help(origin):
    assert refused.advice(origin, "localhost") == ""


@pytest.mark.parametrize("setting", ["DJANGO_CSRF_TRUSTED_ORIGINS=https://other.example.org:8443"])
def test_what_is_advised_admits_the_socket(setting, settings):
    origin = setting.partition("=")[2]
    scope = {"headers": [(b"host", b"localhost"), (b"origin", origin.encode())]}
    assert not allowed(scope)
    settings.CSRF_TRUSTED_ORIGINS = [origin]
    assert allowed(scope)


def test_a_line_holds_nothing_that_a_terminal_obeys_and_is_short(log):
    refused.tell("A socket", f"https://x\n\x1b[31m\u202e{'a' * 5000}", "localhost\r\nERROR forged")
    (record,) = log.records
    line = record.getMessage()
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < 500


def test_a_stranger_cannot_fill_the_log(log):
    for number in range(1000):
        refused.tell("A socket", f"https://{number}.example.org", "localhost")
    assert len(log.records) == 5
    log.clear()
    refused.lines = refused._Lines()
    for _ in range(1000):
        refused.tell("A socket", "https://evil.example.org", "localhost")
    assert len(log.records) == 1


@pytest.mark.parametrize(("language", "html_lang"), LANGUAGES)
def test_an_unknown_name_is_told_to_the_visitor_and_in_the_log(language, html_lang, log):
    answer = Client().get("/", headers={"host": HOST, "accept-language": language})
    assert answer.status_code == 400
    assert shows(answer, html_lang, language, "This site does not answer under this name")
    assert HOST not in answer.content.decode()
    assert "default-src" in answer.headers["Content-Security-Policy"]
    (record,) = log.records
    assert (record.levelname, record.exc_info) == ("WARNING", None)
    assert f"add {HOST} to DJANGO_ALLOWED_HOSTS" in record.getMessage()


@pytest.mark.parametrize(("language", "html_lang"), LANGUAGES)
@pytest.mark.django_db
def test_a_form_of_another_origin_is_told_to_the_visitor_and_in_the_log(language, html_lang, log):
    browser = Client(enforce_csrf_checks=True)
    headers = {"origin": "https://chat.example.org", "accept-language": language}
    answer = browser.post("/accounts/login/", {}, headers=headers)
    assert answer.status_code == 403
    assert shows(answer, html_lang, language, "This form came from another address")
    assert "DJANGO_" not in answer.content.decode()
    (record,) = log.records
    assert "DJANGO_CSRF_TRUSTED_ORIGINS=https://chat.example.org" in record.getMessage()


@pytest.mark.django_db
def test_a_form_that_is_too_old_is_told_apart(log):
    answer = Client(enforce_csrf_checks=True).post("/accounts/login/", {})
    assert answer.status_code == 403
    assert "open for too long" in answer.content.decode()
    assert [record for record in log.records if record.levelno >= logging.ERROR] == []
