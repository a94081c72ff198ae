"""Whose word counts for address, scheme and host: a proxy's where the settings trust one, a stranger's never."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest

from tests import patience
from tests.nginx import Nginx
from tests.scripted_ollama import ScriptedOllama
from tests.site import Site, csrf, wait_until

pytestmark = [pytest.mark.services, pytest.mark.process, pytest.mark.fault("nginx")]

LOGINS_PER_MINUTE = 240
SOCKET = "/ws/conversations/00000000-0000-4000-8000-000000000000/"
# The key is any 16 bytes (RFC 6455, 4.1).
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
EVIL = "evil.example.org"
KNOWN_ORIGIN = "https://chat.example.org"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that trusts one proxy."""
    settings = {"HTTPS": "on", "TRUSTED_PROXY_COUNT": "1", "DJANGO_CSRF_TRUSTED_ORIGINS": KNOWN_ORIGIN}
    with (
        ScriptedOllama() as ollama,
        Site(tmp_path_factory.mktemp("data"), ollama.base_url, **settings) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def nginx(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """The proxy."""
    with Nginx(tmp_path_factory.mktemp("nginx"), [site], https=True) as running:
        yield running


@pytest.fixture
def browser(nginx: Nginx) -> Iterator[httpx.Client]:
    """Somebody who is not logged in."""
    with closing(
        httpx.Client(base_url=nginx.url, verify=nginx.trust(), trust_env=False, timeout=patience.SECONDS)
    ) as client:
        yield client


def handshake(browser: httpx.Client, **headers: str) -> int:
    """Ask to open a socket with these headers and return the status of the answer.

    No WebSocket client asks: the one of `tests.tab` reads and writes TLS in two threads at once, and in one of some
    hundred handshakes, measured here with Python 3.11, its request never reaches nginx.
    """
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser.get(SOCKET, headers={**UPGRADE, **named}).status_code


def test_plain_http_leads_to_https_and_pages_say_so(nginx, browser):
    moved = httpx.get(nginx.plain_url + "/accounts/login/?next=/", trust_env=False)
    assert (moved.status_code, moved.headers["Location"]) == (301, nginx.url + "/accounts/login/?next=/")
    page = browser.get("/accounts/login/")
    assert page.status_code == httpx.codes.OK
    assert page.headers.get_list("Strict-Transport-Security") == [
        "max-age=31536000; includeSubDomains; preload"
    ]
    assert page.headers.get_list("X-Content-Type-Options") == ["nosniff"]
    assert all("Secure" in cookie and "__Host-" in cookie for cookie in page.headers.get_list("Set-Cookie"))


def test_the_first_link_is_one_that_a_browser_reaches(site):
    assert f"(once): {KNOWN_ORIGIN}/setup/?token=" in site.log()


def test_a_client_that_names_other_addresses_meets_the_limit_on_logins_all_the_same(browser, happened):
    form = csrf(browser.get("/accounts/login/"))

    def attempt(_: int) -> int:
        spoofed = ", ".join(str(random.randrange(256)) + ".1.2.3" for _ in range(random.randrange(1, 4)))
        headers = {"X-Forwarded-For": spoofed, "Referer": str(browser.base_url)}
        return browser.post("/accounts/login/", data=form, headers=headers).status_code

    with ThreadPoolExecutor(4) as threads:
        statuses = list(threads.map(attempt, range(LOGINS_PER_MINUTE + 20)))
    assert set(statuses) == {httpx.codes.OK, httpx.codes.TOO_MANY_REQUESTS}
    happened("logins with forged addresses", refused=statuses.count(httpx.codes.TOO_MANY_REQUESTS))


@pytest.mark.parametrize("name", ["X-Forwarded-Host", "X-Forwarded-Proto"])
def test_what_a_client_forges_is_replaced_by_the_proxy(nginx, browser, name):
    value = EVIL if name == "X-Forwarded-Host" else "http"
    answer = browser.get("/accounts/login/", headers={name: value})
    assert answer.status_code == httpx.codes.OK
    assert EVIL not in str(answer.headers) + answer.text


def test_a_socket_is_for_pages_of_the_same_scheme_and_host(nginx, browser, site):
    # Nobody is logged in: who passes the look at the origin is refused as well, but without a line in the log.
    foreign = [
        f"https://{EVIL}",
        nginx.url.replace("https", "http"),
        nginx.plain_url.replace("http", "https"),
    ]
    for origin in (nginx.url, *foreign):
        assert handshake(browser, Origin=origin, X_Forwarded_Host=EVIL) == httpx.codes.FORBIDDEN
    wait_until(lambda: site.log().count("A socket from") == len(foreign), explain=site.log)
    assert f"DJANGO_CSRF_TRUSTED_ORIGINS=https://{EVIL}" in site.log()
