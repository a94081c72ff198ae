"""People and conversations."""

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from conversations.models import Conversation, Generation, Message, User


@pytest.fixture
def admin(db: None) -> User:
    """The administrator: without one the home page shows how to make one."""
    return User.objects.create_superuser("admin", password="x")


@pytest.fixture
def anna(admin: User) -> User:
    """A person."""
    return User.objects.create_user("anna", password="x", name="Anna")


@pytest.fixture
def eve(admin: User) -> User:
    """Another person."""
    return User.objects.create_user("eve", password="x")


@pytest.fixture
def client(anna: User) -> Client:
    """Anna's browser."""
    client = Client()
    client.force_login(anna)
    return client


@pytest.fixture
def converse(anna: User) -> Callable[..., Conversation]:
    """Make a conversation of so many turns, each a question and its answer."""

    def make(
        turns: int = 1, owner: User = anna, title: str = "Title", at: datetime | None = None
    ) -> Conversation:
        now = at or timezone.now()
        conversation = Conversation.objects.create(owner=owner, title=title, updated_at=now)
        leaf = None
        for turn in range(turns):
            for role in (Message.Role.USER, Message.Role.ASSISTANT):
                leaf = Message.objects.create(
                    conversation=conversation,
                    parent=leaf,
                    role=role,
                    content=f"{role} {turn}",
                    html=f"<p>{role} {turn}</p>",
                    created_at=now + timedelta(seconds=turn),
                )
            assert leaf
            _called(leaf, owner)
        conversation.shown_leaf = leaf
        conversation.save()
        return conversation

    return make


def _called(answer: Message, owner: User) -> None:
    Generation.objects.create(
        conversation=answer.conversation,
        message=answer,
        client_id=uuid.uuid4().hex,
        requested_by=owner,
        model="internlm2:1.8b",
        status=Generation.Status.STOPPED,
        reason="user_stop",
        process="test",
        heartbeat=answer.created_at,
        queued_at=answer.created_at,
    )
