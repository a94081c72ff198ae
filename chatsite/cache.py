"""Django's cache on Redis that outlives Redis: while it is away or silent, each process keeps its own.

The limits on logins live in the cache. A page that needs them must neither fail nor hang with Redis, and whoever
guesses passwords must not have waited for its end: what this process has written itself it knows then, too.
"""

import logging
import time
from collections.abc import Callable
from typing import Any

from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

# A page asks for several limits, one after the other.
_ANSWER_SECONDS = 0.5
# For so long nobody waits for a Redis that was away.
_REST_SECONDS = 5
_MOST_ENTRIES = 100_000
# What a process remembers in case that Redis goes; a lock (`add`) is of no use to it later.
_REMEMBERED = frozenset({"set", "set_many", "delete", "delete_many", "clear"})


class Outage:
    """Whether Redis is away, for all threads of the process: Django makes a cache for each of them."""

    def __init__(self) -> None:
        self._until: float | None = None

    @property
    def lasts(self) -> bool:
        """Whether Redis is not worth asking now."""
        return self._until is not None and time.monotonic() < self._until

    def note(self, error: Exception) -> None:
        """Redis does not answer."""
        if self._until is None:
            logger.warning("Redis is away (%s): each process counts failed logins for itself", error)
        self._until = time.monotonic() + _REST_SECONDS

    def end(self) -> None:
        """Redis has answered."""
        if self._until is not None:
            logger.info("Redis answers again")
        self._until = None


_outage = Outage()


class LastingClient:
    """What RedisCache asks for its verbs (`get`, `set`, …); they go to Redis, or else to the process's memory."""

    def __init__(self, servers: list[str], **options: Any) -> None:
        patience = {"socket_timeout": _ANSWER_SECONDS, "socket_connect_timeout": _ANSWER_SECONDS}
        self._redis = RedisCacheClient(servers, **patience | options)
        # Caches of one name share what they hold, in all threads.
        self._memory = LocMemCache("beside Redis", {"OPTIONS": {"MAX_ENTRIES": _MOST_ENTRIES}})

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        """Return a verb; its arguments are the same on both sides."""
        in_redis, in_memory = getattr(self._redis, verb), getattr(self._memory, verb)

        def run(*args: Any) -> Any:
            if _outage.lasts:
                return in_memory(*args)
            try:
                result = in_redis(*args)
            except RedisError as error:
                _outage.note(error)
                return in_memory(*args)
            _outage.end()
            if verb in _REMEMBERED:
                in_memory(*args)
            return result

        return run


class LastingCache(RedisCache):
    """The cache of a site of several processes."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        super().__init__(server, params)
        self._class = LastingClient
