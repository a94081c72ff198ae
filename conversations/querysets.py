"""Where the queries have their names."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn, Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Prefetch
from django.utils import timezone

if TYPE_CHECKING:
    from .models import Generation, Message, User

# Walks from a leaf to the root, so that opening the end of a long conversation reads only what it shows.
_WALK = """
WITH RECURSIVE branch(id, parent_id, depth) AS (
    SELECT id, parent_id, 1 FROM conversations_message WHERE id = %s
    UNION ALL
    SELECT m.id, m.parent_id, branch.depth + 1
    FROM conversations_message m JOIN branch ON m.id = branch.parent_id
    WHERE branch.depth < %s
)
"""
_IDS = _WALK + "SELECT id FROM branch ORDER BY depth DESC"  # noqa: S608 -- constants alone
_HAS_FILES = "EXISTS (SELECT 1 FROM conversations_attachment_messages a WHERE a.message_id = m.id)"
_TURNS = f"""{_WALK}
SELECT m.role, m.content, m.id, {_HAS_FILES}
FROM branch JOIN conversations_message m ON m.id = branch.id ORDER BY depth DESC
"""  # noqa: S608 -- constants alone
WHOLE_BRANCH = 1_000_000
# Looking through all of somebody's conversations for the models in them would take longer than anybody waits.
_LATEST = 1000
# The kind of the fact that says how many pictures a model was not given.
PICTURES_LEFT_OUT = "pictures_left_out"
# Walks up as far as a message: the nearest below it first, itself at the very first where the walk meets it.
_UP_TO = """
WITH RECURSIVE branch(id, parent_id, depth) AS (
    SELECT id, parent_id, 1 FROM conversations_message WHERE id = %s
    UNION ALL
    SELECT m.id, m.parent_id, branch.depth + 1
    FROM conversations_message m JOIN branch ON m.id = branch.parent_id
    WHERE branch.id <> %s
)
SELECT id FROM branch ORDER BY depth DESC LIMIT %s
"""
# Walks down by the newest child of each, as a branch is chosen (services/branches.py).
_NEWEST = """
WITH RECURSIVE branch(id, depth) AS (
    SELECT id, 1 FROM conversations_message WHERE id = %s
    UNION ALL
    SELECT (
        SELECT m.id FROM conversations_message m WHERE m.parent_id = branch.id
        ORDER BY m.created_at DESC, m.id DESC LIMIT 1
    ), branch.depth + 1
    FROM branch WHERE branch.id IS NOT NULL AND branch.depth < %s
)
SELECT id FROM branch WHERE id IS NOT NULL ORDER BY depth
"""
# Walks the other way, to everything that stands below a message.
_BELOW = """
WITH RECURSIVE below(id, depth) AS (
    SELECT id, 1 FROM conversations_message WHERE id = %s
    UNION ALL
    SELECT m.id, below.depth + 1 FROM conversations_message m JOIN below ON m.parent_id = below.id
)
SELECT id FROM below ORDER BY depth DESC LIMIT %s
"""


class ConversationQuerySet(models.QuerySet["Conversation"]):  # type: ignore[name-defined] # the plugin is early
    """Conversations by who may see them."""

    def for_user(self, user: "User") -> Self:
        """Return what `user` owns and has not deleted: the lookup is the permission."""
        return self.filter(owner=user, owner__is_active=True, deleted_at=None)

    def models(self) -> list[str]:
        """Return the models of the latest ones, each once."""
        latest = self.order_by("-updated_at").values_list("model", flat=True)[:_LATEST]
        return sorted(set(latest) - {""})

    def listed(self, *, pinned: bool) -> Self:
        """Return one part of the sidebar's list, newest first, with `running` where one is being answered."""
        from .models import Generation

        live = Generation.objects.live().filter(conversation=OuterRef("pk"))
        rows = self.filter(archived_at=None, pinned=pinned)
        return rows.order_by("-updated_at", "-pk").annotate(running=Exists(live))

    def archived(self) -> Self:
        """Return what has left the list, the latest first."""
        return self.filter(archived_at__isnull=False).order_by("-archived_at", "-pk")

    def behind(self, field: str, at: datetime, pk: UUID) -> Self:
        """Return what comes after a place in the order of `field` and the key, both falling."""
        # The first condition alone lets an index begin at the place.
        return self.filter(**{f"{field}__lte": at}).exclude(**{field: at, "pk__gte": pk})


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages along the branches of a conversation."""

    def branch(self, leaf: UUID | None, limit: int = WHOLE_BRANCH) -> list["Message"]:
        """Return the last `limit` messages that lead to `leaf`, oldest first, as they lie in the table."""
        ids = self.branch_ids(leaf, limit)
        found = self.in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]

    def branch_by_parts(self, leaf: UUID | None, size: int) -> Iterator[list["Message"]]:
        """Yield the messages that lead to `leaf`, oldest first, so many at a time."""
        ids = self.branch_ids(leaf)
        for start in range(0, len(ids), size):
            found = self.in_bulk(ids[start : start + size])
            yield [found[pk] for pk in ids[start : start + size] if pk in found]

    def depth(self, leaf: UUID | None) -> int:
        """Return how many messages lead to `leaf`, itself among them."""
        return len(self.branch_ids(leaf))

    def turns(self, leaf: UUID | None, limit: int) -> list[tuple[str, str, UUID, bool]]:
        """Return the same as (role, content, id, has files): all that a model needs, without the cost of rows."""
        return [
            (role, content, _uuid(pk), bool(has_files))
            for role, content, pk, has_files in self._walk(_TURNS, leaf, limit)
        ]

    def below(self, message: UUID) -> list[UUID]:
        """Return the ids of a message and of all that stand below it, the lowest first."""
        return [_uuid(pk) for (pk,) in self._walk(_BELOW, message, WHOLE_BRANCH)]

    def from_on(self, message: UUID, leaf: UUID | None, limit: int) -> list[UUID] | None:
        """Return the ids of `message` and of those behind it on the way to `leaf`, `limit` in all.

        None where `message` does not lead to `leaf`.
        """
        ids = [_uuid(pk) for (pk,) in self._walk(_UP_TO, leaf, message, limit)]
        return ids if ids and ids[0] == message else None

    def newest_from(self, message: UUID, limit: int) -> list[UUID]:
        """Return the ids of `message` and of its newest child, the newest one of that and so on, `limit` in all."""
        return [_uuid(pk) for (pk,) in self._walk(_NEWEST, message, limit)]

    def branch_ids(self, leaf: UUID | None, limit: int = WHOLE_BRANCH) -> list[UUID]:
        """Return the ids of the last `limit` messages that lead to `leaf`, oldest first."""
        return [_uuid(pk) for (pk,) in self._walk(_IDS, leaf, limit)]

    def _walk(self, statement: str, start: UUID | None, *bounds: UUID | int) -> list[tuple[Any, ...]]:
        if start is None:
            return []
        with self._connection().cursor() as cursor:
            cursor.execute(statement, [self._value(start), *map(self._value, bounds)])
            return cursor.fetchall()

    def _value(self, value: UUID | int) -> Any:
        """Return an id as the database takes it."""
        if isinstance(value, int):
            return value
        return self.model._meta.pk.get_db_prep_value(value, self._connection(), prepared=False)

    def _connection(self) -> Any:
        from django.db import connections

        return connections[self.db]

    def with_generations(self) -> Self:
        """Prefetch each answer's calls, oldest first, and each question's files."""
        from .models import Generation

        calls = Prefetch("generations", Generation.objects.order_by("queued_at").with_left_out())
        return self.prefetch_related(calls, "attachments")

    def siblings_of(self, messages: Iterable["Message"]) -> dict[UUID | None, list[UUID]]:
        """Return, for the parents of `messages` (all of one conversation), their children in order."""
        messages = list(messages)
        if not messages:
            return {}
        parents = {message.parent_id for message in messages}
        rows = self.filter(conversation=messages[0].conversation_id)
        condition = models.Q(parent__in=[parent for parent in parents if parent])
        if None in parents:
            condition |= models.Q(parent=None)
        siblings: dict[UUID | None, list[UUID]] = {}
        for pk, parent in rows.filter(condition).order_by("created_at", "pk").values_list("pk", "parent"):
            siblings.setdefault(parent, []).append(pk)
        return siblings


def _uuid(value: UUID | str) -> UUID:
    """Return an id as it is, whether the database has a type for it or keeps it as text."""
    return value if isinstance(value, UUID) else UUID(value)


class PresetQuerySet(models.QuerySet["Preset"]):  # type: ignore[name-defined] # the plugin is early
    """Presets by who may use them."""

    def for_user(self, user: "User") -> Self:
        """Return those that `user` may begin with: the own ones and the shared ones."""
        return self.filter(models.Q(owner=user) | models.Q(owner=None))

    def shared(self) -> Self:
        """Return those of everybody."""
        return self.filter(owner=None)


class GenerationQuerySet(models.QuerySet["Generation"]):
    """Generations by where they stand."""

    def with_left_out(self) -> Self:
        """Prefetch, as `left_out`, what tells of pictures that the model was not given."""
        from .models import GenerationEvent

        facts = GenerationEvent.objects.filter(kind=PICTURES_LEFT_OUT)
        return self.prefetch_related(Prefetch("events", facts, to_attr="left_out"))

    def latest_of(self, messages: Iterable[UUID]) -> dict[UUID, "Generation"]:
        """Return the latest call for each of these messages that has one."""
        calls = self.filter(message__in=list(messages)).order_by("queued_at")
        return {call.message_id: call for call in calls.only("message", "history_start", "first_token_at")}

    def newest_of(self, conversation: Any) -> Self:
        """Return those of `conversation` (a key, or a reference to one), the newest first."""
        return self.filter(conversation=conversation).order_by("-queued_at")

    def of_this_site(self) -> Self:
        """Return what was asked here, without what was brought from another site."""
        return self.exclude(process=self.model.IMPORTED)

    def live(self) -> Self:
        """Return those that wait or run."""
        return self.filter(status__in=["queued", "running"])

    def running(self) -> Self:
        """Return those that a model works on."""
        return self.filter(status="running")

    def queued(self) -> Self:
        """Return those that wait, first come first."""
        return self.filter(status="queued").order_by("queued_at", "pk")


class AccessQuerySet(models.QuerySet["Access"]):  # type: ignore[name-defined] # the plugin is early
    """What staff has read: written, and never changed or deleted."""

    def of(self, user: "User") -> Self:
        """Return what was read of a person's conversations, the latest first."""
        return self.filter(owner=user).order_by("-at", "-pk")

    def update(self, **_values: Any) -> NoReturn:
        """Raise TypeError."""
        raise TypeError("What was read is not changed.")

    def delete(self) -> NoReturn:
        """Raise TypeError."""
        raise TypeError("What was read is not deleted.")


class SharedLinkQuerySet(models.QuerySet["SharedLink"]):  # type: ignore[name-defined] # the plugin is early
    """Links by who may follow them."""

    def followed(self, token: str) -> Self:
        """Return the link of this token, while its conversation and its person are there."""
        there = self.filter(conversation__deleted_at=None, conversation__owner__is_active=True)
        return there.filter(token=token).select_related("conversation")

    def of(self, user: "User") -> Self:
        """Return a person's own, the newest first."""
        mine = self.filter(conversation__owner=user, conversation__deleted_at=None)
        return mine.select_related("conversation").order_by("-shared_at")


class InvitationQuerySet(models.QuerySet["Invitation"]):  # type: ignore[name-defined] # the plugin is early
    """Sign-up links."""

    def open(self) -> Self:
        """Return those that somebody may still use."""
        is_open = self.filter(used__lt=models.F("limit"), expires_at__gt=timezone.now())
        # Rights that the group was given later are not for whoever has the link.
        return is_open.filter(group__permissions=None)


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):  # type: ignore[name-defined] # the plugin is early
    """Tokens of the HTTP API."""

    def valid(self) -> Self:
        """Return those with which somebody may still act."""
        there = self.filter(owner__is_active=True, owner__leaving_at=None)
        return there.filter(models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now()))
