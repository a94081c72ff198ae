"""Where the queries have their names."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import models
from django.db.models import Exists, OuterRef, Prefetch

if TYPE_CHECKING:
    from .models import Message, User

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
# The kind of the fact that says how many pictures a model was not given.
PICTURES_LEFT_OUT = "pictures_left_out"
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

    def listed(self) -> Self:
        """Return them as the sidebar lists them: newest first, with `running` where one is being answered."""
        from .models import Generation

        live = Generation.objects.live().filter(conversation=OuterRef("pk"))
        return self.filter(archived_at=None).order_by("-updated_at").annotate(running=Exists(live))


class MessageQuerySet(models.QuerySet["Message"]):
    """Messages along the branches of a conversation."""

    def branch(self, leaf: UUID | None, limit: int = WHOLE_BRANCH) -> list["Message"]:
        """Return the last `limit` messages that lead to `leaf`, oldest first, as they lie in the table."""
        ids = self._branch_ids(leaf, limit)
        found = self.in_bulk(ids)
        return [found[pk] for pk in ids if pk in found]

    def depth(self, leaf: UUID | None) -> int:
        """Return how many messages lead to `leaf`, itself among them."""
        return len(self._branch_ids(leaf, WHOLE_BRANCH))

    def turns(self, leaf: UUID | None, limit: int) -> list[tuple[str, str, UUID, bool]]:
        """Return the same as (role, content, id, has files): all that a model needs, without the cost of rows."""
        return [
            (role, content, _uuid(pk), bool(has_files))
            for role, content, pk, has_files in self._walk(_TURNS, leaf, limit)
        ]

    def below(self, message: UUID) -> list[UUID]:
        """Return the ids of a message and of all that stand below it, the lowest first."""
        return [_uuid(pk) for (pk,) in self._walk(_BELOW, message, WHOLE_BRANCH)]

    def _branch_ids(self, leaf: UUID | None, limit: int) -> list[UUID]:
        return [_uuid(pk) for (pk,) in self._walk(_IDS, leaf, limit)]

    def _walk(self, statement: str, leaf: UUID | None, limit: int) -> list[tuple[Any, ...]]:
        if leaf is None:
            return []
        key = self.model._meta.pk.get_db_prep_value(leaf, self._connection(), prepared=False)
        with self._connection().cursor() as cursor:
            cursor.execute(statement, [key, limit])
            return cursor.fetchall()

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


class GenerationQuerySet(models.QuerySet["Generation"]):  # type: ignore[name-defined] # the plugin is early
    """Generations by where they stand."""

    def with_left_out(self) -> Self:
        """Prefetch, as `left_out`, what tells of pictures that the model was not given."""
        from .models import GenerationEvent

        facts = GenerationEvent.objects.filter(kind=PICTURES_LEFT_OUT)
        return self.prefetch_related(Prefetch("events", facts, to_attr="left_out"))

    def live(self) -> Self:
        """Return those that wait or run."""
        return self.filter(status__in=["queued", "running"])

    def running(self) -> Self:
        """Return those that a model works on."""
        return self.filter(status="running")

    def queued(self) -> Self:
        """Return those that wait, first come first."""
        return self.filter(status="queued").order_by("queued_at", "pk")
