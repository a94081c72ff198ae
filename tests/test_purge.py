"""`manage.py purge`: what nobody has touched for long goes, after a dry run."""

import io
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from conversations.models import Conversation, Generation, Message, SearchEntry
from conversations.services import purging
from conversations.usage import counting, reading
from tests.admin import rows

pytestmark = pytest.mark.django_db


def purge(*args: str) -> str:
    out = io.StringIO()
    call_command("purge", *args, stdout=out)
    return out.getvalue()


@pytest.fixture
def kept():
    """A conversation of yesterday; beside it an old one, and an old one that its owner deleted."""
    owner = rows.person("anna")
    now = timezone.now()
    made = {}
    for name, days in (("new", 1), ("old", 400), ("gone", 400)):
        conversation = rows.conversation(owner, name)
        rows.exchange(conversation, queued_at=now - timedelta(days=days))
        deleted = now if name == "gone" else None
        Conversation.objects.filter(pk=conversation.pk).update(
            updated_at=now - timedelta(days=days), deleted_at=deleted
        )
        made[name] = conversation
    return made["new"]


def test_without_delete_it_only_tells(kept):
    assert ": 2 conversations, 1 owners, 4 messages." in purge("--older-than", "365d")
    assert Conversation.objects.count() == 3


def test_with_delete_they_go_with_everything(kept):
    purge("--older-than", "1y", "--delete")
    assert list(Conversation.objects.all()) == [kept]
    assert Message.objects.count() == 2
    assert Generation.objects.count() == 1
    assert not SearchEntry.objects.exclude(conversation=kept).exists()


def test_only_what_was_deleted_goes_if_asked(kept):
    purge("--older-than", "12m", "--only-deleted", "--delete")
    assert set(Conversation.objects.values_list("title", flat=True)) == {"new", "old"}


def test_what_is_answered_now_stays(kept):
    Generation.objects.filter(conversation__title="old").update(status="running")
    purge("--older-than", "1y", "--delete")
    assert Conversation.objects.filter(title="old").exists()


def test_what_is_used_again_meanwhile_stays(kept):
    def use_the_others(_number: int) -> None:
        Conversation.objects.update(updated_at=timezone.now())

    old = purging.old(timezone.now() - timedelta(days=365))
    assert purging.purge(old, use_the_others) == 1
    assert Conversation.objects.count() == 2


def test_the_usage_of_those_days_stays(kept):
    purge("--older-than", "1d", "--delete")
    today = counting.today()
    assert reading.read(reading.Choice(today - timedelta(days=500), today)).total.answers == 3


@pytest.mark.parametrize("text", ["", "0d", "1", "d", "1x", "-1d", "1.5y", "99999d"])
def test_what_is_no_span_is_refused(kept, text):
    with pytest.raises(CommandError):
        purge("--older-than", text, "--delete")
    assert Conversation.objects.count() == 3
