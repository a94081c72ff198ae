"""Threads of the process that keep a database connection of their own.

Opening SQLite's file with its settings costs as much as ten questions to it, so a thread keeps its connection for a
while (CONN_MAX_AGE). What one thread is asked for happens in that order: a checkpoint can never land behind the end
of its generation. There are two, so that a command that waits for the database does not hold up text that is to be
saved, nor the other way round. On SQLite, which has one writer, they take turns: its own way to wait is to sleep.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

from django.db import DataError, IntegrityError, close_old_connections, connection, connections, transaction
from django.db import Error as DatabaseError

P = ParamSpec("P")
R = TypeVar("R")

# In one transaction, so that nobody waits long for the questions of others.
_MOST_TOGETHER = 20
_MOST_READERS = 2

_writing = threading.Lock()


class DatabaseThread:
    """Runs functions on one thread."""

    def __init__(self, name: str) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what `function` returns. Cancelling the caller does not undo what the thread has begun."""

        def call() -> R:
            close_old_connections()
            with _writing if connection.vendor == "sqlite" else contextlib.nullcontext():
                return function(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    async def close(self, *, wait: bool = True) -> None:
        """Finish what was asked for and close the thread's connection; without `wait`, do no more than has begun."""
        if wait:
            await asyncio.get_running_loop().run_in_executor(self._thread, connections.close_all)
        self._thread.shutdown(wait=False, cancel_futures=not wait)


class Together:
    """Runs what comes while a thread is busy in one transaction: a class that asks at once waits for one disk write.

    Each function has a savepoint of its own, so that what is refused to one is nothing to the others. `last` is
    called in the same transaction with what the others returned.
    """

    def __init__(self, thread: DatabaseThread, last: Callable[[list[Any]], None]) -> None:
        self._thread = thread
        self._last = last
        self._waiting: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._task: asyncio.Task[None] | None = None

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what `function` returns, once it is committed."""
        result: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((partial(function, *args, **kwargs), result))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run_all())
        return await result

    async def _run_all(self) -> None:
        while self._waiting:
            some, self._waiting = self._waiting[:_MOST_TOGETHER], self._waiting[_MOST_TOGETHER:]
            functions = [function for function, _ in some]
            try:
                outcomes = await self._thread.run(_in_one_transaction, functions, self._last)
            except (DataError, IntegrityError):
                outcomes = [await self._alone(function) for function in functions]
            except Exception as error:  # noqa: BLE001 -- whatever it is, each of them has to hear of it
                outcomes = [error] * len(some)
            for (_, result), outcome in zip(some, outcomes, strict=True):
                if result.done():
                    continue
                if isinstance(outcome, Exception):
                    result.set_exception(outcome)
                else:
                    result.set_result(outcome)

    async def _alone(self, function: Callable[[], Any]) -> Any:
        """Run one of several of which one broke the transaction: only that one is to hear of it."""
        try:
            (outcome,) = await self._thread.run(_in_one_transaction, [function], self._last)
        except Exception as error:  # noqa: BLE001 -- it is handed on to whoever asked
            return error
        return outcome


def _in_one_transaction(
    functions: Sequence[Callable[[], Any]], last: Callable[[list[Any]], None]
) -> list[Any]:
    outcomes: list[Any] = []
    with transaction.atomic():
        for function in functions:
            try:
                with transaction.atomic():
                    outcomes.append(function())
            except DatabaseError:
                # The connection may be gone, and with it what the others have written.
                raise
            except Exception as error:  # noqa: BLE001 -- it is handed on to whoever asked
                outcomes.append(error)
        last([outcome for outcome in outcomes if not isinstance(outcome, Exception)])
    return outcomes


# What the sockets of the process ask for; generations are written by the runner's own.
sockets = DatabaseThread("sockets")

# For what is only read, and by the HTTP API: on SQLite too, readers wait for nobody who writes.
_readers = ThreadPoolExecutor(_MOST_READERS, thread_name_prefix="reader")


async def read(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return what `function` returns that asks the database and writes next to nothing."""

    def call() -> R:
        close_old_connections()
        return function(*args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(_readers, call)
