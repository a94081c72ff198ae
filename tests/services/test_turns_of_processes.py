"""Two processes and one database against the naive queue, over whatever may happen."""

import uuid
from typing import Any

from django.db import transaction
from django.test import TestCase
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from conversations.services import generations
from conversations.services.generations import Ending
from conversations.services.queue import take_turns
from conversations.services.turns import Limits

from .ring import Naive, Question
from .test_queue import ask, people
from .test_turns import LIMITS

PROCESSES = ["one", "other"]


class TwoProcesses(RuleBasedStateMachine):
    """Questions come to either process, which look at the queue whenever they like."""

    def __init__(self) -> None:
        super().__init__()
        self.naive = Naive(Limits(1, 0, 0))
        self.changes = transaction.atomic()
        self.changes.__enter__()
        self.people = people(3)

    @initialize(limits=LIMITS)
    def open(self, limits: Limits) -> None:
        """Begin with an empty queue."""
        self.naive.limits = limits

    @rule(user=st.integers(0, 2), model=st.sampled_from("ab"), process=st.sampled_from(PROCESSES))
    def ask(self, user: int, model: str, process: str) -> None:
        """Somebody asks."""
        row = ask(self.people[user], process, model)
        self.naive.waiting.append(Question(row.pk, model, self.people[user].pk, self.naive.tick(), process))

    @rule(process=st.sampled_from(PROCESSES))
    def look(self, process: str) -> None:
        """A process takes its turns, and leaves those of the other free."""
        naive, plan = self.naive, self.naive.copy()
        begun = [question for question in plan.begin_all() if question.process == process]
        here = {question.id for question in naive.waiting if question.process == process}
        turns = take_turns(process, here, naive.limits)
        assert turns.begun == [question.id for question in begun]
        assert turns.ahead == {
            question.id: plan.ahead(question) for question in plan.waiting if question.process == process
        }
        for question in begun:
            naive.begin(question)

    @precondition(lambda self: self.naive.running)
    @rule(data=st.data())
    def end(self, data: Any) -> None:
        """An answer ends."""
        question = data.draw(st.sampled_from(self.naive.running))
        self.naive.running.remove(question)
        self.finish(question.id, "completed")

    @precondition(lambda self: self.naive.waiting)
    @rule(data=st.data())
    def stop(self, data: Any) -> None:
        """A question is stopped while it waits."""
        question = data.draw(st.sampled_from(self.naive.waiting))
        self.naive.waiting.remove(question)
        self.finish(question.id, "stopped")

    def finish(self, pk: uuid.UUID, status: str) -> None:
        """Keep an end."""
        assert generations.finish(pk, Ending(status, "stop"))

    def teardown(self) -> None:
        """Everybody has a turn in the end; then the database is as it was."""
        try:
            for _ in range(len(self.naive.waiting) + len(self.naive.running)):
                if self.naive.running:
                    self.finish(self.naive.running.pop(0).id, "completed")
                for process in PROCESSES:
                    self.look(process)
            assert not self.naive.waiting
        finally:
            transaction.set_rollback(True)
            self.changes.__exit__(None, None, None)


class TurnsOfProcesses(TestCase):
    """The queue that processes share."""

    def test_two_processes_keep_one_ring(self) -> None:
        run_state_machine_as_test(
            TwoProcesses,
            settings=settings(max_examples=25, stateful_step_count=20, deadline=None),
        )
