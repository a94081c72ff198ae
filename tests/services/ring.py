"""The fair queue once more, slow and obvious: what the real one is compared with."""

from dataclasses import dataclass
from uuid import UUID

from conversations.services.turns import Limits


@dataclass(frozen=True)
class Question:
    """A question; `asked` and every other moment are numbers that only grow."""

    id: UUID
    model: str
    user: int
    asked: int
    process: str = "me"


class Naive:
    """All that waits and runs, as plain lists; `running` in the order of the beginnings."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.waiting: list[Question] = []
        self.running: list[Question] = []
        self.turns: dict[int, int] = {}
        self.moment = 0

    def tick(self) -> int:
        """Return a moment later than all before."""
        self.moment += 1
        return self.moment

    def copy(self) -> "Naive":
        """Return a future to try out."""
        other = Naive(self.limits)
        other.waiting, other.running = list(self.waiting), list(self.running)
        other.turns, other.moment = dict(self.turns), self.moment
        return other

    def of_model(self, model: str) -> list[Question]:
        """Return what runs on a model."""
        return [other for other in self.running if other.model == model]

    def of_user(self, user: int) -> list[Question]:
        """Return what runs for a person."""
        return [other for other in self.running if other.user == user]

    def model_is_full(self, question: Question) -> bool:
        """Whether its model works on as many as one may."""
        limit = self.limits.per_model
        return limit > 0 and len(self.of_model(question.model)) >= limit

    def user_is_full(self, question: Question) -> bool:
        """Whether its person has as many as one may."""
        limit = self.limits.per_user
        return limit > 0 and len(self.of_user(question.user)) >= limit

    def may_begin(self, question: Question) -> bool:
        """Whether no limit holds it up."""
        site_is_full = self.limits.in_all > 0 and len(self.running) >= self.limits.in_all
        return not (site_is_full or self.model_is_full(question) or self.user_is_full(question))

    def place(self, user: int) -> int:
        """Return since when a person has stood where they stand in the ring."""
        oldest = min(question.asked for question in self.waiting if question.user == user)
        return max(oldest, self.turns.get(user, 0))

    def next(self) -> Question | None:
        """Return whose turn it is."""
        able = [question for question in self.waiting if self.may_begin(question)]
        return min(able, key=lambda question: (self.place(question.user), question.asked), default=None)

    def begin(self, question: Question) -> None:
        """Give it its turn."""
        self.waiting.remove(question)
        self.running.append(question)
        self.turns[question.user] = self.tick()

    def begin_all(self) -> list[Question]:
        """Begin whatever may begin."""
        begun = []
        while (question := self.next()) is not None:
            self.begin(question)
            begun.append(question)
        return begun

    def obstacle(self, question: Question) -> Question:
        """Return the running answer that stands most in a question's way."""
        ways = [0] * len(self.running)
        for place, other in enumerate(self.running):
            if self.model_is_full(question) and other.model == question.model:
                ways[place] += 1
            if self.user_is_full(question) and other.user == question.user:
                ways[place] += 1
        return self.running[ways.index(max(ways))]

    def ahead(self, question: Question) -> int:
        """Return how many answers end before it begins; ask only after `begin_all`."""
        future = self.copy()
        ends = 0
        while question in future.waiting:
            future.running.remove(future.obstacle(question))
            ends += 1
            future.begin_all()
        return ends
