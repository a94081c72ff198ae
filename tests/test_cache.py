"""The cache on a Redis that is not there; tests/faults/test_redis.py has a real one, and kills it."""

import logging

import pytest

from chatsite import cache
from chatsite.cache import LastingCache, Outage
from tests.servers import free_port


@pytest.fixture
def without_redis(monkeypatch: pytest.MonkeyPatch) -> LastingCache:
    """Return the cache of a site whose Redis is away."""
    monkeypatch.setattr(cache, "_outage", Outage())
    return LastingCache(f"redis://127.0.0.1:{free_port()}/0", {})


def test_what_is_kept_is_found_without_redis(without_redis):
    without_redis.clear()
    without_redis.set("failures", [1.5, 2.5], 60)
    assert without_redis.add("lock", True, 10)
    assert not without_redis.add("lock", True, 10)
    without_redis.delete("lock")
    assert without_redis.get("lock", "free") == "free"
    assert without_redis.get_many(["failures", "lock"]) == {"failures": [1.5, 2.5]}


def test_each_thread_of_the_process_finds_what_another_one_has_kept(without_redis):
    without_redis.set("failures", [1.5])
    of_another_thread = LastingCache(f"redis://127.0.0.1:{free_port()}/0", {})
    assert of_another_thread.get("failures") == [1.5]


def test_an_outage_is_one_line_of_the_log(without_redis, caplog):
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            without_redis.get("failures")
    assert [record.levelname for record in caplog.records] == ["WARNING"]
