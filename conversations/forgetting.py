"""Forgets, hour by hour, attachments that nobody has sent and browsers in which nobody is logged in any more."""

import asyncio
import logging

from django.db import Error as DatabaseError

from . import database
from .attachments import files
from .services import attachments, browser_sessions, importing, leaving

logger = logging.getLogger(__name__)

_HOUR_SECONDS = 3600
_LOOK_SECONDS = 10
# Others wait for no longer on the same thread.
_AT_ONCE_SECONDS = 0.2


async def run() -> None:
    """Forget for as long as the process lives; what fails is tried again in an hour."""
    while True:
        try:
            await forget()
            await database.sockets.run(importing.forget_old)
        except (DatabaseError, OSError) as error:
            logger.warning("What nobody needs any more cannot be removed now: %s", error)
        await asyncio.sleep(_HOUR_SECONDS)


async def run_leaving() -> None:
    """Delete what deleted accounts had, for as long as the process lives and whichever process was asked."""
    while True:
        is_left = False
        try:
            is_left = await database.sockets.run(leaving.forget_some, _AT_ONCE_SECONDS)
        except (DatabaseError, OSError) as error:
            logger.warning("A deleted account cannot be removed now: %s", error)
        await asyncio.sleep(_AT_ONCE_SECONDS if is_left else _LOOK_SECONDS)


async def forget() -> None:
    """Forget once. Files go only by the word of their rows, so another database beside them costs nobody a picture."""
    gone = await database.sockets.run(attachments.forget_unsent)
    await asyncio.to_thread(files.remove, gone)
    await database.sockets.run(browser_sessions.forget_ended)
