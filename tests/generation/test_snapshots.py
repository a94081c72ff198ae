"""What a socket is told while its snapshot is read."""

import asyncio
import json
import uuid
from typing import Any

import pytest

from conversations import database, events
from conversations.consumers import ConversationConsumer
from conversations.generation.runner import runner
from conversations.models import User


async def test_what_happens_while_a_snapshot_is_read_is_told_behind_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    consumer = ConversationConsumer()
    consumer.scope = {
        "user": User(pk=1, username="anna"),
        "url_route": {"kwargs": {"conversation": uuid.uuid4()}},
        "query_string": b"",
        "session_key": "a session",
    }

    async def read(*_: Any, **__: Any) -> tuple[events.ConversationState, None]:
        consumer.user_event(events.ConversationDeleted(uuid.uuid4()).frame())
        return events.ConversationState(consumer.conversation), None

    async def send(_message: Any) -> None:
        pass

    consumer.base_send = send
    monkeypatch.setattr(database.sockets, "run", read)
    monkeypatch.setattr(consumer, "start", lambda: None)
    await consumer.connect()
    async with asyncio.timeout(5):
        told = [json.loads(str(await consumer.outbox.get()))["type"] for _ in range(2)]
    consumer.left()
    assert told == ["snapshot", "conversation.deleted"]
    assert runner.rooms.find(consumer.conversation) is None
