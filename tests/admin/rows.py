"""Rows for the admin's tests, as the services leave them."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.test import Client

from conversations.models import Conversation, Generation, GenerationEvent, Message, User
from conversations.rendering import render
from conversations.search import index

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_counter = itertools.count(1)


def person(username: str, *permissions: str, **fields: Any) -> User:
    """Return a new person with the named permissions of the app."""
    user = User.objects.create_user(username, **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    return user


def browser(user: User) -> Client:
    """Return a browser in which this person is logged in."""
    found = Client()
    found.force_login(user)
    return found


def conversation(owner: User, title: str = "Spring", **fields: Any) -> Conversation:
    """Return a new conversation without messages."""
    at = START + timedelta(minutes=next(_counter))
    row = Conversation.objects.create(owner=owner, title=title, updated_at=at, **fields)
    index.put(index.title_entry(row))
    return row


def message(
    where: Conversation, role: str, content: str, parent: Message | None = None, **fields: Any
) -> Message:
    """Return a new message, which becomes the end of the shown branch."""
    html = render(content) if role == "assistant" else ""
    at = START + timedelta(seconds=next(_counter))
    row = Message.objects.create(
        conversation=where,
        role=role,
        content=content,
        parent=parent,
        created_at=at,
        **{"html": html, **fields},
    )
    where.shown_leaf = row
    where.save(update_fields=["shown_leaf"])
    index.put(index.message_entry(row, where.owner_id, where.model))
    return row


def generation(answer: Message, **fields: Any) -> Generation:
    """Return a completed call of a model for `answer`, with its timeline."""
    queued = START + timedelta(seconds=next(_counter))
    values = {
        "conversation": answer.conversation,
        "client_id": f"client-{next(_counter)}",
        "requested_by": answer.conversation.owner,
        "model": "internlm2:1.8b",
        "options": {"temperature": 0.7, "stop": ["###"]},
        "status": "completed",
        "reason": "stop",
        "process": "process-1",
        "heartbeat": queued,
        "queued_at": queued,
        "started_at": queued + timedelta(seconds=2),
        "first_token_at": queued + timedelta(seconds=2.5),
        "finished_at": queued + timedelta(seconds=14.5),
        "prompt_tokens": 45,
        "output_tokens": 210,
        "output_ns": 10_000_000_000,
    }
    row = Generation.objects.create(message=answer, **{**values, **fields})
    for kind in ("queued", "started"):
        GenerationEvent.objects.create(generation=row, at=queued, kind=kind)
    return row


def exchange(
    where: Conversation, question: str = "春天？", answer: str = "**春天**来了。", **fields: Any
) -> Generation:
    """Ask and answer once at the end of the conversation, and return the call."""
    asked = message(where, "user", question, where.shown_leaf)
    return generation(message(where, "assistant", answer, asked), **fields)
