"""The queue in the database: counted over all processes, claimed by one of them at a time."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Case, Max, Q, Value, When
from django.utils import timezone

from conversations.models import Generation

from .generations import STALE_AFTER, Fact, add_facts
from .turns import Limits, Ring, Waiting

_LOCK = 7_203_451


@dataclass(frozen=True, slots=True)
class Turns:
    """What has become of the generations that wait in a process.

    `begun` are to be answered now; `gone` are live no more; of the others, `ahead` tells how many answers end before
    each (see `turns`).
    """

    begun: list[UUID]
    gone: list[UUID]
    ahead: dict[UUID, int]


def take_turns(process: str, here: Collection[UUID], limits: Limits) -> Turns:
    """Let those of `here`, which wait in `process`, begin whose turn it is.

    The turn of another process's generation stays free until that process takes it. Processes that have gone, and
    what somebody asked to stop, have no turn. May be repeated when its outcome is unknown.
    """
    with transaction.atomic():
        _lock()
        now = timezone.now()
        waiting = _waiting(process, now)
        last_turns = _last_turns(waiting)
        ring = Ring(_running(), waiting, last_turns, limits)
        begun = [asked.id for asked in ring.let_begin() if asked.id in here]
        # Whoever begins now goes behind all others in the ring, also by a clock that stands still or goes back.
        begins = _begin(begun, max([now, *last_turns.values()]) + timedelta(microseconds=1))
        gone: list[UUID] = []
        if begins < len(begun) or len(here) > sum(asked.id in here for asked in waiting):
            begun, gone = _as_they_are(here)
    return Turns(begun, gone, ring.ahead(here))


def _lock() -> None:
    """Hold the one lock of the queue until the transaction ends (SQLite's IMMEDIATE one is it already)."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _waiting(process: str, now: datetime) -> list[Waiting]:
    present = Q(process=process) | Q(heartbeat__gte=now - STALE_AFTER)
    rows = Generation.objects.queued().filter(present, stop_requested_at=None)
    return [Waiting(*row) for row in rows.values_list("pk", "model", "requested_by", "queued_at")]


def _running() -> list[tuple[str, int]]:
    rows = Generation.objects.running().order_by("started_at", "pk")
    return list(rows.values_list("model", "requested_by"))


def _last_turns(waiting: Sequence[Waiting]) -> dict[int, datetime]:
    """Return when those who wait last had a turn, as far as it was after the oldest question of all."""
    people = {asked.user for asked in waiting}
    if len(people) < 2:
        return {}
    turns = Generation.objects.filter(requested_by__in=people, started_at__gt=waiting[0].queued_at)
    return dict(turns.values_list("requested_by").annotate(Max("started_at")))


def _begin(claimed: Sequence[UUID], now: datetime) -> int:
    """Make queued generations running ones, each later than the one before; returns how many it found queued."""
    if not claimed:
        return 0
    times = {pk: now + timedelta(microseconds=number) for number, pk in enumerate(claimed)}
    begun = Generation.objects.filter(pk__in=claimed, status="queued").update(
        status="running",
        heartbeat=now,
        started_at=Case(*(When(pk=pk, then=Value(at)) for pk, at in times.items())),
    )
    add_facts(Fact(pk, at, "started") for pk, at in times.items())
    return begun


def _as_they_are(here: Collection[UUID]) -> tuple[list[UUID], list[UUID]]:
    """Return which of `here` run, and which are not live any more."""
    status = dict(Generation.objects.live().filter(pk__in=here).values_list("pk", "status"))
    running = [pk for pk, value in status.items() if value == Generation.Status.RUNNING]
    return running, [pk for pk in here if pk not in status]
