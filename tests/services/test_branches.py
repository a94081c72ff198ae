"""Choosing, deleting and rating what stands in a conversation, as rows."""

import uuid
from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from conversations import describe
from conversations.models import Conversation, Generation, Message
from conversations.services import branches, conversations, messages

from .asking import AskingCase, refused


class Branches(AskingCase):
    """The first question has two answers; the second question stands below the first of them."""

    def setUp(self) -> None:
        super().setUp()
        self.one = self.ask_and_answer("question", "one")
        self.below = self.ask_and_answer("more", "below one")
        again = messages.regenerate(self.asker, "again", self.one.generation.message_id)
        self.end(again, "two")
        self.two = again.generation.message_id

    def test_deleting_a_version_shows_the_other_one_with_what_stands_below_it(self) -> None:
        row = branches.delete(self.alice, self.pk, self.two)
        assert self.shown() == ["question", "one", "more", "below one"]
        assert row.shown_leaf is not None
        assert not Generation.objects.filter(message=self.two).exists()

    def test_deleting_takes_everything_below_and_nothing_else(self) -> None:
        assert branches.count_below(self.alice, self.pk, self.one.generation.message_id) == 3
        branches.select(self.alice, self.pk, self.one.generation.message_id)
        branches.delete(self.alice, self.pk, self.one.generation.message_id)
        assert self.shown() == ["question", "two"]
        assert Message.objects.count() == 2

    def test_deleting_what_is_not_shown_leaves_what_is(self) -> None:
        assert self.below.question is not None
        row = branches.delete(self.alice, self.pk, self.below.question.pk)
        assert self.shown() == ["question", "two"]
        # What is told of it is told where no database may be asked.
        with self.assertNumQueries(0):
            assert describe.conversation(row).leaf == self.two

    def test_deleting_all_leaves_a_conversation_that_takes_questions(self) -> None:
        assert self.one.question is not None
        branches.delete(self.alice, self.pk, self.one.question.pk)
        assert self.shown() == []
        self.ask_and_answer("anew", "answer")
        assert self.shown() == ["anew", "answer"]

    def test_nothing_is_deleted_or_chosen_while_an_answer_is_written(self) -> None:
        self.ask("long")
        for change in (branches.delete, branches.select):
            with refused("busy"):
                change(self.alice, self.pk, self.two)

    def test_what_is_not_theirs_does_not_exist(self) -> None:
        other = Conversation.objects.create(owner=self.alice, title="other", updated_at=timezone.now())
        for user, conversation in ((self.bob, self.pk), (self.alice, other.pk), (self.alice, uuid.uuid4())):
            for change in (branches.delete, branches.select, branches.count_below):
                with self.subTest(change=change.__name__), refused("not_found"):
                    change(user, conversation, self.two)
            with refused("not_found"):
                branches.rate(user, conversation, self.two, 1, "")

    def test_rating_is_kept_and_bounded(self) -> None:
        branches.rate(self.alice, self.pk, self.two, -1, " 不对\x00 ")
        answer = Message.objects.get(pk=self.two)
        assert (answer.rating, answer.rating_comment) == (-1, "不对\ufffd")
        with refused("bad_option"):
            branches.rate(self.alice, self.pk, self.two, 2, "")
        with refused("too_long"):
            branches.rate(self.alice, self.pk, self.two, 1, "x" * 2001)
        assert self.one.question is not None
        with refused("not_found"):
            branches.rate(self.alice, self.pk, self.one.question.pk, 1, "")

    def test_thousands_in_a_row_go_in_a_bounded_number_of_queries(self) -> None:
        owner, now = self.alice, timezone.now()
        long = Conversation.objects.create(owner=owner, title="long", updated_at=now)
        rows: list[Message] = []
        for place in range(3000):
            rows.append(
                Message(
                    conversation=long,
                    parent=rows[-1] if rows else None,
                    role="user" if place % 2 == 0 else "assistant",
                    content="x",
                    created_at=now + timedelta(microseconds=place),
                )
            )
        Message.objects.bulk_create(rows)
        Conversation.objects.filter(pk=long.pk).update(shown_leaf=rows[-1])
        with CaptureQueriesContext(
            connection,
        ) as queries:
            branches.delete(owner, long.pk, rows[1].pk)
        assert Message.objects.filter(conversation=long).count() == 1
        assert len(queries) < 150
        assert conversations.owned(owner, long.pk).shown_leaf == rows[0]
