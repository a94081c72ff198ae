"""What supervisors and load balancers ask."""

import asyncio
import threading
import time

import pytest
from django.db import OperationalError

from conversations.events import OllamaState
from conversations.generation.backend import backend
from conversations.views import health


def test_healthz_answers_without_database_and_session(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")
    assert response.cookies == {}


def test_readyz_tells_of_each_part_and_no_more(client, db):
    response = client.get("/readyz")
    assert response.status_code == 200
    assert response.json() == {"database": "ok", "channel_layer": "ok", "ollama": "down"}


def test_readyz_sees_an_ollama_that_answered(client, db, monkeypatch):
    monkeypatch.setattr(backend, "state", lambda wanted: OllamaState(state="ready"))
    assert client.get("/readyz").json()["ollama"] == "ok"


def test_a_broken_database_is_told_without_a_stack(client, monkeypatch):
    def broken() -> bool:
        raise OperationalError("password of the database")

    monkeypatch.setattr(health, "database", health.Probe(broken))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["database"] == "down"
    assert b"password" not in response.content


def test_a_hanging_database_costs_the_time_limit_and_one_thread(client, monkeypatch):
    release, started = threading.Event(), []

    def hanging() -> bool:
        started.append(1)
        return release.wait(30)

    monkeypatch.setattr(health, "TIME_LIMIT", 0.1)
    monkeypatch.setattr(health, "database", health.Probe(hanging))
    begin = time.monotonic()
    try:
        assert [client.get("/readyz").status_code for _ in range(3)] == [503] * 3
    finally:
        release.set()
    assert time.monotonic() - begin < 10
    assert len(started) == 1


@pytest.mark.parametrize("fault", ["send", "receive"])
def test_a_broken_or_silent_channel_layer_is_told(client, db, monkeypatch, fault):
    class Layer:
        async def new_channel(self, prefix: str) -> str:
            return prefix

        async def send(self, channel: str, message: dict) -> None:
            if fault == "send":
                raise ConnectionError("redis://user:password@host")

        async def receive(self, channel: str) -> dict:
            await asyncio.Event().wait()
            raise AssertionError

    monkeypatch.setattr(health, "TIME_LIMIT", 0.1)
    monkeypatch.setattr(health, "get_channel_layer", Layer)
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["channel_layer"] == "down"
    assert b"password" not in response.content


@pytest.mark.parametrize("site_path", [None, "/chat"])
def test_health_is_asked_over_plain_http_behind_tls(client, db, settings, site_path):
    settings.SECURE_SSL_REDIRECT = True
    settings.FORCE_SCRIPT_NAME = site_path
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
