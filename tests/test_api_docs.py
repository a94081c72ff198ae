"""docs/api.md tells all of the API: every call, every field, every code."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.urls import reverse

from conversations import outcomes
from conversations.api import errors, limits, shapes, streams, urls
from conversations.models import Attachment, Conversation, Generation, Message
from conversations.ollama.catalogue import ModelInfo
from conversations.services import options
from conversations.services.conversations import MAX_SYSTEM
from conversations.services.tokens import MAX_TOKENS

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
# Of reasons of an end, those that are no failure, and those that stand for a finer sentence only.
NO_FAILURES = {"stop", "length", "limit", "user_stop"}


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the first table behind a heading."""
    lines = PAGE.partition(f"# {heading}\n")[2].split("\n")
    start = next(number for number, line in enumerate(lines) if line.startswith("| ---")) + 1
    found = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found


def named(cell: str) -> list[str]:
    """Return the names that stand in a cell as code."""
    return re.findall(r"`([^`]+)`", cell)


def test_every_call_has_its_row():
    told = {named(row[0])[0].replace("<id>", "…") for row in rows("The HTTP API")}
    wanted = set()
    for pattern in urls.urlpatterns:
        ids = {name: "00000000-0000-4000-8000-000000000000" for name in pattern.pattern.converters}
        path = reverse(str(pattern.name), kwargs=ids)
        wanted.add(path.replace("00000000-0000-4000-8000-000000000000", "…"))
    assert {call.partition(" ")[2] for call in told} == wanted
    for call in told:
        assert f"curl {'-N ' if call.endswith('/stream') else ''}" in PAGE


def test_every_field_of_a_question_is_told_with_its_bounds():
    told = {name: row for row in rows("Ask") for name in named(row[0])}
    assert set(told) == {field.name for field in msgspec.structs.fields(shapes.Question)}
    for name, option in {
        "max_tokens": "num_predict",
        "temperature": "temperature",
        "top_p": "top_p",
        "repeat_penalty": "repeat_penalty",
    }.items():
        bounds = options.RANGES[option]
        for bound in (bounds.low, bounds.high):
            assert f"{bound:,}".replace("-", "−") in told[name][1]
    assert f"{MAX_SYSTEM:,}" in told["system"][3]


def answers() -> dict[str, dict[str, Any]]:
    """Return what the calls answer, by the heading that tells of it."""
    row = Generation(model="internlm2:1.8b", conversation=Conversation(), message=Message())
    return {
        "Events": shapes.begun(row) | shapes.ended(row, {"code": "", "message": ""}),
        "Stop": shapes.state(row),
        "Models": shapes.model(ModelInfo("internlm2:1.8b", None, None, "", "", "", "", "")),
        "Conversations": shapes.listed(Conversation(), running=False),
        "One conversation": shapes.conversation(Conversation(), running=False)
        | shapes.message(Message(role="assistant"), row, ("", "hm"))
        | {"attachments": shapes._attachment(Attachment())},
    }


@pytest.mark.parametrize(("heading", "answer"), answers().items(), ids=answers().keys())
def test_every_field_of_an_answer_is_told(heading, answer):
    part = re.split(r"\n#+ ", PAGE.partition(f"# {heading}\n")[2])[0]
    listed = PAGE.partition("# Conversations\n")[2] if heading == "One conversation" else ""
    assert [name for name in answer if f"`{name}`" not in part + listed] == []
    inside = [name for value in answer.values() if isinstance(value, dict) for name in value]
    assert [name for name in inside if f"`{name}`" not in part] == []


@pytest.mark.parametrize("shape", [shapes.Piece, shapes.Thought])
def test_every_field_of_a_piece_is_told(shape):
    told = {name for row in rows("Events") for name in named(row[0])}
    assert {field.name for field in msgspec.structs.fields(shape)} <= told


def test_every_code_has_its_row_and_its_status():
    told = {named(row[1])[0]: int(row[0]) for row in rows("Errors")}
    assert told == errors.STATUS


def test_every_way_to_fail_has_its_row_and_its_status():
    told = {named(row[1])[0]: int(row[0]) for row in rows("An answer that fails")}
    finer = {code for code in outcomes.SENTENCES if code in outcomes._FINER.values()}
    without = finer | NO_FAILURES | {"empty", "anew", "ollama_lost"}
    reasons = {
        code for code in outcomes.SENTENCES if code not in without and not code.startswith("thoughts_")
    }
    assert set(told) == reasons
    for code, status in told.items():
        assert status == streams._STATUS.get(code, 502)


def test_limits_are_those_of_the_code():
    part = PAGE.partition("## Limits\n")[2].partition("\n## ")[0]
    assert f"{limits.REQUESTS_PER_SECOND} calls a second" in part
    assert f"{limits.OPEN_STREAMS} streams" in part
    assert f"{shapes.MAX_BODY_BYTES // 1024} KiB" in part
    assert f"You can have {MAX_TOKENS}." in PAGE


def test_links_lead_somewhere():
    anchors = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", PAGE, re.MULTILINE)
    }
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        path, _, anchor = target.partition("#")
        assert not path or (ROOT / "docs" / path).exists(), target
        assert path or anchor in anchors, target
