"""What people and models write does nothing in the admin."""

from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from django.urls import reverse

from conversations.models import Generation, GenerationEvent
from tests.admin import rows

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(1)>"
SEEN_AS_SENT = "\u202egnp.exe \x1b[31mred\x1b[0m \x07\x9b tag\U000e0041\U000e0042"
TEXTS = [
    SCRIPT,
    "'\"><svg onload=alert(1)>",
    "{{ 7|add:7 }}{% now 'Y' %}",
    '=HYPERLINK("http://evil")',
    SEEN_AS_SENT,
]


class _Tags(HTMLParser):
    """Collects what would run or be fetched."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[Any] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name.startswith("on") or (value or "").strip().lower().startswith("javascript:"):
                self.bad.append((tag, name, value))
            # A link that somebody may click is no request by itself.
            if name in {"src", "action"} and (value or "").startswith("http"):
                self.bad.append((tag, name, value))
        own = (dict(attrs).get("src") or "").startswith("/") or dict(attrs).get("type") == "application/json"
        if tag in {"iframe", "object", "embed", "style", "base"} or (tag in {"script", "img"} and not own):
            self.bad.append((tag, attrs))


def _pages(call: Generation) -> Iterator[str]:
    for name, row in (("conversation", call.conversation), ("generation", call), ("user", call.requested_by)):
        yield reverse(f"admin:conversations_{name}_changelist")
        yield reverse(f"admin:conversations_{name}_change", args=[row.pk])
    yield (
        reverse("admin:conversations_conversation_change", args=[call.conversation_id])
        + f"?message={call.message_id}"
    )
    yield reverse("admin:conversations_conversation_changelist") + "?q=" + "%3Cscript%3Ealert(1)%3C/script%3E"


def _hostile(text: str, name: str | None = None) -> Generation:
    """Return a call with `text` wherever there is text; `name` for what is no person's to choose."""
    name = text if name is None else name
    owner = rows.person(name, name=name)
    conversation = rows.conversation(owner, text, model=name, system_prompt=text, options={text: text})
    call = rows.exchange(
        conversation,
        text,
        text,
        model=name,
        options={text: [text], "temperature": text},
        status="failed",
        reason="ollama_error",
        error_detail=text,
        process=name,
    )
    GenerationEvent.objects.create(generation=call, at=rows.START, kind=name[:20], detail=name)
    call.message.thinking = text
    call.message.save()
    return call


@pytest.mark.fault(39)
@pytest.mark.parametrize("text", TEXTS)
def test_hostile_text_is_inert_on_every_page(root, text):
    for url in _pages(_hostile(text)):
        answer = root.get(url)
        assert answer.status_code == 200
        tags = _Tags()
        tags.feed(answer.text)
        assert tags.bad == []
        assert "<script>alert" not in answer.text


@pytest.mark.fault(39)
def test_characters_that_deceive_are_not_shown_as_they_are(root):
    for url in _pages(_hostile(SEEN_AS_SENT, name="harmless")):
        content = root.get(url).text.split("<main")[1]
        assert (url, set("\x1b\x07\x9b\u202e\U000e0041") & set(content)) == (url, set())


def test_options_of_any_shape_are_shown(root, owner):
    shapes: list[Any] = [[], "text", 7, {"deep": {"er": [1, {"x": None}]}}]
    for options in shapes:
        call = rows.exchange(rows.conversation(owner), options=options)
        assert root.get(reverse("admin:conversations_generation_change", args=[call.pk])).status_code == 200
        assert (
            root.get(
                reverse("admin:conversations_conversation_change", args=[call.conversation_id])
            ).status_code
            == 200
        )
    assert root.get(reverse("admin:conversations_generation_changelist")).status_code == 200


def test_unknown_words_of_the_log_are_shown_as_they_are(root, owner):
    call = rows.exchange(rows.conversation(owner), reason="from_the_future")
    assert (
        "from_the_future" in root.get(reverse("admin:conversations_generation_change", args=[call.pk])).text
    )
