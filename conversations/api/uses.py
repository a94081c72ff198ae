"""When tokens were used last: kept a moment later, those of all programs of the process in one write.

A write for each request would hold up the questions themselves.
"""

import asyncio
import logging
from uuid import UUID

from django.db import Error as DatabaseError

from conversations import database
from conversations.generation.runner import runner
from conversations.models import ApiToken
from conversations.services import tokens

logger = logging.getLogger(__name__)

_SECONDS = 1


class Uses:
    """Tokens whose use is to be kept."""

    def __init__(self) -> None:
        self._waiting: set[UUID] = set()

    def note(self, token: ApiToken) -> None:
        """Keep, soon, that a token is used."""
        if not tokens.is_use_due(token):
            return
        if not self._waiting:
            asyncio.get_running_loop().call_later(_SECONDS, self._write)
        self._waiting.add(token.pk)

    def _write(self) -> None:
        used, self._waiting = self._waiting, set()
        runner.adopt(_keep(used))


async def _keep(used: set[UUID]) -> None:
    try:
        await database.sockets.run(tokens.note_uses, used)
    except DatabaseError as error:
        logger.warning("When tokens were used last cannot be kept: %s", error)


uses = Uses()
