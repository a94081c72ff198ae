"""One person who asks in one conversation, for tests of rows."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.test import TestCase

from conversations.models import Conversation, Message, User
from conversations.services import conversations, generations, messages
from conversations.services.beginning import Asker
from conversations.services.conversations import Chosen
from conversations.services.errors import Refused
from conversations.services.generations import Ending
from conversations.services.messages import Asked


@contextmanager
def refused(code: str, detail: str = "") -> Iterator[None]:
    """Check that the block is refused with a code."""
    with pytest.raises(Refused) as refusal:
        yield
    assert (refusal.value.code, refusal.value.detail) == (code, detail or refusal.value.detail)


def choose(wanted: str) -> str:
    """Stand for a site that has one model beside the wanted ones."""
    if wanted == "missing":
        raise Refused("unknown_model", detail=wanted)
    return wanted or "internlm2:1.8b"


class AskingCase(TestCase):
    """One person, one conversation that the page has signed."""

    alice: User
    bob: User

    @classmethod
    def setUpTestData(cls) -> None:
        cls.alice = User.objects.create_user("alice")
        cls.bob = User.objects.create_user("bob")

    def setUp(self) -> None:
        self.pk = uuid.uuid4()
        self.asker = self.asker_for(self.alice)

    def asker_for(self, user: User) -> Asker:
        return Asker(user, self.pk, "process", choose, conversations.sign_new(user, self.pk))

    def ask(self, text: str = "什么是快速排序？", **more: Any) -> Asked:
        return messages.send(self.asker, uuid.uuid4().hex, text, chosen=Chosen(**more))

    def ask_and_answer(self, text: str = "question", answer: str = "answer") -> Asked:
        asked = self.ask(text)
        self.end(asked, answer)
        return asked

    def end(self, asked: Asked, answer: str = "answer") -> None:
        generations.finish(asked.generation.pk, Ending("completed", "stop", answer))

    def shown(self) -> list[str]:
        leaf = Conversation.objects.get(pk=self.pk).shown_leaf_id
        return [message.content for message in Message.objects.branch(leaf)]
