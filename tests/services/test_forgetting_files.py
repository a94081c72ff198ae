"""Files that are forgotten while somebody sends them, as PostgreSQL lets it happen: SQLite has one writer at a time."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.utils import timezone

from conversations.models import Attachment, User
from conversations.services import attachments, conversations, messages
from conversations.services.beginning import Asker
from tests.site import wait_until

from .asking import choose


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_file_that_a_question_takes_along_at_this_moment_is_not_forgotten() -> None:
    alice, pk = User.objects.create_user("alice"), uuid.uuid4()
    asker = Asker(alice, pk, "process", choose, conversations.sign_new(alice, pk))
    row = Attachment.objects.create(owner=alice, kind="text", name="a.txt", media_type="text/plain", size=4)
    Attachment.objects.update(created_at=timezone.now() - timedelta(days=2))
    with ThreadPoolExecutor(1) as other, transaction.atomic():
        asked = messages.send(asker, "c", "What is this?", attachments=[row.pk])
        # As the end of the transaction does, which holds the file for a moment.
        connection.check_constraints()
        forgotten = other.submit(_forget_unsent)
        wait_until(_is_somebody_held_up)
    assert forgotten.result() == []
    assert list(row.messages.all()) == [asked.question]


def _forget_unsent() -> list[Path]:
    try:
        return attachments.forget_unsent()
    finally:
        connection.close()


def _is_somebody_held_up() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        (is_held_up,) = cursor.fetchone()
    return bool(is_held_up)
