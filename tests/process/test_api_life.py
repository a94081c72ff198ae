"""Programs and what surrounds them: the server's end, settings, pages of other origins, an Ollama that is away."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api_client import CHAT, Program, make_tokens
from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import Site, wait_until

pytestmark = pytest.mark.process

LAB = "https://lab.example.org"
PAGE = "https://page.example.org:8443"
EVIL = "https://evil.example.org"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type, last-event-id",
}


@pytest.fixture(scope="module")
def open_site(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site under a path, which pages of two origins may call."""
    settings = {"API_ALLOWED_ORIGINS": f"{LAB},{PAGE}", "SITE_PATH": "/chat/"}
    with Site(tmp_path_factory.mktemp("open"), ollama.base_url, **settings) as running:
        running.add_user("admin", admin=True)
        yield running
        assert running.stop() == 0
    assert "ERROR" not in running.log()


@pytest.fixture(scope="module")
def page(open_site: Site) -> Iterator[httpx.Client]:
    """A page elsewhere, whose visitor has typed a token."""
    (token,) = make_tokens(open_site, "visitor")
    with Program(open_site, token) as program:
        yield program.client


@pytest.mark.parametrize("origin", [LAB, PAGE])
def test_pages_of_origins_that_are_named_may_call(page, ollama, origin):
    asked = page.options(f"/chat{CHAT}", headers={"Origin": origin, **PREFLIGHT, "Authorization": ""})
    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == origin
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    allowed = asked.headers["Access-Control-Allow-Headers"].lower()
    assert {"authorization", "content-type", "last-event-id"} <= {name.strip() for name in allowed.split(",")}
    ollama.enqueue("Hello")
    answer = page.post(f"/chat{CHAT}", json={"prompt": "Hi"}, headers={"Origin": origin})
    assert '"token"' in answer.text
    # A page has to be able to read why it was refused.
    refused = page.get("/chat/api/models", headers={"Origin": origin, "Authorization": ""})
    assert refused.status_code == 401
    for one in (answer, refused):
        assert one.headers["Access-Control-Allow-Origin"] == origin
        assert "origin" in one.headers["Vary"].lower()
        assert "Access-Control-Allow-Credentials" not in one.headers


@pytest.mark.parametrize(
    "origin", [EVIL, "null", LAB.replace("https", "http"), f"{LAB}.evil.example.org", f"{LAB}:444"]
)
def test_pages_of_other_origins_are_not_let_read(page, origin):
    asked = page.options(f"/chat{CHAT}", headers={"Origin": origin, **PREFLIGHT})
    assert "Access-Control-Allow-Origin" not in asked.headers
    answer = page.get("/chat/api/models", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_other_addresses_of_the_site_are_not_opened_to_them(page):
    for path in ("/chat/", "/chat/accounts/login/", "/chat/healthz", "/chat/static/none.css"):
        assert "Access-Control-Allow-Origin" not in page.get(path, headers={"Origin": LAB}).headers


@pytest.mark.parametrize("path", ["/chat/api/models", "/api/models"])
def test_the_api_is_below_the_path_of_the_site_and_a_proxy_may_leave_the_path_out(page, path):
    assert page.get(path).json()["models"]


def test_without_the_setting_no_origin_may_call(site):
    (token,) = make_tokens(site, "nobody")
    with Program(site, token) as program:
        for headers in (PREFLIGHT, {}):
            answer = program.client.request(
                "OPTIONS" if headers else "GET", "/api/models", headers={"Origin": LAB, **headers}
            )
            assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_streams_end_with_the_server_and_say_so_and_the_next_server_knows_them(ollama, tmp_path):
    with Site(tmp_path, ollama.base_url) as own:
        own.add_user("admin", admin=True)
        (token,) = make_tokens(own, "ann")
        ollama.enqueue("so far", hold("restart"))
        with Program(own, token) as program:
            with program.ask("Go on", keep=True) as stream, program.join(stream.generation) as joined:
                stream.wait_text("so far")
                joined.wait_text("so far")
                assert own.stop() == 0
                last = stream.finish()
                assert joined.finish() == last
            assert (last["status"], last["reason"]) == ("interrupted", "restart")
            assert last["error"]["code"] == "restart"
            own.start()
            with program.join(stream.generation) as later:
                assert later.finish() == last
                assert later.text == "so far"
        assert own.stop() == 0
    assert "Traceback" not in own.log()


def test_a_server_that_is_killed_cuts_its_streams_and_the_next_one_tells_the_end(ollama, tmp_path):
    with Site(tmp_path, ollama.base_url, REDIS_URL="") as own:
        own.add_user("admin", admin=True)
        (token,) = make_tokens(own, "ann")
        ollama.enqueue("so far", hold("killed"))
        with Program(own, token) as program:
            with program.ask("Go on", keep=True) as stream:
                stream.wait_text("so far")
                saved = "list(GenerationChunk.objects.values_list('text', flat=True))"
                wait_until(lambda: own.query(saved) == ["so far"])
                own.kill()
                with pytest.raises((httpx.HTTPError, StopIteration)):
                    stream.next()
            own.start()
            with program.join(stream.generation, stream.last_id) as later:
                last = later.finish()
            assert (last["status"], later.text) == ("interrupted", "")
            assert last["error"]["code"] == last["reason"]
            assert program.conversation(stream.conversation)["messages"][-1]["content"] == "so far"


def test_an_ollama_that_is_away_is_told_in_both_ways(tmp_path):
    with Site(tmp_path, "http://127.0.0.1:9", REDIS_URL="") as own:
        own.add_user("admin", admin=True)
        (token,) = make_tokens(own, "ann")
        with Program(own, token) as program:
            models = program.client.get("/api/models")
            assert (models.status_code, models.json()["error"]["code"]) == (503, "ollama_down")
            assert models.headers["Retry-After"]
            answer = program.client.post(CHAT, json={"prompt": "Hi", "stream": False})
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "ollama_down")
            assert (answer.json()["done"], answer.json()["status"]) == (True, "failed")
            with program.ask("Hi") as stream:
                last = stream.finish()
            assert (last["error"]["code"], last["status"]) == ("ollama_down", "failed")
    assert "ERROR" not in own.log()


def test_a_token_over_plain_http_is_refused_where_https_is_on(ollama, tmp_path):
    with Site(tmp_path, ollama.base_url, HTTPS="on", TRUSTED_PROXY_COUNT="1") as own:
        own.add_user("admin", admin=True)
        (token,) = make_tokens(own, "ann")
        with Program(own, token) as program:
            answer = program.client.post(CHAT, json={"prompt": "Hi"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "https_only")
            # What is not encrypted for certain is not encrypted.
            told = program.client.get("/api/models", headers={"X-Forwarded-Proto": "https"})
            assert told.status_code == 200
            assert "Strict-Transport-Security" in told.headers


def test_an_account_that_is_switched_off_ends_its_streams(site, ollama):
    (token,) = make_tokens(site, "leaver")
    ollama.enqueue("so far", hold("off"))
    with Program(site, token) as program, program.ask("Go on", keep=True) as stream:
        stream.wait_text("so far")
        site.run(
            "from conversations.models import *; User.objects.filter(username='leaver').update(is_active=False)"
        )
        stream.wait_cut()
        answer = program.client.get("/api/models")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "account_inactive")
    ollama.release("off")
    wait_until(lambda: site.query("Generation.objects.live().count()") == 0)


def test_an_open_stream_ends_when_its_token_expires(site, ollama):
    (token,) = make_tokens(site, "guest")
    ollama.enqueue("so far", hold("expired"))
    expire = "ApiToken.objects.filter(owner__username='guest').update(expires_at=timezone.now())"
    with Program(site, token) as program, program.ask("Go on", keep=True) as stream:
        stream.wait_text("so far")
        site.run(f"from django.utils import timezone; from conversations.models import *; {expire}")
        stream.wait_cut()
        assert program.client.get("/api/models").json()["error"]["code"] == "token_expired"
    ollama.release("expired")
    wait_until(lambda: site.query("Generation.objects.live().count()") == 0)


def test_the_use_of_a_token_is_noted(site):
    (token,) = make_tokens(site, "used")
    last_used = "[str(t.last_used_at) for t in ApiToken.objects.filter(owner__username='used')]"
    assert site.query(last_used) == ["None"]
    with Program(site, token) as program:
        program.get("/api/models")
        first = wait_until(lambda: [at for at in site.query(last_used) if at != "None"])
        program.get("/api/models")
    assert site.query(last_used) == first
