"""What programs look at: models, conversations, messages."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase

from conversations import database, offering
from conversations.generation.backend import backend
from conversations.lists import Place, listed
from conversations.models import Conversation, Generation, Message, User
from conversations.services import conversations, generations
from conversations.services.errors import Refused

from . import shapes
from .handling import Request, answer, endpoint

_PAGE_SIZE, _MAX_PAGE_SIZE = 50, 200


@endpoint("GET")
async def models(request: Request) -> HttpResponseBase:
    """Answer with the models that the person can choose from."""
    await backend.prepare()
    picture = backend.picture
    if not picture.looked or picture.down_since:
        raise Refused("ollama_down")
    offered = {model.name for model in await database.read(offering.models, request.person)}
    return answer({"models": [shapes.model(info) for info in picture.models if info.name in offered]})


@endpoint("GET")
async def conversation_list(request: Request) -> HttpResponseBase:
    """Answer with a page of the person's conversations."""
    cursor = request.GET.get("cursor")
    try:
        before = Place.parse(cursor) if cursor else None
    except (ValueError, OverflowError) as error:
        raise Refused("bad_cursor") from error
    return answer(await database.read(_conversations, request.person, before, _size(request)))


def _conversations(person: User, before: Place | None, size: int) -> dict[str, Any]:
    columns = "title", "model", "pinned", "created_at", "updated_at", "owner"
    page, following = listed(person, before, size, *columns)
    return {
        "conversations": [shapes.listed(row, running=row.running) for row in page],  # type: ignore[attr-defined]
        "next": str(following) if following else None,
    }


@endpoint("GET")
async def conversation(request: Request, pk: UUID) -> HttpResponseBase:
    """Answer with a conversation and a page of its shown messages: the latest ones, or those before a cursor."""
    cursor = request.GET.get("cursor")
    try:
        leaf = UUID(cursor) if cursor else None
    except ValueError as error:
        raise Refused("bad_cursor") from error
    return answer(await database.read(_conversation, request.person, pk, leaf, _size(request)))


def _conversation(person: User, pk: UUID, leaf: UUID | None, size: int) -> dict[str, Any]:
    found = conversations.owned(person, pk)
    if leaf and not found.messages.filter(pk=leaf).exists():
        raise Refused("bad_cursor")
    while True:
        live = _live(found)
        messages = Message.objects.with_generations().branch(leaf or found.shown_leaf_id, size)
        told = [_message(row) for row in messages]
        # Of an answer that ended between two of these queries the text would be missing.
        if _live(found) == live:
            break
    return {
        "conversation": shapes.conversation(found, running=live is not None),
        "messages": told,
        "next": messages[0].parent_id if messages else None,
    }


def _live(conversation: Conversation) -> UUID | None:
    """Return the call that is being made in a conversation: there is one at most."""
    live = Generation.objects.live().filter(conversation=conversation)
    return live.values_list("pk", flat=True).first()


def _message(row: Message) -> dict[str, Any]:
    calls = list(row.generations.all())
    call = calls[-1] if calls else None
    if call is None or not call.is_live:
        return shapes.message(row, call, (row.content, row.thinking))
    call.message = row
    return shapes.message(row, call, generations.text_so_far(call))


def _size(request: Request) -> int:
    text = request.GET.get("limit", str(_PAGE_SIZE))
    if not (text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= _MAX_PAGE_SIZE):
        raise Refused("bad_cursor")
    return int(text)
