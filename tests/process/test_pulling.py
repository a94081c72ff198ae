"""The page of Ollama's models on a running site: fetching one with its progress, stopping, failing."""

import re
from contextlib import closing

import httpx
import pytest

from tests.scripted_ollama import hold, json_error, line
from tests.site import Site, wait_until

pytestmark = pytest.mark.process
PAGE = "/admin/conversations/pull/"
DONE = {"status": "success"}


def part(completed):
    return line({"status": "pulling abc", "digest": "sha256:abc", "total": 1000, "completed": completed})


def fetch(site, client, model):
    answer = site.post(client, f"{PAGE}start", model=model)
    assert answer.is_success
    return answer


def progress(client):
    return client.get(f"{PAGE}progress").text


def test_what_is_held_and_loaded_is_shown(client, ollama):
    text = client.get(PAGE).text
    assert "internlm2:1.8b" in text
    assert "window of 4096 tokens" in text


def test_a_model_comes_with_its_progress(site, client, ollama):
    ollama.enqueue(part(100), hold("half"), part(1000), line(DONE), path="/api/pull", finish=False)
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


def test_stopping_closes_the_connection_to_ollama(site, client, ollama):
    ollama.enqueue(*(part(number) for number in range(50)), hold("never"), path="/api/pull", finish=False)
    fetch(site, client, "big:70b")
    wait_until(lambda: "pulling abc" in progress(client))
    (pk,) = re.findall(r'data-id="([0-9a-f-]+)">\s*<bdi>big:70b', progress(client))
    assert site.post(client, f"{PAGE}{pk}/stop").is_success
    assert "was stopped" in progress(client)
    wait_until(lambda: [one for one in ollama.requests if one.path == "/api/pull"][-1].closed)


def test_a_model_that_there_is_not_says_why(site, client, ollama):
    ollama.play(json_error(500, "pull model manifest: file does not exist"), path="/api/pull")
    fetch(site, client, "nonsense:1b")
    wait_until(lambda: "file does not exist" in progress(client))


@pytest.mark.parametrize("name", ["", "a b", "../../etc", "x" * 300, "<script>", "a;b", "-"])
def test_what_is_no_name_asks_ollama_nothing(site, client, ollama, name):
    before = len(ollama.requests)
    text = fetch(site, client, name).text
    assert "no name of a model" in text
    assert not [one for one in ollama.requests[before:] if one.path == "/api/pull"]


def test_one_model_is_fetched_once_at_a_time(site, client, ollama):
    ollama.enqueue(part(1), hold("once"), line(DONE), path="/api/pull", finish=False)
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
