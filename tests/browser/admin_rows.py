"""What an administrator's pages have to show, made in the process of a site's rows, and where these pages are."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from conversations.admin.transcript import PER_PAGE
from conversations.models import (
    Access,
    ApiToken,
    Attachment,
    Conversation,
    Generation,
    Invitation,
    ModelProfile,
    Preset,
    Pull,
    Quota,
    User,
)
from conversations.services import access, accounts, attachments, newcomers
from conversations.services.newcomers import Newcomer
from tests.admin import rows
from tests.attachments import samples

PROMPT = "You are a patient teacher of mathematics. Answer in the language of the question."
OPTIONS = {"temperature": 0.7, "num_ctx": 8192, "stop": ["###"]}
ANSWER = """# 春天

The days are **longer**, the nights shorter; see [the almanac](https://example.org/spring).

```python
def spring(year: int) -> str:
    return f"{year}: " + "a line of code that is wider than a telephone" * 3
```

| flower | 花 | month | how tall in centimetres | how often one sees it in parks |
|---|---|---|---:|---|
| crocus | 番红花 | February | 12 | everywhere |
| tulip | 郁金香 | April | 40 | often |

- first item
- second item with $e^{i\\pi} = -1$

> Quoted words.
"""
LONG_WORD = "x" * 400
LONG = 2 * PER_PAGE + 30


def seed() -> None:
    """Make rows of every kind."""
    reader, anna = (User.objects.get(username=name) for name in ("admin", "anna"))
    group = Group.objects.create(name="7b · 春季班")
    newcomers.make([Newcomer("wang", "王小明"), Newcomer("<script>", "<b>Robert'); DROP</b>")], group)
    anna.groups.add(group)
    anna.email = "anna@example.org"
    accounts.save_profile(anna)
    conversation = _talk(anna)
    _long_talk(anna)
    _control(anna, group, reader)
    _pulls(reader)
    for kind in Access.Kind:
        access.note(reader, kind, [conversation], "a file with a long name.csv")


def _talk(owner: User) -> Conversation:
    """Make a conversation with all that may be in one: versions, thoughts, files, ratings, what went wrong."""
    talk = rows.conversation(owner, "写一首关于春天的诗", system_prompt=PROMPT, options=OPTIONS)
    talk.model = "internlm2:1.8b"
    talk.save(update_fields=["model"])
    asked = rows.message(talk, "user", "写一首关于春天的诗\n\nWith code and a table, please.")
    for name, content in (("spring.png", samples.picture(size=(640, 360))), ("notes.txt", b"notes" * 900)):
        _file(owner, name, content).messages.add(asked)
    first = rows.message(talk, "assistant", "Not so good.", asked, rating=-1, rating_comment="Too short.")
    rows.generation(first, status="stopped", reason="user_stop")
    good = rows.message(
        talk, "assistant", ANSWER, asked, thinking="The person wants a poem.\nI count.", thinking_ms=4200
    )
    good.rating = 1
    good.save(update_fields=["rating"])
    rows.generation(good, omitted_messages=3)
    rows.exchange(talk, LONG_WORD, LONG_WORD, status="interrupted", reason="process_died")
    rows.exchange(talk, "What is <script>alert(1)</script>?", "", status="failed", reason="ollama_error",
                  error_detail="model runner has unexpectedly stopped\nsignal: killed")  # fmt: skip
    return talk


def _long_talk(owner: User) -> None:
    """Make a conversation of several pages."""
    talk = rows.conversation(owner, "A long conversation with a title " + "that goes on " * 12)
    for number in range(LONG):
        rows.message(talk, ("user", "assistant")[number % 2], f"Words {number}", talk.shown_leaf)


def _file(owner: User, name: str, content: bytes) -> Attachment:
    return attachments.take(owner, name, io.BytesIO(content), len(content))


def _control(anna: User, group: Group, reader: User) -> None:
    profile = ModelProfile.objects.create(name="internlm2:1.8b", options=OPTIONS, system_prompt=PROMPT)
    profile.groups.add(group)
    for whose in ({"person": anna}, {"group": group}, {}):
        Quota.objects.create(messages=200, tokens=500_000, **whose)
    for owner in (None, anna):
        Preset.objects.create(owner=owner, name="Teacher", model="internlm2:1.8b", options=OPTIONS)
    ApiToken.objects.create(owner=anna, name=f"A program with a name {'x' * 60}", digest="x" * 64)
    Invitation.objects.create(
        group=group, created_by=reader, used=3, expires_at=timezone.now() + timedelta(days=14)
    )


def _pulls(by: User) -> None:
    """Make models that came, were stopped, could not be had, and whose process died."""
    sizes = {"total": 2_000_000_000, "completed": 800_000_000}
    for state, fields in (
        ("done", sizes),
        ("stopped", sizes),
        ("failed", {"error": f"pull model manifest: file does not exist {LONG_WORD}"}),
        ("failed", sizes),
    ):
        Pull.objects.create(model=f"{state}-model:7b", state=state, started_by=by, **fields)


def addresses() -> str:
    """Return where each page of the admin is, by its name, as JSON; one of a row shows the one with most in it."""
    found = {
        pattern.name: reverse(f"admin:{pattern.name}", kwargs=_keys(pattern))
        for pattern in _patterns(get_resolver().url_patterns)
        if pattern.name
    }
    return json.dumps(found)


def _patterns(patterns: list[Any], within: str = "") -> Iterator[URLPattern]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _patterns(pattern.url_patterns, pattern.namespace or within)
        elif within == "admin":
            yield pattern


def _keys(pattern: URLPattern) -> dict[str, Any]:
    """Return what stands in the address of `pattern`."""
    name = str(pattern.name)
    models = {f"{one._meta.app_label}_{one._meta.model_name}_": one for one in admin.site._registry}
    row = _row(next((model for begin, model in models.items() if name.startswith(begin)), User))
    keys = {
        **dict.fromkeys(("object_id", "pk", "id", "content_type_id"), row.pk),
        "attachment": Attachment.objects.all()[0].pk,
        "app_label": "conversations",
        "kind": "csv",
    }
    return {name: keys[name] for name in pattern.pattern.regex.groupindex}


def _row(model: Any) -> Any:
    if model is User:
        return User.objects.get(username="anna")
    if model in {Conversation, Generation}:
        talk = Conversation.objects.get(system_prompt=PROMPT)
        return talk if model is Conversation else talk.generations.get(status="failed")
    return model._default_manager.order_by("pk")[0]
