"""What whoever runs the site has: a log for machines, metrics, the doctor."""

import json
import re
import subprocess
import sys
from contextlib import closing
from typing import Any

import httpx
import pytest

from tests.api_client import Program, make_tokens
from tests.faults.cluster import Cluster
from tests.scripted_ollama import cut, error, hold
from tests.site import ROOT, Site, wait_until
from tests.tab import Tab

pytestmark = pytest.mark.process
TOKEN = "metrics-for-prometheus"
SECRET = "Canary-7391"
WATCHED = {"LOG_FORMAT": "json", "METRICS_TOKEN": TOKEN}
MODEL = 'model="internlm2:1.8b"'
GENERATIONS = f'chatsite_generations_total{{{MODEL},reason="stop",status="completed"}}'
LEFT_BEHIND = f'chatsite_generations_total{{{MODEL},reason="process_died",status="interrupted"}}'
FIRST = f"chatsite_first_token_seconds_count{{{MODEL}}}"
DURATION = f"chatsite_generation_seconds_count{{{MODEL}}}"
OUTPUT = f'chatsite_tokens_total{{kind="output",{MODEL}}}'
SWEPT_SECONDS = 60


@pytest.fixture(scope="module")
def watched(ollama, tmp_path_factory):
    """A site with a log for machines and metrics."""
    with Site(tmp_path_factory.mktemp("watched"), ollama.base_url, **WATCHED) as site:
        site.add_user("anna", admin=True)
        yield site
    assert SECRET not in site.log()
    assert "ERROR" not in site.log(), site.log()


def metrics(site: Site, token: str = TOKEN) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.get(f"{site.url}/metrics", headers=headers, trust_env=False)


def value(site: Site, name: str) -> float:
    """Return a number of the process, 0 where it has none yet."""
    found = re.search(rf"^{re.escape(name)} ([0-9.e+-]+)$", metrics(site).text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def records(site: Site) -> list[dict[str, Any]]:
    found = []
    for text in site.output:
        if text.startswith("{"):
            found.append(json.loads(text))
    return found


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ([], "completed"),
        ([cut()], "failed"),
        ([f'{{"{SECRET}"\n'.encode()], "failed"),
        ([error(SECRET)], "failed"),
    ],
)
def test_each_answer_is_a_line_with_its_ids_and_without_its_text(watched, ollama, end, status):
    with closing(watched.log_in("anna")) as client, Tab(watched, client) as tab:
        ollama.enqueue(f"{SECRET} answers", *end)
        generation = tab.ask(f"{SECRET}\n\x1b[31masks")["generation"]
        tab.wait("generation.finished")
    record = wait_until(lambda: [one for one in records(watched) if one.get("generation") == generation])[0]
    assert record["level"] == "INFO"
    assert record["status"] == status
    assert record["model"] == "internlm2:1.8b"
    assert record["total_ms"] >= 0
    assert SECRET not in watched.log()


def test_a_refused_request_is_a_line_with_its_id(watched):
    answer = httpx.get(f"{watched.url}/", headers={"Host": "evil.example"}, trust_env=False)
    number = answer.headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{16}", number)
    wait_until(lambda: [one for one in records(watched) if one.get("request_id") == number])


def test_metrics_tell_of_answers_queue_and_sockets(watched, ollama):
    with closing(watched.log_in("anna")) as client, Tab(watched, client) as tab:
        names = {name: value(watched, name) for name in (GENERATIONS, FIRST, OUTPUT)}
        ollama.enqueue("one", hold("end"), "two")
        tab.ask("Count")
        tab.wait_text("one")
        assert value(watched, "chatsite_running") == 1
        assert value(watched, "chatsite_sockets") == 1
        assert value(watched, "chatsite_queue_length") == 0
        assert value(watched, "chatsite_checkpoint_lag_seconds") < 10
        ollama.release("end")
        tab.wait("generation.finished")
    wait_until(lambda: value(watched, GENERATIONS) == names[GENERATIONS] + 1)
    assert value(watched, FIRST) == names[FIRST] + 1
    assert value(watched, DURATION) > 0
    assert value(watched, OUTPUT) > names[OUTPUT]
    assert value(watched, "chatsite_queue_seconds_count") > 0
    assert value(watched, "chatsite_running") == 0


def test_metrics_tell_streams_of_programs_from_sockets_of_pages(watched, ollama):
    with Program(watched, *make_tokens(watched, "anna")) as program:
        ollama.enqueue("one", hold("end"), "two")
        with program.ask("Count") as stream:
            stream.wait_text("one")
            assert value(watched, "chatsite_api_streams") == 1
            assert value(watched, "chatsite_sockets") == 0
            ollama.release("end")
            stream.finish()
    wait_until(lambda: value(watched, "chatsite_api_streams") == 0)


@pytest.mark.services
def test_each_process_counts_what_it_has_ended_and_what_another_left_behind_is_counted_once(ollama, tmp_path):
    with Cluster(tmp_path, ollama.base_url, **WATCHED) as cluster:
        one, other = cluster.sites
        one.add_user("anna", admin=True)
        with closing(one.log_in("anna")) as client, Tab(one, client) as tab, Tab(other, client) as beside:
            tab.ask("First")
            tab.wait("generation.finished")
            wait_until(lambda: value(one, GENERATIONS) == 1)
            assert value(other, GENERATIONS) == 0
            assert (value(one, "chatsite_sockets"), value(other, "chatsite_sockets")) == (1, 1)
            ollama.enqueue("left", hold("left behind"))
            beside.ask("Second")
            beside.wait_text("left")
            other.kill()
            wait_until(lambda: value(one, LEFT_BEHIND) == 1, SWEPT_SECONDS)
            assert value(one, GENERATIONS) == 1


@pytest.mark.parametrize("token", ["", "wrong", f"{TOKEN}x"])
def test_without_the_token_there_are_no_metrics(watched, token):
    assert metrics(watched, token).status_code == httpx.codes.NOT_FOUND


def test_without_a_token_in_the_settings_there_are_none_for_anybody(site):
    assert metrics(site, "").status_code == httpx.codes.NOT_FOUND
    assert metrics(site).status_code == httpx.codes.NOT_FOUND


def doctor(site: Site, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "doctor"],
        cwd=ROOT,
        env={**site._env, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_doctor_finds_a_running_site_well(site):
    done = doctor(site)
    assert done.returncode == 0, done.stdout + done.stderr
    for part in ("settings", "disk", "database", "migrations", "channel layer", "Ollama", "default model"):
        assert re.search(rf"^ok\s+{part}: ", done.stdout, re.MULTILINE), done.stdout


@pytest.mark.parametrize(
    ("env", "part", "advice"),
    [
        ({"OLLAMA_BASE_URL": "http://127.0.0.1:9"}, "Ollama", "OLLAMA_BASE_URL"),
        ({"DEFAULT_MODEL": "llama3:70b"}, "default model", "ollama pull llama3:70b"),
        ({"REDIS_URL": "redis://127.0.0.1:9/0"}, "channel layer", "REDIS_URL"),
        ({"DATABASE_URL": "postgres://a:b@127.0.0.1:9/c"}, "database", "DATABASE_URL"),
        ({"DJANGO_ALLOWED_HOSTS": "*"}, "settings", "List the names"),
    ],
)
def test_the_doctor_says_what_is_wrong_and_what_to_do(site, env, part, advice):
    done = doctor(site, **env)
    lines = done.stdout.splitlines()
    (at,) = [number for number, text in enumerate(lines) if re.match(rf"(wrong|look)\s+{part}: ", text)][:1]
    assert advice in lines[at + 1]
    assert "Traceback" not in done.stderr


def test_the_doctor_misses_migrations_and_administrators(ollama, tmp_path):
    site = Site(tmp_path, ollama.base_url)
    site.manage("migrate", "conversations", "0013", "--verbosity=0")
    done = doctor(site)
    assert done.returncode == 1
    assert re.search(r"^wrong migrations: ", done.stdout, re.MULTILINE)
    assert re.search(r"^wrong administrator: ", done.stdout, re.MULTILINE)
