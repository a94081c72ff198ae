"""The queue in the database: what is claimed, by whom, and what it costs."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations.models import Conversation, Generation, GenerationEvent, Message, User
from conversations.services import generations
from conversations.services.generations import STALE_AFTER, Ending
from conversations.services.queue import Turns, take_turns
from conversations.services.turns import Limits

ONE = Limits(per_model=1, per_user=0, in_all=0)
MANY = Limits(per_model=10, per_user=0, in_all=0)


def people(count: int) -> list[User]:
    """Return new people; without passwords, which take long to hash."""
    return [User.objects.create(username=f"user-{uuid.uuid4()}") for _ in range(count)]


def ask(user: User, process: str = "me", model: str = "m", **columns: Any) -> Generation:
    """Return a question that waits, in a conversation of its own."""
    now = timezone.now()
    conversation = Conversation.objects.create(owner=user, title="q", updated_at=now)
    message = Message.objects.create(conversation=conversation, role="assistant", created_at=now)
    row = {"requested_by": user, "model": model, "process": process, "heartbeat": now, "queued_at": now}
    return Generation.objects.create(
        conversation=conversation, message=message, client_id=uuid.uuid4().hex, **row | columns
    )


def take(limits: Limits, *here: Generation, process: str = "me") -> Turns:
    """Take turns for these, which wait in a process."""
    return take_turns(process, {generation.pk for generation in here}, limits)


def end(*ended: Generation) -> None:
    """Let answers end well."""
    for generation in ended:
        assert generations.finish(generation.pk, Ending("completed", "stop"))


def ids(rows: Iterable[Generation]) -> list[uuid.UUID]:
    """Return their ids."""
    return [row.pk for row in rows]


class TurnsInTheDatabase(TestCase):
    """Who may run."""

    def setUp(self) -> None:
        self.people = people(4)

    def test_one_at_a_time_and_model_in_the_order_of_asking(self) -> None:
        first, second, third = (ask(user) for user in self.people[:3])
        other = ask(self.people[3], model="qwen3:8b")
        turns = take(ONE, first, second, third, other)
        assert turns.begun == ids([first, other])
        assert turns.ahead == {second.pk: 1, third.pk: 2}
        end(first)
        assert take(ONE, second, third) == Turns([second.pk], [], {third.pk: 1})

    def test_a_process_takes_its_own_only_and_leaves_room_for_those_before(self) -> None:
        theirs = ask(self.people[0], "other")
        mine = ask(self.people[1])
        assert take(ONE, mine) == Turns([], [], {mine.pk: 1})
        assert take(ONE, theirs, process="other").begun == [theirs.pk]

    def test_nobody_runs_more_than_their_share(self) -> None:
        limits = Limits(per_model=10, per_user=2, in_all=3)
        mine = [ask(self.people[0]) for _ in range(3)]
        others = [ask(user) for user in self.people[1:3]]
        turns = take(limits, *mine, *others)
        assert turns.begun == ids([mine[0], others[0], others[1]])
        assert turns.ahead == {mine[1].pk: 1, mine[2].pk: 2}

    def test_what_is_asked_to_stop_has_no_turn(self) -> None:
        stopped, next_ = ask(self.people[0]), ask(self.people[1])
        generations.request_stop(stopped.pk, None)
        assert take(ONE, stopped, next_) == Turns([next_.pk], [], {})

    def test_a_process_that_has_gone_holds_nobody_up(self) -> None:
        ask(self.people[0], "dead", heartbeat=timezone.now() - STALE_AFTER - timedelta(seconds=1))
        mine = ask(self.people[1])
        assert take(ONE, mine).begun == [mine.pk]

    def test_a_late_heartbeat_of_its_own_takes_no_turn_away(self) -> None:
        mine = ask(self.people[0], heartbeat=timezone.now() - 2 * STALE_AFTER)
        assert take(ONE, mine).begun == [mine.pk]

    def test_a_turn_whose_taking_went_unheard_is_told_again(self) -> None:
        mine = ask(self.people[0])
        assert take(ONE, mine).begun == [mine.pk]
        assert take(ONE, mine).begun == [mine.pk]
        assert GenerationEvent.objects.filter(kind="started").count() == 1

    def test_what_is_live_no_more_is_gone(self) -> None:
        deleted, ended, mine = (ask(user) for user in self.people[:3])
        self.people[0].delete()
        end(ended)
        turns = take(ONE, deleted, ended, mine)
        assert (turns.begun, set(turns.gone)) == ([mine.pk], {deleted.pk, ended.pk})

    def test_whoever_had_a_turn_stands_behind_those_who_wait(self) -> None:
        greedy = [ask(self.people[0]) for _ in range(3)]
        modest = [ask(user) for user in self.people[1:3]]
        order = []
        waiting = [*greedy, *modest]
        while waiting:
            begun = take(ONE, *waiting).begun
            order += begun
            waiting = [row for row in waiting if row.pk not in begun]
            end(*Generation.objects.filter(pk__in=begun))
        assert order == ids([greedy[0], *modest, greedy[1], greedy[2]])

    def test_turns_taken_in_the_same_moment_keep_their_order(self) -> None:
        one, other = self.people[:2]
        rows = [ask(user) for user in (one, other, one, one, other)]
        turns = take(Limits(per_model=3, per_user=0, in_all=0), *rows)
        assert turns.begun == ids(rows[:3])
        end(*rows[:3])
        assert take(ONE, *rows[3:]).begun == [rows[4].pk]

    def test_queries_are_as_many_for_fifty_as_for_two(self) -> None:
        counts = []
        for number in (2, 50):
            waiting = [ask(user) for user in people(number)]
            with CaptureQueriesContext(connection) as queries:
                turns = take(Limits(5, 2, 0), *waiting)
            assert turns.begun
            counts.append(len([query for query in queries if "SAVEPOINT" not in query["sql"]]))
        assert counts[0] == counts[1] <= 6
