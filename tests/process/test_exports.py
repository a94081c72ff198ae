"""Files of the administrator's lists through a real server: whole, however they are asked for."""

import csv
import json

import pytest

from tests.site import Site

pytestmark = pytest.mark.process

CALLS = 1500
FILL = f"""
from django.utils import timezone
from conversations.models import Conversation, Generation, Message, User
owner = User.objects.get(username="eve")
now = timezone.now()
row = Conversation.objects.create(owner=owner, title="Long", updated_at=now)
answers = Message.objects.bulk_create(
    Message(conversation=row, role="assistant", created_at=now, content=f"answer {{number}}")
    for number in range({CALLS})
)
Generation.objects.bulk_create(
    Generation(conversation=row, message=answer, client_id=str(answer.pk), requested_by=owner, model="m",
               status="completed", process="p", heartbeat=now, queued_at=now)
    for answer in answers
)
"""


@pytest.fixture(scope="module")
def filled(site: Site, eve):
    site.run(FILL)
    return site


@pytest.mark.parametrize("encoding", ["gzip, deflate, br", "identity"])
def test_a_file_of_a_list_comes_whole(filled, client, encoding):
    headers = {"Accept-Encoding": encoding}
    answer = client.get("/admin/conversations/generation/export.csv", headers=headers)
    rows = list(csv.DictReader(answer.content.decode("utf-8-sig").splitlines()))
    assert len({row["id"] for row in rows}) == CALLS
    answer = client.get("/admin/conversations/conversation/messages.jsonl", headers=headers)
    said = {json.loads(line)["content"] for line in answer.text.splitlines()}
    assert said == {f"answer {number}" for number in range(CALLS)}
