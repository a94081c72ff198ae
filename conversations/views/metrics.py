"""The numbers of this process, for Prometheus and for nobody who has not METRICS_TOKEN."""

from asgiref.sync import async_to_sync
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST

from conversations import metrics
from conversations.api.limits import limits
from conversations.generation.runner import runner
from conversations.socket import BoundedSocket


@never_cache
@require_safe
def show(request: HttpRequest) -> HttpResponse:
    """Send them to who has the token; for others there is nothing here."""
    kind, _space, token = request.headers.get("Authorization", "").partition(" ")
    is_right = kind.lower() == "bearer" and constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    if not (settings.METRICS_TOKEN and is_right):
        raise Http404
    state = async_to_sync(_state)()
    return HttpResponse(metrics.text(state), content_type=CONTENT_TYPE_LATEST)


async def _state() -> list[tuple[str, str, float]]:
    """Return what stands now, as the event loop sees it, to which it belongs."""
    answers = list(runner.answers.values())
    waiting = sum(answer.state.status == "queued" for answer in answers)
    sockets = sum(isinstance(viewer, BoundedSocket) for viewer in runner.rooms.viewers())
    return [
        ("chatsite_queue_length", "Generations that wait for their turn.", waiting),
        ("chatsite_running", "Generations that a model works on.", len(answers) - waiting),
        ("chatsite_sockets", "Open sockets of pages.", sockets),
        ("chatsite_api_streams", "Open streams of the HTTP API.", limits.open_streams),
        ("chatsite_checkpoint_lag_seconds", "Age of the oldest text that is not saved yet.", runner.lag),
    ]
