"""Forgets, hour by hour, the attachments that nobody has sent."""

import asyncio
import logging

from django.db import Error as DatabaseError

from . import database
from .attachments import files
from .services import attachments

logger = logging.getLogger(__name__)

_HOUR_SECONDS = 3600


async def run() -> None:
    """Forget for as long as the process lives; what fails is tried again in an hour."""
    while True:
        try:
            await forget()
        except (DatabaseError, OSError) as error:
            logger.warning("Attachments that nobody needs cannot be removed now: %s", error)
        await asyncio.sleep(_HOUR_SECONDS)


async def forget() -> None:
    """Forget once. Files go only by the word of their rows, so another database beside them costs nobody a picture."""
    gone = await database.sockets.run(attachments.forget_unsent)
    await asyncio.to_thread(files.remove, gone)
