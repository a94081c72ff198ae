"""Pinning and archiving, as rows."""

from collections.abc import Callable
from uuid import uuid4

from conversations import describe
from conversations.models import Conversation
from conversations.services import conversations, messages
from conversations.services.messages import Asked

from .asking import AskingCase, refused


class Lists(AskingCase):
    """What becomes of a conversation in the lists."""

    def setUp(self) -> None:
        super().setUp()
        self.asked = self.ask_and_answer()

    def row(self) -> Conversation:
        return Conversation.objects.get(pk=self.pk)

    def test_pinning_changes_nothing_else_and_can_be_repeated(self) -> None:
        before = Conversation.objects.values().get()
        for verb, pinned in (
            (conversations.pin, True),
            (conversations.pin, True),
            (conversations.unpin, False),
            (conversations.unpin, False),
        ):
            assert verb(self.alice, self.pk).pinned == pinned
            assert Conversation.objects.values().get() == before | {"pinned": pinned}

    def test_archived_is_since_the_first_time(self) -> None:
        first = conversations.archive(self.alice, self.pk).archived_at
        assert first is not None
        assert conversations.archive(self.alice, self.pk).archived_at == first
        for _ in range(2):
            assert conversations.unarchive(self.alice, self.pk).archived_at is None

    def test_whatever_is_asked_brings_an_archived_one_back(self) -> None:
        answer = self.asked.generation.message_id
        assert self.asked.question is not None
        question = self.asked.question.pk
        asks: list[Callable[[], Asked]] = [
            lambda: self.ask("more"),
            lambda: messages.regenerate(self.asker, uuid4().hex, answer),
            lambda: messages.edit(self.asker, uuid4().hex, question, "other words"),
        ]
        for ask in asks:
            conversations.pin(self.alice, self.pk)
            conversations.archive(self.alice, self.pk)
            asked = ask()
            assert self.row().archived_at is None
            assert self.row().pinned
            # What is told of it is told where no database may be asked.
            with self.assertNumQueries(0):
                state = describe.conversation(asked.generation.conversation)
            assert (state.pinned, state.archived) == (True, False)
            self.end(asked)

    def test_another_name_leaves_it_archived(self) -> None:
        conversations.archive(self.alice, self.pk)
        conversations.rename(self.alice, self.pk, "Other")
        assert self.row().archived_at is not None
        assert describe.conversation(self.row()).archived

    def test_what_is_deleted_comes_back_as_it_was(self) -> None:
        archived = conversations.archive(self.alice, self.pk).archived_at
        conversations.delete(self.alice, self.pk)
        for verb in (conversations.archive, conversations.unarchive, conversations.pin, conversations.unpin):
            with refused("not_found"):
                verb(self.alice, self.pk)
        assert conversations.restore(self.alice, self.pk).archived_at == archived

    def test_what_is_not_theirs_does_not_exist(self) -> None:
        for user, pk in ((self.bob, self.pk), (self.alice, uuid4())):
            for verb in (
                conversations.archive,
                conversations.unarchive,
                conversations.pin,
                conversations.unpin,
            ):
                with self.subTest(verb=verb.__name__), refused("not_found"):
                    verb(user, pk)
        assert not self.row().pinned
