"""Questions that come together: one transaction, and what is refused to one is nothing to the others."""

import asyncio
from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, OperationalError
from django.test import TestCase

from conversations.database import DatabaseThread, Together, _in_one_transaction
from conversations.services.errors import Refused


def make(name: str) -> str:
    Group.objects.create(name=name)
    return name


def refuse(name: str) -> str:
    make(name)
    raise Refused("busy")


def lose(name: str) -> str:
    make(name)
    raise OperationalError("the connection is gone")


class OneTransaction(TestCase):
    def setUp(self) -> None:
        self.last: list[Any] = []

    def stored(self) -> set[str]:
        return set(Group.objects.values_list("name", flat=True))

    def test_what_is_refused_to_one_is_nothing_to_the_others(self) -> None:
        functions = [partial(make, "first"), partial(refuse, "second"), partial(make, "third")]
        first, second, third = _in_one_transaction(functions, self.last.extend)
        assert (first, third) == ("first", "third")
        assert isinstance(second, Refused)
        assert self.last == ["first", "third"]
        assert self.stored() == {"first", "third"}

    def test_a_database_that_fails_stores_nothing_of_any(self) -> None:
        functions = [partial(make, "first"), partial(lose, "second"), partial(make, "third")]
        with pytest.raises(OperationalError):
            _in_one_transaction(functions, self.last.extend)
        assert self.last == []
        assert self.stored() == set()


class Threadless(DatabaseThread):
    """Returns for each batch what it holds; `failing`: raises instead."""

    def __init__(self, *, failing: bool = False) -> None:
        super().__init__("unused")
        self.batches: list[int] = []
        self.failing = failing

    async def run(self, _function: Any, functions: Any, _last: Any) -> Any:  # type: ignore[override]
        await asyncio.sleep(0)  # one turn, in which others ask
        self.batches.append(len(functions))
        if self.failing:
            raise OperationalError("locked")
        return [function() for function in functions]


async def ask(thread: DatabaseThread, count: int) -> list[Any]:
    together = Together(thread, last=lambda _: None)
    return await asyncio.gather(*(together.run(int, str(n)) for n in range(count)), return_exceptions=True)


async def test_many_at_once_are_stored_in_a_few_transactions_each_with_its_own_result() -> None:
    thread = Threadless()
    assert await ask(thread, 50) == list(range(50))
    assert thread.batches == [20, 20, 10]


async def test_everybody_hears_of_a_transaction_that_failed() -> None:
    assert [type(result) for result in await ask(Threadless(failing=True), 3)] == [OperationalError] * 3


class Poisoned(Threadless):
    """Refuses every transaction in which "2" takes part, as a database does with text that it cannot keep."""

    async def run(self, _function: Any, functions: Any, _last: Any) -> Any:  # type: ignore[override]
        if any(function.args == ("2",) for function in functions):
            await asyncio.sleep(0)  # one turn, in which others ask
            raise IntegrityError("no")
        return await super().run(_function, functions, _last)


async def test_one_that_the_database_refuses_takes_nobody_with_it() -> None:
    first, second, third, fourth = await ask(Poisoned(), 4)
    assert (first, second, fourth) == (0, 1, 3)
    assert isinstance(third, IntegrityError)
