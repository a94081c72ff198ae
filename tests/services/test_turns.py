"""The fair queue against a naive one, over whatever may happen."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from conversations.services.turns import Limits, Ring, Waiting

from .ring import Naive, Question

LIMITS = st.builds(Limits, st.integers(1, 3), st.integers(0, 2), st.integers(0, 4))
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def at(moment: int) -> datetime:
    """Return a moment of the naive clock as a time."""
    return EPOCH + timedelta(microseconds=moment)


class FairQueue(RuleBasedStateMachine):
    """People ask, answers end, questions are taken back; after each of these whoever may begin begins."""

    def __init__(self) -> None:
        super().__init__()
        self.naive = Naive(Limits(1, 0, 0))
        self.ahead: dict[uuid.UUID, int] = {}

    @initialize(limits=LIMITS)
    def open(self, limits: Limits) -> None:
        """Begin with an empty queue."""
        self.naive.limits = limits

    @rule(user=st.integers(1, 4), model=st.sampled_from("ab"), count=st.integers(1, 4))
    def ask(self, user: int, model: str, count: int) -> None:
        """Somebody asks, perhaps several questions at once."""
        for _ in range(count):
            question = Question(uuid.uuid4(), model, user, self.naive.tick())
            self.naive.waiting.append(question)
        self.let_begin()

    @precondition(lambda self: self.naive.running)
    @rule(data=st.data())
    def end(self, data: Any) -> None:
        """An answer ends, or is stopped."""
        self.naive.running.remove(data.draw(st.sampled_from(self.naive.running)))
        self.let_begin()

    @precondition(lambda self: self.naive.waiting)
    @rule(data=st.data())
    def take_back(self, data: Any) -> None:
        """A question is stopped while it waits."""
        self.naive.waiting.remove(data.draw(st.sampled_from(self.naive.waiting)))
        self.let_begin()

    def let_begin(self) -> None:
        """Begin, and see that the naive queue would have done the same in the same order."""
        naive = self.naive
        ring = Ring(
            [(question.model, question.user) for question in naive.running],
            [Waiting(each.id, each.model, each.user, at(each.asked)) for each in naive.waiting],
            {user: at(moment) for user, moment in naive.turns.items()},
            naive.limits,
        )
        begun = ring.let_begin()
        self.nobody_is_passed_over([question.id for question in begun])
        assert [question.id for question in begun] == [question.id for question in naive.begin_all()]
        self.ahead = ring.ahead([question.id for question in naive.waiting])

    def nobody_is_passed_over(self, begun: list[uuid.UUID]) -> None:
        """Between two turns of one person, everybody who waited and may begin has one."""
        future = self.naive.copy()
        for pk in begun:
            question = next(each for each in future.waiting if each.id == pk)
            last = future.turns.get(question.user, 0)
            for other in future.waiting:
                waited = other.asked < last and future.turns.get(other.user, 0) < last
                assert not (other.user != question.user and waited and future.may_begin(other))
            future.begin(question)

    @invariant()
    def no_limit_is_passed(self) -> None:
        """Neither a model nor a person nor the site has more than it may."""
        naive = self.naive
        for question in naive.running:
            assert len(naive.of_model(question.model)) <= naive.limits.per_model
            assert len(naive.of_user(question.user)) <= (naive.limits.per_user or 1000)
        assert len(naive.running) <= (naive.limits.in_all or 1000)

    @invariant()
    def nothing_waits_that_may_begin(self) -> None:
        """No room is left empty."""
        assert not any(self.naive.may_begin(question) for question in self.naive.waiting)

    @invariant()
    def every_place_is_true(self) -> None:
        """Each who waits knows how many are ahead, and it is somebody."""
        assert self.ahead == {question.id: self.naive.ahead(question) for question in self.naive.waiting}
        assert all(ahead > 0 for ahead in self.ahead.values())

    def teardown(self) -> None:
        """Everybody has a turn in the end."""
        for _ in range(len(self.naive.waiting) + len(self.naive.running)):
            self.naive.running.pop(0)
            self.let_begin()
        assert not self.naive.waiting


TestFairQueue = FairQueue.TestCase
TestFairQueue.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
