"""Whether the process is alive, and whether it can work: for supervisors and load balancers.

Both say little: no versions, no addresses, no stack traces.
"""

import asyncio
import secrets
import threading
import time
from collections.abc import Callable

from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from conversations.generation.backend import backend

TIME_LIMIT = 2.0


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer "ok" as long as this process answers at all."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer with the state of what the site needs; 503 without its database or channel layer.

    A silent Ollama does not make the site unready: pages, the log and conversations work without it.
    """
    deadline = time.monotonic() + TIME_LIMIT
    database.start()
    layer_is_well = layer_answers()
    database_answers = database.ended_well(deadline)
    state = {
        "database": _word(database_answers),
        "channel_layer": _word(layer_is_well),
        "ollama": _word(_ollama_answers()),
    }
    return JsonResponse(state, status=200 if database_answers and layer_is_well else 503)


def _word(well: bool) -> str:
    return "ok" if well else "down"


class Probe:
    """A check that may hang: it runs on a thread of its own, one at a time, and is waited for briefly."""

    def __init__(self, check: Callable[[], bool]) -> None:
        self._check = check
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._well = False

    def start(self) -> None:
        """Start the check, unless an earlier one still hangs."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._well = False
                self._thread = threading.Thread(target=self._run, daemon=True)
                self._thread.start()

    def ended_well(self, deadline: float) -> bool:
        """Return whether the check passed before `deadline` (of time.monotonic)."""
        thread = self._thread
        if thread is not None:
            thread.join(max(0.0, deadline - time.monotonic()))
        return thread is not None and not thread.is_alive() and self._well

    def _run(self) -> None:
        try:
            self._well = self._check()
        except Exception:  # noqa: BLE001 - whatever went wrong, the answer is "down"
            self._well = False


def _database_answers() -> bool:
    connection = connections["default"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    finally:
        connection.close()


def _ollama_answers() -> bool:
    # What the process saw at its last look, a few seconds ago: asking here would let anybody load Ollama.
    state = backend.state("")
    return state.state not in {"starting", "down"} and not state.demonstration


def layer_answers() -> bool:
    """Return whether the channel layer carries a word."""
    try:
        return async_to_sync(_echo)()
    except Exception:  # noqa: BLE001 - whatever went wrong, the answer is "down"
        return False


async def _echo() -> bool:
    """Send a word to ourselves through the channel layer."""
    layer = get_channel_layer()
    word = secrets.token_hex(8)
    async with asyncio.timeout(TIME_LIMIT):
        channel = await layer.new_channel("readyz")
        await layer.send(channel, {"type": "readyz", "word": word})
        return (await layer.receive(channel))["word"] == word


database = Probe(_database_answers)
