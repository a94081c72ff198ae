"""Programs behind the proxy: events flow one by one through it, whoever leaves is gone at once, every error is JSON."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import httpx
import pytest

from tests import patience
from tests.api_client import CHAT, Program, make_tokens
from tests.faults.cluster import Cluster
from tests.faults.conftest import quiet
from tests.nginx import Nginx
from tests.scripted_ollama import ScriptedOllama, headers, hold
from tests.site import Site, wait_until

pytestmark = [pytest.mark.services, pytest.mark.process, pytest.mark.fault("nginx")]

BEHIND_HTTPS = {"HTTPS": "on", "TRUSTED_PROXY_COUNT": "1"}
KIB = 1024


@pytest.fixture(scope="module")
def ollama() -> Iterator[ScriptedOllama]:
    """A scripted Ollama."""
    with ScriptedOllama() as server:
        yield server


@pytest.fixture(scope="module")
def cluster(ollama: ScriptedOllama, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """The site as two processes; their logs may hold no error at the end."""
    limits = {"OLLAMA_NUM_PARALLEL": "64", "MAX_RUNNING_PER_USER": "0"}
    directory = tmp_path_factory.mktemp("cluster")
    with Cluster(directory, ollama.base_url, **BEHIND_HTTPS, **limits) as running:
        first, second = running.sites
        with quiet(first), quiet(second):
            yield running


@pytest.fixture(scope="module")
def site(cluster: Cluster) -> Site:
    """Return one of the processes, for a look at what both of them write."""
    return cluster.sites[0]


@pytest.fixture(scope="module")
def nginx(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """The proxy."""
    with Nginx(tmp_path_factory.mktemp("nginx"), cluster.sites, https=True) as running:
        yield running


@pytest.fixture(scope="module")
def token(site: Site) -> str:
    """A person's token; without an administrator the site would ask for one first."""
    site.add_user("admin", admin=True)
    return make_tokens(site, "小明")[0]


@pytest.fixture
def program(nginx: Nginx, token: str) -> Iterator[Program]:
    """A program behind the proxy."""
    with trusting(Program(nginx, token), nginx) as running:
        yield running


def trusting(program: Program, nginx: Nginx) -> Program:
    """Let a program trust the proxy's certificate."""
    headers = program.client.headers
    program.close()
    program.client = httpx.Client(
        base_url=nginx.url, headers=headers, verify=nginx.trust(), trust_env=False, timeout=patience.SECONDS
    )
    return program


def ended(site: Site, generation: str) -> Callable[[], list[str]]:
    """Return what tells how an answer ended, once it has."""
    rows = f"Generation.objects.filter(pk={generation!r}, finished_at__isnull=False)"
    return lambda: site.query(f"list(next(iter({rows}.values_list('status', 'reason')), []))")


def code_of(answer: httpx.Response) -> str:
    """Return the code of an error, which has to be JSON."""
    assert answer.headers["Content-Type"].startswith("application/json"), answer.text
    error = answer.json()["error"]
    assert error["message"]
    return str(error["code"])


def test_events_come_one_by_one_while_the_model_still_writes(program, ollama):
    ollama.enqueue("One ", hold("two"), "two ", hold("three"), "three.")
    with program.ask("Count") as stream:
        for word in ("two", "three"):
            stream.next()
            # Whatever came was on its way before the model went on.
            assert ollama.wait_held(word)
            assert word not in stream.text
            ollama.release(word)
        assert stream.finish()["status"] == "completed"
        assert stream.text == "One two three."


def test_headers_forbid_keeping_and_collecting_also_to_a_proxy_further_out(program, ollama):
    ollama.enqueue("Yes.")
    with program.ask("May this be kept?") as stream:
        told = stream.response.headers
        assert told["Content-Type"] == "text/event-stream; charset=utf-8"
        assert {"no-store", "no-transform"} == {part.strip() for part in told["Cache-Control"].split(",")}
        assert told["X-Accel-Buffering"] == "no"
        stream.finish()


@pytest.mark.parametrize("before", [[], [headers()], ["Once "]], ids=["silent", "begun", "writing"])
def test_whoever_leaves_ends_the_answer_also_while_the_model_is_silent(program, site, ollama, before):
    ollama.enqueue(*before, hold("never"))
    number = len(ollama.chats) + 1
    with program.ask("Tell me a story") as stream:
        ollama.wait_chat(number)
        ollama.wait_held("never")
        if "Once " in before:
            stream.wait_text("Once ")
    assert ollama.wait_closed(number).closed_by_client
    assert wait_until(ended(site, stream.generation)) == ["stopped", "user_stop"]


def test_curl_that_is_interrupted_ends_the_answer_over_http_2(nginx, token, site, ollama):
    ollama.enqueue("Once ", hold("never"))
    number = len(ollama.chats) + 1
    command = ["curl", "-sSN", "-w", "%{stderr}%{http_version}", "--cacert", nginx.certificate]
    asked = ["-H", f"Authorization: Bearer {token}", "-d", '{"prompt": "Go on"}', nginx.url + CHAT]
    with subprocess.Popen([*command, *asked], stdout=subprocess.PIPE, text=True) as curl:
        assert curl.stdout is not None
        assert '"generation"' in curl.stdout.readline()
        assert any("Once " in line for line in iter(curl.stdout.readline, ""))
        curl.terminate()
    assert ollama.wait_closed(number).closed_by_client
    newest = "Generation.objects.latest('queued_at').pk"
    assert wait_until(ended(site, site.query(newest))) == ["stopped", "user_stop"]


def test_what_is_kept_is_written_to_its_end_without_a_reader(program, site, ollama):
    ollama.enqueue("Once ", hold("rest"), "upon a time.")
    with program.ask("Tell me a story", keep=True) as stream:
        stream.wait_text("Once ")
    # A request of the same program goes its way behind the end of the connection.
    assert program.get("/api/models")["models"]
    ollama.release("rest")
    assert wait_until(ended(site, stream.generation)) == ["completed", "stop"]
    said = site.query(f"Message.objects.get(pk={stream.first['message']!r}).content")
    assert said == "Once upon a time."


def test_a_stream_that_broke_off_goes_on_through_every_process_without_gap_or_repetition(
    program, cluster, token, ollama
):
    ollama.enqueue("Once ", hold("second"), "upon ", hold("third"), "a time.")
    with program.ask("Tell me a story", keep=True) as stream:
        stream.wait_text("Once ")
        last = stream.last_id
        ollama.release("second")
        stream.wait_text("upon ")
    with ExitStack() as stack:
        others = [
            stack.enter_context(Program(site, token, **{"X-Forwarded-Proto": "https"}))
            for site in cluster.sites
        ]
        # Through the proxy twice: its next request goes to the next process.
        joins = [one.join(stream.generation, last) for one in (*others, program, program)]
        streams = [stack.enter_context(join) for join in joins]
        ollama.release("third")
        for joined in streams:
            assert joined.finish()["status"] == "completed"
            assert "Once " + joined.text == "Once upon a time."


@pytest.mark.parametrize("size", [300 * KIB, 4 * KIB * KIB], ids=["300 KiB", "4 MiB"])
@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_body_that_is_too_large_is_refused_in_json_whoever_refuses_it(program, ollama, size, chunked):
    asked = len(ollama.chats)
    body = b'{"prompt": "' + b"x" * size + b'"}'
    pieces = (body[begin : begin + KIB] for begin in range(0, len(body), KIB))
    answer = program.client.post(CHAT, content=pieces if chunked else body)
    assert answer.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE
    assert code_of(answer) == "too_large"
    assert len(ollama.chats) == asked


def test_a_program_is_told_in_json_when_no_process_is_there(tmp_path, ollama, token):
    nobody = Site(tmp_path / "data", ollama.base_url)
    (tmp_path / "nginx").mkdir()
    with Nginx(tmp_path / "nginx", [nobody], https=True) as nginx, Program(nginx, token) as plain:
        answer = trusting(plain, nginx).client.post(CHAT, json={"prompt": "Is anybody there?"})
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert code_of(answer) == "shutting_down"
    assert int(answer.headers["Retry-After"]) > 0


def test_a_token_that_came_in_the_clear_is_not_led_on(nginx, token):
    answer = httpx.post(
        nginx.plain_url + CHAT,
        json={"prompt": "Who reads this?"},
        headers={"Authorization": f"Bearer {token}"},
        trust_env=False,
    )
    assert answer.status_code == httpx.codes.FORBIDDEN
    assert code_of(answer) == "https_only"
