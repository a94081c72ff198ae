"""What pages of the admin cost: the same number of queries, however many rows there are."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from conversations.models import (
    Access,
    ApiToken,
    Attachment,
    Generation,
    GenerationEvent,
    Invitation,
    ModelProfile,
    Preset,
    Pull,
    Quota,
    User,
)
from conversations.usage import counting
from tests.admin import rows

FEW, MANY = 2, 30
LISTS = [
    *("conversations_conversation", "conversations_generation", "conversations_access", "conversations_user"),
    *("auth_group", "conversations_invitation", "conversations_modelprofile", "conversations_quota"),
    *("conversations_preset", "conversations_pull", "conversations_usageday"),
    "conversations_apitoken",
]

pytestmark = pytest.mark.usefixtures("apart", "files")


def assert_constant(client: Client, url: str, fill: Callable[[int], None]) -> None:
    """See that a page costs the same with `FEW` of what `fill` makes as with `MANY`."""
    fill(FEW)
    # The first look learns what a process keeps.
    client.get(url)
    few = _queries(client, url)
    fill(MANY - FEW)
    many = _queries(client, url)
    assert len(many) == len(few), "\n".join(query[:300] for query in many)


def _queries(client: Client, url: str) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url).status_code == 200
    return [query["sql"] for query in queries]


def fill_all(number: int) -> None:
    """Make so many rows of everything that there are lists of, each of another person, group and model."""
    root, first = User.objects.get(username="root"), Group.objects.count()
    for count in range(first, first + number):
        _fill_one(root, count)


def _fill_one(root: User, count: int) -> None:
    person, group = rows.person(f"person{count}"), Group.objects.create(name=f"group {count}")
    person.groups.add(group)
    day, model = timezone.now() - timedelta(days=count + 1), f"model{count}"
    call = rows.exchange(rows.conversation(person), model=model, queued_at=day)
    GenerationEvent.objects.create(generation=call, at=rows.START, kind="finished", detail="completed stop")
    names = {"reader_name": root.username, "owner_name": person.username}
    Access.objects.create(
        kind="transcript", reader=root, owner=person, conversation=call.conversation_id, **names
    )
    Invitation.objects.create(group=group, expires_at=day, created_by=person)
    profile = ModelProfile.objects.create(name=model)
    profile.groups.add(group)
    Quota.objects.create(**({"person": person} if count % 2 else {"group": group}), messages=5)
    Preset.objects.create(owner=person, name="mine", model=model)
    Pull.objects.create(model=model, state="done", started_by=person)
    ApiToken.objects.create(owner=person, name="mine", digest=f"{count:064}")
    counting.count_missing()


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_queries_for_few_rows_and_for_many(root, name):
    assert_constant(root, reverse(f"admin:{name}_changelist"), fill_all)


@pytest.mark.parametrize(
    "name", ["conversations_conversation", "conversations_generation", "conversations_access"]
)
def test_a_file_of_a_list_costs_the_same_queries_for_few_rows_and_for_many(root, name):
    assert_constant(root, reverse(f"admin:{name}_export", args=["csv"]), fill_all)


@pytest.mark.parametrize("query", ["?q=Spring", "?q=person", "?group={group}", "?rated=-1", "?ended=failed"])
def test_what_is_found_costs_the_same_queries_for_few_rows_and_for_many(root, query):
    group = Group.objects.create(name="all")
    address = reverse("admin:conversations_conversation_changelist") + query.format(group=group.pk)

    def fill(number: int) -> None:
        for _ in range(number):
            person = rows.person(f"person{User.objects.count()}")
            person.groups.add(group)
            call = rows.exchange(rows.conversation(person), status="failed", reason="stalled")
            call.message.rating = -1
            call.message.save()

    assert_constant(root, address, fill)


@pytest.mark.parametrize("part", ["change", "part"])
def test_a_transcript_costs_the_same_queries_for_few_messages_and_for_many(root, owner, part):
    conversation = rows.conversation(owner)

    def fill(number: int) -> None:
        for _ in range(number):
            call = rows.exchange(conversation)
            asked = call.message.parent
            assert asked
            file = Attachment.objects.create(
                owner=owner, kind="text", name="x", media_type="text/plain", size=1
            )
            file.messages.add(asked)
            again = rows.message(conversation, "assistant", "again", asked)
            rows.generation(again, history_start=asked, omitted_messages=2)
            rows.generation(again)

    assert_constant(root, reverse(f"admin:conversations_conversation_{part}", args=[conversation.pk]), fill)


def test_a_generation_costs_the_same_queries_for_few_events_and_for_many(root, owner):
    call = rows.exchange(rows.conversation(owner))

    def fill(number: int) -> None:
        for _ in range(number):
            at = rows.START + timedelta(seconds=call.events.count())
            GenerationEvent.objects.create(generation=call, at=at, kind="phase")

    assert_constant(root, reverse("admin:conversations_generation_change", args=[call.pk]), fill)


def test_the_end_of_a_term_costs_the_same_queries_for_few_people_and_for_many(root):
    group = Group.objects.create(name="7b")

    def fill(number: int) -> None:
        for _ in range(number):
            person = rows.person(f"person{User.objects.count()}")
            person.groups.add(group)
            rows.conversation(person)

    assert_constant(root, reverse("admin:auth_group_end", args=[group.pk]), fill)


@pytest.mark.parametrize("name", ["account", "account_readings"])
def test_ones_readings_cost_the_same_queries_for_few_and_for_many(clients, owner, superuser, name):
    call: Generation = rows.exchange(rows.conversation(owner))

    def fill(number: int) -> None:
        for _ in range(number):
            names = {"reader_name": "root", "owner_name": owner.username}
            Access.objects.create(
                kind="export", reader=superuser, owner=owner, conversation=call.conversation_id, **names
            )

    assert_constant(clients["owner"], reverse(name), fill)
