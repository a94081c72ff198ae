"""The page of Ollama's models on a running site: fetching one with its progress, stopping, failing."""

import re
from contextlib import closing
from dataclasses import replace

import httpx
import pytest

from tests.faults.cluster import Cluster
from tests.scripted_ollama import Exchange, Piece, ScriptedOllama, headers, hold, json_error, line
from tests.site import Site, wait_until

pytestmark = pytest.mark.process
PAGE = "/admin/conversations/pull/"
DONE = line(status="success")
SWEPT_SECONDS = 60


def part(completed: int) -> Piece:
    return line(status="pulling abc", digest="sha256:abc", total=1000, completed=completed)


def fetch(site: Site, client: httpx.Client, model: str) -> httpx.Response:
    answer = site.post(client, f"{PAGE}start", model=model)
    assert answer.is_success
    return answer


def progress(client: httpx.Client) -> str:
    return client.get(f"{PAGE}progress").text


def test_what_is_held_and_loaded_is_shown(client, ollama):
    text = client.get(PAGE).text
    assert "internlm2:1.8b" in text
    assert "window of 4096 tokens" in text


def test_a_model_comes_with_its_progress(site, client, ollama):
    ollama.enqueue(part(100), hold("half"), part(1000), DONE, path="/api/pull", finish=False)
    fetch(site, client, "qwen3:0.6b")
    wait_until(lambda: 'value="100"' in progress(client))
    assert 'max="1000"' in progress(client)
    ollama.models = ["internlm2:1.8b", "qwen3:0.6b"]
    ollama.release("half")
    wait_until(lambda: "is there" in progress(client))
    assert "qwen3:0.6b" in client.get(PAGE).text
    # The chat offers it without waiting for the next look.
    wait_until(lambda: "qwen3:0.6b" in client.get("/model-options").text)
    ollama.models = ["internlm2:1.8b"]


def stop(site: Site, client: httpx.Client, model: str) -> None:
    (pk,) = re.findall(rf'data-id="([0-9a-f-]+)">\s*<bdi>{model}<', progress(client))
    assert site.post(client, f"{PAGE}{pk}/stop").is_success


def newest(ollama: ScriptedOllama) -> Exchange:
    return [one for one in ollama.requests if one.path == "/api/pull"][-1]


@pytest.mark.parametrize("told", [0, 50])
def test_stopping_closes_the_connection_to_an_ollama_that_says_nothing(site, client, ollama, told):
    ollama.enqueue(headers(), *map(part, range(told)), hold("never"), path="/api/pull", finish=False)
    fetch(site, client, f"big:{told}b")
    ollama.wait_held("never")
    stop(site, client, f"big:{told}b")
    assert "was stopped" in progress(client)
    wait_until(lambda: newest(ollama).closed_by_client)


def test_an_ollama_that_ends_in_the_middle_has_failed(site, client, ollama):
    ollama.enqueue(part(500), path="/api/pull", finish=False)
    fetch(site, client, "half:1b")
    wait_until(lambda: "it ended before the model was there" in progress(client))


def test_a_model_that_there_is_not_says_why(site, client, ollama):
    ollama.play(replace(json_error(500, "pull model manifest: file does not exist"), path="/api/pull"))
    fetch(site, client, "nonsense:1b")
    wait_until(lambda: "file does not exist" in progress(client))


@pytest.mark.parametrize("name", ["", "a b", "../../etc", "x" * 300, "<script>", "a;b", "-"])
def test_what_is_no_name_asks_ollama_nothing(site, client, ollama, name):
    before = len(ollama.requests)
    text = fetch(site, client, name).text
    assert "no name of a model" in text
    assert not [one for one in ollama.requests[before:] if one.path == "/api/pull"]


def test_one_model_is_fetched_once_at_a_time(site, client, ollama):
    ollama.enqueue(part(1), hold("once"), DONE, path="/api/pull", finish=False)
    fetch(site, client, "twice:1b")
    assert "on its way already" in fetch(site, client, "twice:1b").text
    ollama.release("once")
    wait_until(lambda: "data-running" not in progress(client))


def test_an_ollama_without_models_is_offered_the_usual_one(site, client, ollama):
    ollama.models = []
    try:
        text = client.get(PAGE).text
        assert "Ollama has no model yet." in text
        assert 'name="model" value="internlm2:1.8b"' in text
    finally:
        ollama.models = ["internlm2:1.8b"]


@pytest.mark.parametrize("path", ["", "progress", "start"])
def test_it_is_nothing_for_ordinary_people(site, eve, path):
    answer = site.post(eve, f"{PAGE}start", model="x") if path == "start" else eve.get(PAGE + path)
    assert "/accounts/login/" in str(answer.url) or answer.status_code in {302, 403}


def test_a_setting_takes_it_away(ollama, tmp_path):
    with Site(tmp_path, ollama.base_url, MODEL_PAGE="off") as site:
        site.add_user("admin", admin=True)
        with closing(site.log_in("admin")) as client:
            assert client.get(PAGE).status_code == httpx.codes.NOT_FOUND
            assert "conversations/pull/" not in client.get("/admin/").text


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_when_the_server_ends_it_is_interrupted_and_may_be_begun_anew(ollama, tmp_path, how):
    with Site(tmp_path, ollama.base_url) as site:
        site.add_user("admin", admin=True)
        with closing(site.log_in("admin")) as client:
            ollama.enqueue(part(1), hold("never"), path="/api/pull", finish=False)
            fetch(site, client, "long:70b")
            wait_until(lambda: 'value="1"' in progress(client))
            getattr(site, how)()
            wait_until(lambda: newest(ollama).closed_by_client)
            site.start()
            # Where several processes may share the database, silence has to tell.
            wait_until(lambda: "was interrupted" in progress(client), SWEPT_SECONDS)
            ollama.enqueue(DONE, path="/api/pull", finish=False)
            fetch(site, client, "long:70b")
            wait_until(lambda: "is there" in progress(client))


@pytest.mark.services
def test_two_processes_know_of_it_and_either_stops_it(ollama, tmp_path):
    with Cluster(tmp_path, ollama.base_url) as cluster:
        one, other = cluster.sites
        one.add_user("admin", admin=True)
        with closing(one.log_in("admin")) as client, closing(other.log_in("admin")) as beside:
            ollama.enqueue(part(7), hold("never"), path="/api/pull", finish=False)
            fetch(one, client, "shared:1b")
            wait_until(lambda: 'value="7"' in progress(beside))
            assert "on its way already" in fetch(other, beside, "shared:1b").text
            stop(other, beside, "shared:1b")
            wait_until(lambda: newest(ollama).closed_by_client)
            assert "was stopped" in progress(client)
