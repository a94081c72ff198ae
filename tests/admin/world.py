"""A person with something of each kind, what else there is to be looked at, and ways to look at it."""

import copy
import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from conversations.models import (
    Access,
    ApiToken,
    Attachment,
    BrowserSession,
    Conversation,
    Generation,
    GenerationEvent,
    Invitation,
    ModelProfile,
    Preset,
    Pull,
    Quota,
    SharedLink,
    UsageDay,
    User,
)
from conversations.ollama.client import PullStep
from conversations.ollama.errors import OllamaError
from conversations.services import attachments, importing, pulls
from tests.admin import rows
from tests.admin.table import Case

# What a person says, and what is made of it.
SECRET = "Kirschkernweitspucken"
# What else is nobody's business, but stands in the administrator's lists.
PRIVATE = "Zwetschgendatschi"
NOWHERE = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Said:
    """What stands in the rows: what people and models say, what is called as a person likes, or staff, or machines."""

    words: str = SECRET
    own: str = PRIVATE
    names: str = "some"
    told: str = "some"


def make(owner: User, reader: User, said: Said | None = None) -> dict[str, Any]:
    """Return what stands in addresses, by name: rows that `owner` has, and those of the site."""
    said = said or Said()
    kind = ContentType.objects.get_for_model(Conversation).pk
    places = {"csv": "csv", "jsonl": "jsonl", "nothing": "nothing", "type": kind}
    places |= {name: name for name in ("md", "json", "html", "conversations", "auth")}
    call = _call(owner, said)
    return {**places, **_of_person(owner, reader, call, said), **_of_site(reader, said)}


def _call(owner: User, said: Said) -> Generation:
    words, names, told = said.words, said.names, said.told
    conversation = rows.conversation(owner, f"{words} title", model=names, system_prompt=f"{words} prompt")
    times = dict.fromkeys(("queued_at", "started_at", "first_token_at", "finished_at"), timezone.now())
    call = rows.exchange(
        conversation,
        f"{words} secret question",
        f"{words} secret answer",
        model=names,
        options={names: [names], "stop": names},
        error_detail=told,
        process=names[:64],
        **times,
    )
    GenerationEvent.objects.create(generation=call, at=rows.START, kind=names[:20], detail=told)
    call.message.thinking, call.message.rating, call.message.rating_comment = words, -1, words
    call.message.save()
    return call


def _file(owner: User, words: str) -> Attachment:
    # Control characters are in no text file.
    content = "".join(filter(str.isprintable, words)).encode()
    return attachments.take(owner, f"{words}.txt", io.BytesIO(content), len(content))


def _of_person(owner: User, reader: User, call: Generation, said: Said) -> dict[str, Any]:
    file, conversation = _file(owner, said.words), call.conversation
    assert call.message.parent
    file.messages.add(call.message.parent)
    link = SharedLink.objects.create(
        conversation=conversation, title=conversation.title, leaf=call.message, leaf_length=1000
    )
    reading = Access.objects.create(
        kind="file",
        reader=reader,
        reader_name=said.names,
        owner=owner,
        owner_name=owner.username,
        conversation=conversation.pk,
        detail=file.name,
    )
    brought = importing.begin(owner, "x", 100)
    brought.name = said.own
    brought.save()
    browser = BrowserSession.objects.create(user=owner, session_key="x" * 32, user_agent=said.own)
    preset = Preset.objects.create(owner=owner, name=said.own, system_prompt=said.own)
    token = ApiToken.objects.create(owner=owner, name=said.own[:100], digest="x" * 64)
    return {
        "conversation": conversation.pk,
        "deleted": rows.conversation(owner, f"{said.words} deleted", deleted_at=rows.START).pk,
        "generation": call.pk,
        "attachment": file.pk,
        "access": reading.pk,
        "token": link.token,
        "import": brought.pk,
        "browser": browser.pk,
        "own_preset": preset.pk,
        "apitoken": token.pk,
    }


def _of_site(reader: User, said: Said) -> dict[str, Any]:
    names, told = said.names, said.told
    week = timezone.now() + timedelta(days=7)
    group = Group.objects.create(name=f"{names} 8c")
    invitation = Invitation.objects.create(group=group, expires_at=week, created_by=reader)
    made = {
        "group": Group.objects.create(name=f"{names} 7a"),
        "user": rows.person("newcomer"),
        "invitation": invitation,
        "modelprofile": ModelProfile.objects.create(name=names, options={names: names}, system_prompt=names),
        "quota": Quota.objects.create(group=group, messages=5),
        "preset": Preset.objects.create(name=f"{names} shared", model=names, system_prompt=names),
        "usageday": UsageDay.objects.create(day=rows.START.date(), model=names),
        "pull": Pull.objects.create(model=names, started_by=reader),
    }
    pulls.note(made["pull"].pk, PullStep(told, 2, 5))
    failed = Pull.objects.create(model="qwen3:0.6b", started_by=reader)
    pulls.end(failed.pk, Pull.State.FAILED, str(OllamaError(told)))
    return {**{name: row.pk for name, row in made.items()}, "invited": invitation.token}


# --- Looking at it


def address(case: Case, places: dict[str, Any]) -> str:
    """Return where a case is, among these rows."""
    args = [places[name] for name in case.args]
    if not case.name.startswith("admin/"):
        return reverse(case.name, args=args) + case.query
    # Django's addresses without a name.
    prefix = case.name.partition("<")[0].partition("(")[0]
    return f"/{prefix}{args[0]}/" if args else f"/{prefix}nowhere"


def ask(client: Client, case: Case, places: dict[str, Any]) -> Any:
    """Return the answer to a case."""
    data = {name: value.format_map(places) for name, value in case.data.items()}
    return getattr(client, case.method)(address(case, places), data)


@contextmanager
def undone(client: Client) -> Iterator[None]:
    """Take back what requests of this browser change."""
    before, cookies = transaction.savepoint(), copy.deepcopy(client.cookies)
    try:
        yield
    finally:
        transaction.savepoint_rollback(before)
        client.cookies = cookies


def text_of(answer: Any) -> str:
    """Return all that an answer says, unpacked."""
    content = bytes(answer.content)
    if answer.headers.get("Content-Type") != "application/zip":
        return content.decode()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join([*archive.namelist(), *(archive.read(name).decode() for name in archive.namelist())])
