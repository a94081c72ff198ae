"""Lists and conversations as files: all that the filters let through, harmless in a spreadsheet, in bounded memory."""

import csv
import io
import json
import tracemalloc
from collections.abc import Iterable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from conversations.admin.exporting import in_batches
from conversations.admin.generations import GenerationAdmin
from conversations.exports import tables
from conversations.models import Access
from tests.admin import rows

pytestmark = pytest.mark.usefixtures("files")
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "＋1", "－1", "＠x", "|calc", "%x"]


def content(answer: Any) -> bytes:
    assert answer.status_code == 200
    return bytes(answer.content)


def as_csv(answer: Any) -> list[dict[str, str]]:
    text = content(answer).decode("utf-8")
    assert text[0] == "\ufeff"
    return list(csv.DictReader(io.StringIO(text[1:])))


def as_jsonl(answer: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in content(answer).decode().splitlines()]


def test_generations_are_exported_as_filtered(root, owner):
    failed = rows.exchange(
        rows.conversation(owner), status="failed", reason="stalled", error_detail="no word"
    )
    rows.exchange(rows.conversation(owner))
    address = reverse("admin:conversations_generation_export", args=["csv"])
    (row,) = as_csv(root.get(address, {"status__exact": "failed"}))
    assert row["id"] == str(failed.pk)
    assert (row["requested_by"], row["reason"], row["error_detail"]) == ("小明", "stalled", "no word")
    assert row["prompt_tokens"] == "45"
    assert len(as_csv(root.get(address))) == 2
    (row,) = as_jsonl(root.get(address.replace("csv", "jsonl"), {"q": str(failed.pk)}))
    assert row["options"] == failed.options
    assert row["queued_at"] == failed.queued_at.isoformat()


def test_conversations_are_exported_with_their_figures(root, owner):
    conversation = rows.conversation(owner, "春天的诗")
    rows.exchange(conversation)
    (row,) = as_csv(root.get(reverse("admin:conversations_conversation_export", args=["csv"])))
    assert (row["title"], row["owner"], row["messages"], row["tokens"]) == ("春天的诗", "小明", "2", "255")
    assert row["newest_status"] == "completed"


def test_all_messages_of_a_list_are_exported_and_that_is_kept(root, owner, superuser):
    mine = rows.conversation(owner)
    rows.exchange(mine, "春天？", "**春天**来了。")
    other = rows.conversation(rows.person("third"))
    rows.exchange(other)
    address = reverse("admin:conversations_conversation_messages", args=["jsonl"])
    said = as_jsonl(root.get(address, {"owner__id__exact": owner.pk}))
    assert [row["content"] for row in said] == ["春天？", "**春天**来了。"]
    assert said[1]["parent"] == said[0]["message"]
    assert (said[1]["model"], said[1]["status"], said[0]["status"]) == ("internlm2:1.8b", "completed", "")
    kept = Access.objects.values_list("kind", "reader", "owner", "conversation")
    assert list(kept) == [("export", superuser.pk, owner.pk, mine.pk)]
    assert len(as_csv(root.get(address.replace("jsonl", "csv")))) == 4


def test_one_conversation_is_exported_whole(root, owner):
    conversation = rows.conversation(owner)
    for number in range(60):
        rows.exchange(conversation, f"question {number}", f"answer {number}")
    address = reverse("admin:conversations_conversation_whole", args=[conversation.pk, "jsonl"])
    said = [row["content"] for row in as_jsonl(root.get(address))]
    assert said == [f"{word} {number}" for number in range(60) for word in ("question", "answer")]


@pytest.mark.fault(39)
@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text):
    assert tables.cell(text).startswith("'")
    assert json.loads(b"".join(tables.pieces("jsonl", ["x"], [{"x": text}])))["x"] == text


@pytest.mark.parametrize("value", ["a=b", "1-2", "", "'=1", "春天"])
def test_other_text_stays_as_it_is(value):
    assert tables.cell(value) == value


def test_numbers_stay_numbers():
    assert [tables.cell(value) for value in (-5, 0.5, True, None)] == [-5, 0.5, "true", ""]


def test_control_characters_are_not_in_a_csv_file():
    text = tables.cell("a\x00\x1b[31mb\x07\u202ec")
    assert not set("\x00\x1b\x07\u202e") & set(text)


@pytest.mark.parametrize(
    "query", [{"p": "x"}, {"queued_at__year": "x"}, {"nonsense": "1"}, {"model": "a\x00b"}]
)
def test_an_address_that_no_list_has_leads_back_to_it(root, query):
    answer = root.get(reverse("admin:conversations_generation_export", args=["csv"]), query)
    assert answer.status_code in {200, 302}


def test_there_are_two_kinds_of_files(root):
    assert root.get(reverse("admin:conversations_generation_export", args=["exe"])).status_code == 302


def whole(row: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return a row in which every column is as long as a long error."""
    return {**row, **dict.fromkeys(names, row["error_detail"])}


def test_many_rows_cost_a_query_a_thousand_and_little_memory(owner):
    conversation = rows.conversation(owner)
    call = rows.exchange(conversation)
    many = [
        type(call)(
            conversation=conversation,
            message=call.message,
            client_id=str(number),
            requested_by=owner,
            model="m",
            status="completed",
            process="p",
            heartbeat=rows.START,
            queued_at=rows.START,
            error_detail="x" * 1000,
        )
        for number in range(5000)
    ]
    type(call).objects.bulk_create(many)
    del many
    names = list(GenerationAdmin.export_columns)
    columns = {*GenerationAdmin.export_columns.values(), "pk"}
    found = in_batches(type(call).objects.values(*columns), "queued_at")
    tracemalloc.start()
    with CaptureQueriesContext(connection) as queries:
        size = sum(map(len, tables.pieces("jsonl", names, (whole(row, names) for row in found))))
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert size > 50_000_000
    assert peak < size / 5
    assert len(queries) == 6
