"""Files that are made while they are sent."""

from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor

from asgiref.sync import sync_to_async
from django.db import close_old_connections
from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

# These files are made by threads of their own: a long one keeps nobody from the site's pages.
_threads = ThreadPoolExecutor(2, thread_name_prefix="file")


def streamed(parts: Iterator[bytes], content_type: str, name: str) -> StreamingHttpResponse:
    """Send `parts` as a file of this name, each when it is asked for; any of the threads may be asked."""
    response = StreamingHttpResponse(_asked_for(parts), content_type=content_type)
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response


async def _asked_for(parts: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the next part when the one before has gone out; Django would make a list of an iterator that is none."""

    def following() -> bytes | None:
        close_old_connections()
        return next(parts, None)

    ask = sync_to_async(following, thread_sensitive=False, executor=_threads)
    while (part := await ask()) is not None:
        yield part
