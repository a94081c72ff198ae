"""How many proxies count decides which address is a client's; without any, no header of a client is believed."""

import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
from allauth.account.adapter import get_adapter
from django.test import RequestFactory

from tests.scripted_ollama import ScriptedOllama
from tests.site import ROOT, Site

CLIENT, OUTER, INNER = "203.0.113.7", "198.51.100.2", "127.0.0.1"
FORGED = "192.0.2.66"


@pytest.mark.parametrize(
    ("count", "forwarded", "address"),
    [
        (0, None, INNER),
        (0, FORGED, INNER),
        (0, f"{FORGED}, {CLIENT}", INNER),
        (1, CLIENT, CLIENT),
        (1, f"{FORGED}, {CLIENT}", CLIENT),
        (1, f"{FORGED}, {FORGED}, {CLIENT}", CLIENT),
        (2, f"{CLIENT}, {OUTER}", CLIENT),
        (2, f"{FORGED}, {CLIENT}, {OUTER}", CLIENT),
    ],
)
def test_limits_count_the_address_that_the_outermost_trusted_proxy_has_seen(
    count, forwarded, address, settings
):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = count
    headers = {"x-forwarded-for": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR=INNER, headers=headers)
    assert get_adapter().get_client_ip(request) == address


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site that trusts no proxy, and is shown under a path."""
    with (
        ScriptedOllama() as ollama,
        Site(tmp_path_factory.mktemp("data"), ollama.base_url, SITE_PATH="/chat/") as running,
    ):
        yield running


@pytest.mark.process
def test_without_a_trusted_proxy_no_forwarded_header_counts(site):
    forged = {"X-Forwarded-Host": "evil.example.org", "X-Forwarded-Proto": "https", "X-Forwarded-For": FORGED}
    answer = httpx.get(f"{site.url}/chat/account/", headers=forged, trust_env=False)
    # Believed, the first would be refused as unknown, and the second would make cookies secure.
    assert answer.status_code == httpx.codes.FOUND
    assert answer.headers["Location"].startswith("/chat/")
    assert "evil" not in str(answer.headers)
    page = httpx.get(f"{site.url}/chat/", headers=forged, trust_env=False, follow_redirects=True)
    assert "Secure" not in page.headers["Set-Cookie"]


@pytest.mark.process
def test_under_a_path_every_address_and_cookie_of_a_page_is_below_it(site):
    page = httpx.get(f"{site.url}/chat/", trust_env=False, follow_redirects=True)
    assert page.status_code == httpx.codes.OK
    assert all("Path=/chat/" in cookie for cookie in page.headers.get_list("Set-Cookie"))
    addresses = [
        part.split('"')[0] for name in ("href", "src", "action") for part in page.text.split(f' {name}="')[1:]
    ]
    inside = [address for address in addresses if address.startswith("/")]
    assert inside
    assert [address for address in inside if not address.startswith("/chat/")] == []


@pytest.mark.parametrize(
    ("https", "path", "name"),
    [
        ("off", "/", "sessionid /"),
        ("on", "/", "__Host-sessionid /"),
        ("on", "/chat/", "__Secure-sessionid /chat/"),
        ("off", "chat", "sessionid /chat/"),
    ],
)
def test_the_names_of_cookies_promise_what_a_browser_can_hold(https, path, name, tmp_path):
    program = "from chatsite import settings as s; print(s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_PATH)"
    env = {"DATA_DIR": str(tmp_path), "HTTPS": https, "SITE_PATH": path}
    printed = subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, env=env, text=True)
    assert printed.strip() == name
