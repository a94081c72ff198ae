"""The process's own thread for what generations write: claims, checkpoints and ends, in the order they are asked for.

One thread has one database connection, so a checkpoint can never land behind the end of its generation, and a
question that waits for the database does not hold up text that is to be saved (nor the other way round).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
R = TypeVar("R")


class Writer:
    """Runs functions on the one thread."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="generation-writer")

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what `function` returns. Cancelling the caller does not undo what the thread has begun."""

        def call() -> R:
            close_old_connections()
            return function(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def close(self) -> None:
        """Finish what was asked for, then close the thread's connection."""
        self._thread.submit(connections.close_all)
        self._thread.shutdown(wait=True)
