"""Who begins next, and how many answers must end before each one begins: decided without a database.

People stand in a ring. One's place in it is the later of two moments: when the oldest of the waiting questions was
asked, and when the person last had a turn. The first in the ring with a question that may begin has the next turn,
with the oldest such question, and then stands at the end. Whoever comes later stands behind all who wait, so nobody
waits for ever; many questions of one person take one place; and a question that its own model or person holds up
holds up nobody else.

**Answers ahead** of a question: as many as end before it begins if nobody else comes, and if of the running answers
the one ends each time that stands most in its way. In its way are, where the person already has as many as one may,
their own; where the model has, those of the model; where the site has, all. An answer that is so twice comes before
those that are once, and of equal ones the one that began first. With one answer at a time these are the running one
and those whose turn comes before.
"""

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Collection, Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

# Model and person of an answer.
Pair = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many may run at once: per model, per person and in all (0: no limit)."""

    per_model: int
    per_user: int
    in_all: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """A question whose answer has not begun."""

    id: UUID
    model: str
    user: int
    queued_at: datetime


class Ring:
    """The people who wait, in their order, and the answers that run.

    `running` begins with the answer that began first; `last_turns` tells when a person last had a turn and may leave
    out what was before everything that waits.
    """

    def __init__(
        self,
        running: Iterable[Pair],
        waiting: Iterable[Waiting],
        last_turns: Mapping[int, datetime],
        limits: Limits,
    ) -> None:
        self._limits = limits
        self._running = list(running)
        self._models = Counter(model for model, _ in self._running)
        self._users = Counter(user for _, user in self._running)
        self._people = _in_order(waiting, last_turns)
        self._wanted = Counter(asked.model for some in self._people.values() for asked in some)

    def let_begin(self) -> list[Waiting]:
        """Begin whatever may begin now, and return it in the order of the turns."""
        begun = []
        while (question := self._next()) is not None:
            self._begin(question)
            begun.append(question)
        return begun

    def ahead(self, of: Collection[UUID]) -> dict[UUID, int]:
        """Return the answers ahead of those questions `of` these that wait."""
        targets: defaultdict[str, set[UUID]] = defaultdict(set)
        for questions in self._people.values():
            for asked in questions:
                if asked.id in of:
                    targets[asked.model].add(asked.id)
        found: dict[UUID, int] = {}
        # Questions for a model share a future until different answers stand in their way.
        futures = [(self._copy(), model, held_up, 1) for model, held_up in targets.items()]
        while futures:
            future, model, held_up, ends = futures.pop()
            *others, last = future._by_obstacle(model, held_up).items()
            branches = [(future._copy(), *other) for other in others] + [(future, *last)]
            for branch, obstacle, same in branches:
                branch._end(obstacle)
                begun = [asked.id for asked in branch.let_begin() if asked.id in same]
                found |= dict.fromkeys(begun, ends)
                same.difference_update(begun)
                if same:
                    futures.append((branch, model, same, ends + 1))
        return found

    def _next(self) -> Waiting | None:
        if not any(self._has_room(model) for model in self._wanted):
            return None
        for user, questions in self._people.items():
            if not _full(self._users[user], self._limits.per_user):
                for question in questions:
                    if self._has_room(question.model):
                        return question
        return None

    def _has_room(self, model: str) -> bool:
        limits = self._limits
        return not (_full(len(self._running), limits.in_all) or _full(self._models[model], limits.per_model))

    def _begin(self, question: Waiting) -> None:
        rest = [other for other in self._people.pop(question.user) if other is not question]
        if rest:
            self._people[question.user] = rest
        self._wanted -= Counter([question.model])
        self._running.append((question.model, question.user))
        self._models[question.model] += 1
        self._users[question.user] += 1

    def _end(self, answer: Pair) -> None:
        self._running.remove(answer)
        self._models[answer[0]] -= 1
        self._users[answer[1]] -= 1

    def _by_obstacle(self, model: str, held_up: set[UUID]) -> dict[Pair, set[UUID]]:
        """Part questions for a model by the running answer that stands most in their way."""
        usual = self._obstacle(model, None)
        found: defaultdict[Pair, set[UUID]] = defaultdict(set)
        for user in {user for _, user in self._running}:
            if _full(self._users[user], self._limits.per_user):
                own = {asked.id for asked in self._people.get(user, ())} & held_up
                found[self._obstacle(model, user)] |= own
        found.pop(usual, None)
        found[usual] = held_up.difference(*found.values()) if found else held_up
        return {obstacle: some for obstacle, some in found.items() if some}

    def _obstacle(self, model: str, user: int | None) -> Pair:
        """Return what stands most in the way of a question for a model by `user`, None: by one who may have more."""
        full = _full(self._models[model], self._limits.per_model)
        return max(self._running, key=lambda answer: (full and answer[0] == model) + (answer[1] == user))

    def _copy(self) -> Self:
        ring = copy(self)
        ring._running = self._running.copy()
        ring._models, ring._users = self._models.copy(), self._users.copy()
        ring._people, ring._wanted = self._people.copy(), self._wanted.copy()
        return ring


def _full(count: int, limit: int) -> bool:
    return 0 < limit <= count


def _in_order(
    waiting: Iterable[Waiting], last_turns: Mapping[int, datetime]
) -> OrderedDict[int, list[Waiting]]:
    """Return people in the order of the ring, each with their questions, oldest first."""
    people: defaultdict[int, list[Waiting]] = defaultdict(list)
    for asked in sorted(waiting, key=lambda asked: (asked.queued_at, asked.id)):
        people[asked.user].append(asked)

    def place(user: int) -> datetime:
        oldest = people[user][0].queued_at
        return max(oldest, last_turns.get(user, oldest))

    # Of equal places, the order of the oldest questions.
    return OrderedDict((user, people[user]) for user in sorted(people, key=place))
