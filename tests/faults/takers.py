"""Two processes that look at the queue in the same moment, as two threads with connections of their own.

manage.py shell -c "from tests.faults.takers import begun_at_once; print(begun_at_once())"
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

from django.db import connections, transaction
from django.utils import timezone

from conversations.models import Generation, User
from conversations.services.queue import take_turns
from conversations.services.turns import Limits
from tests.services.test_queue import ask, end, people

ONE = Limits(per_model=1, per_user=0, in_all=0)
# Long enough for a look at the queue that nothing holds up.
_LOOK_SECONDS = 1


def begun_at_once() -> int:
    """Return how many answers begin, of a model that gives one at a time.

    Before one process has kept that its question begins, somebody asks in the other one, whose clock is behind, and
    goes before it.
    """
    often, seldom = people(2)
    now = timezone.now()
    end(ask(often, status="running", started_at=now - timedelta(seconds=5)))
    waits = ask(often, "one", queued_at=now - timedelta(seconds=10))
    has_looked, other_has_looked = Event(), Event()
    with ThreadPoolExecutor(2) as threads:
        one = threads.submit(_take_slowly, waits, has_looked, other_has_looked)
        other = threads.submit(_ask_and_take, seldom, has_looked, other_has_looked)
        one.result()
        other.result()
    return Generation.objects.running().count()


def _take_slowly(waits: Generation, has_looked: Event, other_has_looked: Event) -> None:
    with transaction.atomic():
        take_turns("one", {waits.pk}, ONE)
        has_looked.set()
        other_has_looked.wait(_LOOK_SECONDS)
    connections.close_all()


def _ask_and_take(seldom: User, has_looked: Event, other_has_looked: Event) -> None:
    has_looked.wait()
    asked = ask(seldom, "other", queued_at=timezone.now() - timedelta(seconds=8))
    take_turns("other", {asked.pk}, ONE)
    other_has_looked.set()
    connections.close_all()
