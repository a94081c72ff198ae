"""What whoever runs the site has: a log for machines, metrics, the doctor."""

import json
import re
import subprocess
import sys

import httpx
import pytest

from tests.scripted_ollama import hold
from tests.site import ROOT, Site, wait_until
from tests.tab import Tab

pytestmark = pytest.mark.process
TOKEN = "metrics-for-prometheus"
SECRET = "Canary-7391"


@pytest.fixture
def watched(ollama, tmp_path):
    """A site with a log for machines and metrics."""
    with Site(tmp_path, ollama.base_url, LOG_FORMAT="json", METRICS_TOKEN=TOKEN) as site:
        site.add_user("anna")
        yield site


def metrics(site, token=TOKEN):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.get(f"{site.url}/metrics", headers=headers, trust_env=False)


def value(site, name):
    found = re.search(rf"^{re.escape(name)} ([0-9.e+-]+)$", metrics(site).text, re.MULTILINE)
    return float(found[1]) if found else None


def records(site):
    found = []
    for text in site.output:
        if text.startswith("{"):
            found.append(json.loads(text))
    return found


def test_each_answer_is_a_line_with_its_ids_and_without_its_text(watched, ollama):
    with watched.log_in("anna") as client, Tab(watched, client) as tab:
        ollama.enqueue(f"{SECRET} answers")
        generation = tab.ask(f"{SECRET}\n\x1b[31masks")["generation"]
        tab.wait("generation.finished")
    record = wait_until(lambda: [one for one in records(watched) if one.get("generation") == generation])[0]
    assert record["level"] == "INFO"
    assert record["status"] == "completed"
    assert record["total_ms"] >= 0
    assert SECRET not in watched.log()


def test_a_refused_request_is_a_line_with_its_id(watched):
    answer = httpx.get(f"{watched.url}/", headers={"Host": "evil.example"}, trust_env=False)
    number = answer.headers["X-Request-ID"]
    assert re.fullmatch("[0-9a-f]{16}", number)
    wait_until(lambda: [one for one in records(watched) if one.get("request_id") == number])


def test_metrics_tell_of_answers_queue_and_sockets(watched, ollama):
    with watched.log_in("anna") as client, Tab(watched, client) as tab:
        ollama.enqueue("one", hold("end"), "two")
        tab.ask("Count")
        tab.wait_text("one")
        assert value(watched, "chatsite_running") == 1
        assert value(watched, "chatsite_sockets") == 1
        assert value(watched, "chatsite_queue_length") == 0
        assert value(watched, "chatsite_checkpoint_lag_seconds") < 10
        ollama.release("end")
        tab.wait("generation.finished")
    labels = 'model="internlm2:1.8b",reason="stop",status="completed"'
    wait_until(lambda: value(watched, f"chatsite_generations_total{{{labels}}}") == 1)
    assert value(watched, 'chatsite_first_token_seconds_count{model="internlm2:1.8b"}') == 1
    assert value(watched, 'chatsite_tokens_total{kind="output",model="internlm2:1.8b"}') >= 1
    assert value(watched, "chatsite_running") == 0


@pytest.mark.parametrize("token", ["", "wrong", f"{TOKEN}x"])
def test_without_the_token_there_are_no_metrics(watched, token):
    assert metrics(watched, token).status_code == httpx.codes.NOT_FOUND


def test_without_a_token_in_the_settings_there_are_none_for_anybody(site):
    assert metrics(site, "").status_code == httpx.codes.NOT_FOUND
    assert metrics(site).status_code == httpx.codes.NOT_FOUND


def doctor(site, **env):
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
