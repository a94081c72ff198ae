"""An administrator's pages over a hundred thousand rows, among them what somebody wrote to break them."""

import statistics
import time
from typing import Any

import pytest

pytestmark = [pytest.mark.process, pytest.mark.slow_fault, pytest.mark.fault(39)]

PEOPLE, CONVERSATIONS = 1000, 50_000
PAGE_SECONDS = 1
ASKED_TIMES = 3
FILL = f"""
from datetime import timedelta
from django.utils import timezone
from conversations.models import Conversation, Generation, Message, User
now = timezone.now()
text = '<script>alert(1)</script> =HYPERLINK("http://evil")'
people = User.objects.bulk_create(User(username=f"<script>{{n}}") for n in range({PEOPLE}))
at = [now - timedelta(minutes=n) for n in range({CONVERSATIONS})]
rows = Conversation.objects.bulk_create(
    [Conversation(owner=people[n % len(people)], title=text, updated_at=time) for n, time in enumerate(at)], 5000
)
def said(role, number):
    return Message(conversation=rows[number], role=role, content=text, created_at=at[number])
Message.objects.bulk_create([said("user", n) for n in range(len(rows))], 5000)
answers = Message.objects.bulk_create([said("assistant", n) for n in range(len(rows))], 5000)
def called(number):
    return Generation(
        conversation=rows[number], message=answers[number], client_id="c", requested_by=rows[number].owner,
        model=text, status="completed", reason="stop", process="p", heartbeat=now, queued_at=at[number],
        started_at=at[number], finished_at=at[number], output_tokens=7, output_ns=10**9,
    )
calls = Generation.objects.bulk_create([called(n) for n in range(len(rows))], 5000)
huge = Message.objects.create(conversation=rows[0], role="user", content="字" * 1_000_000, created_at=now)
print(rows[0].pk, calls[0].pk, huge.pk)
"""


def pages(conversation: str, generation: str, message: str) -> list[str]:
    """Return addresses: lists, their far ends, what is looked for in them, and single rows."""
    lists = [f"/admin/conversations/{name}/" for name in ("conversation", "generation", "user")]
    far = [f"{lists[0]}?p=500", f"{lists[1]}?p=500", f"{lists[2]}?p=10"]
    found = [f"{lists[0]}?q=HYPERLINK", f"{lists[1]}?q=script", f"{lists[2]}?q=%3Cscript%3E77"]
    row = f"{lists[0]}{conversation}/change/"
    single = [row, f"{row}?message={message}", f"{lists[1]}{generation}/change/"]
    return ["/admin/", *lists, *far, *found, *single]


def seconds(client: Any, path: str) -> float:
    """Return how long a page takes, of some attempts the one in the middle."""
    taken = []
    for _ in range(ASKED_TIMES):
        begun = time.monotonic()
        answer = client.get(path)
        taken.append(time.monotonic() - begun)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text
    return statistics.median(taken)


def test_pages_over_a_hundred_thousand_rows_answer_within_a_second(site, client, happened):
    conversation, generation, message = site.manage("shell", "--no-imports", "-c", FILL).split()
    taken = {path: seconds(client, path) for path in pages(conversation, generation, message)}
    assert {path: one for path, one in taken.items() if one > PAGE_SECONDS} == {}
    happened(
        "Lists, searches, far pages, a message of a million characters: all of them answer, nothing runs.",
        rows=PEOPLE + 4 * CONVERSATIONS,
        slowest_ms=max(taken.values()) * 1000,
        median_ms=statistics.median(taken.values()) * 1000,
    )
