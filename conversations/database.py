"""Threads of the process that keep a database connection of their own.

Opening SQLite's file with its settings costs as much as ten questions to it, so a thread keeps its connection while
there is work. What one thread is asked for happens in that order: a checkpoint can never land behind the end of its
generation. There are two, so that a command that waits for the database does not hold up text that is to be saved,
nor the other way round.
"""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import Error as DatabaseError
from django.db import connections

P = ParamSpec("P")
R = TypeVar("R")

# A server or a firewall may drop a connection that rests; so does the thread, before they do.
_REST_SECONDS = 60


class DatabaseThread:
    """Runs functions on one thread."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._used = 0.0

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what `function` returns. Cancelling the caller does not undo what the thread has begun."""

        def call() -> R:
            return self._call(function, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _call(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        now = time.monotonic()
        if now - self._used > _REST_SECONDS:
            connections.close_all()
        self._used = now
        try:
            return function(*args, **kwargs)
        except DatabaseError:
            # It may be the connection that failed; the next call gets a new one.
            connections.close_all()
            raise

    def close(self) -> None:
        """Finish what was asked for, then close the thread's connection."""
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=True)


# What the sockets of the process ask for; generations are written by the runner's own.
sockets = DatabaseThread("sockets")
