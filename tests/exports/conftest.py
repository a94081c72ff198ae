"""A person with a conversation that has everything: branches, files, thoughts, every kind of end."""

import io
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from conversations.models import Attachment, Conversation, Generation, GenerationEvent, Message, User
from conversations.querysets import PICTURES_LEFT_OUT
from conversations.rendering import render
from conversations.services import attachments
from tests.attachments import samples
from tests.views.conftest import admin, anna, client, converse, eve

__all__ = ["admin", "anna", "client", "converse", "eve"]

AT = datetime(2026, 3, 10, 12, 30, 15, 123456, tzinfo=UTC)
ANSWER = "# Big\n\nSum: $\\frac{1}{2}$\n\n$$\\begin{aligned}a&=b\\\\c&=d\\end{aligned}$$\n\n```python\nprint('<b>')\n"


@pytest.fixture(autouse=True)
def data(settings: Any, tmp_path: Path) -> None:
    """A directory of its own for each test."""
    settings.DATA_DIR = tmp_path


@pytest.fixture
def whole(anna: User) -> Callable[..., Conversation]:
    """Make a conversation in which every column holds something."""

    def make(owner: User = anna) -> Conversation:
        made = Conversation.objects.create(
            owner=owner,
            title="Quick <sort> & *更多*",
            model="internlm2:1.8b",
            system_prompt="Be brief.\n请简短。",
            options={"temperature": 0.5, "stop": ["END"]},
            think="high",
            pinned=True,
            archived_at=AT,
            updated_at=AT + timedelta(days=1),
        )
        Conversation.objects.filter(pk=made.pk).update(created_at=AT)
        question = said(made, None, "user", "# What\n\n<!-- is\n> this?")
        first = said(made, question, "assistant", ANSWER, thinking="Hm. 想一想", thinking_ms=1234)
        other = said(made, question, "assistant", "Another one", rating=-1, rating_comment="Too short")
        again = said(made, first, "user", "And this?")
        last = said(made, again, "assistant", "I can", 4)
        call(first, "completed", "stop", output_tokens=7, output_ns=9, options={"temperature": 0.5})
        call(other, "failed", "ollama_down", error_detail="broken: gone")
        call(last, "stopped", "user_stop", stop_requested_at=AT, history_start=question)
        attach(made, question, samples.picture(), 'cat "1".png')
        attach(made, again, samples.picture("JPEG"), "photo.jpg")
        attach(made, again, "Notes\n笔记".encode(), "notes.txt")
        made.shown_leaf = last
        made.save(update_fields=["shown_leaf"])
        return Conversation.objects.get(pk=made.pk)

    return make


def said(
    conversation: Conversation, parent: Message | None, role: str, content: str, minutes: int = 0, **more: Any
) -> Message:
    """Add a message, a moment after those before it."""
    later = timedelta(minutes=minutes, seconds=conversation.messages.count())
    return Message.objects.create(
        conversation=conversation,
        parent=parent,
        role=role,
        content=content,
        html=render(content) if role == "assistant" else "",
        created_at=AT + later,
        **more,
    )


def call(answer: Message, status: str, reason: str, **more: Any) -> Generation:
    """Add the call of a model for an answer."""
    made = Generation.objects.create(
        conversation=answer.conversation,
        message=answer,
        client_id=uuid.uuid4().hex,
        requested_by=answer.conversation.owner,
        model="internlm2:1.8b",
        status=status,
        reason=reason,
        process="test",
        heartbeat=AT,
        queued_at=AT,
        started_at=AT + timedelta(seconds=1),
        finished_at=AT + timedelta(seconds=2),
        **more,
    )
    GenerationEvent.objects.create(generation=made, at=AT, kind=PICTURES_LEFT_OUT, detail="2")
    return made


def attach(conversation: Conversation, question: Message, content: bytes, name: str) -> Attachment:
    """Send a file along with a question."""
    row = attachments.take(conversation.owner, name, io.BytesIO(content), len(content))
    row.messages.add(question)
    return row
