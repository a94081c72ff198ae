"""Counting days: from the log's rows to those of `UsageDay`."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple
from uuid import UUID

from django.db import Error as DatabaseError
from django.db import close_old_connections, transaction
from django.utils import timezone

from conversations.models import Generation, UsageDay

from .counts import NUMBERS, STATUSES, Counts, bin_of

logger = logging.getLogger(__name__)

_DAY = timedelta(days=1)
_BATCH = 500
_LOOK_SECONDS = 600
# A reason that goes without saying.
_ENDED_BY_ITSELF = "stop"


class _Call(NamedTuple):
    """What a generation adds to its day."""

    person: int
    model: str
    question: UUID | None
    status: str
    reason: str
    queued_at: datetime
    started_at: datetime | None
    first_token_at: datetime | None
    finished_at: datetime | None
    prompt_tokens: int | None
    output_tokens: int | None


_COLUMNS = ("requested_by_id", "model", "message__parent_id", *_Call._fields[3:])


@dataclass(slots=True)
class Day:
    """What one day came to: by model, by person and model, and as a whole."""

    day: date
    people: set[int] = field(default_factory=set)
    most_queued: int = 0
    is_over: bool = True
    by_model: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    by_person: dict[tuple[int, str], Counts] = field(default_factory=lambda: defaultdict(Counts))

    def rows(self) -> Iterator[UsageDay]:
        """Yield the day as it is kept."""
        yield UsageDay(day=self.day, people=len(self.people), most_queued=self.most_queued)
        askers: dict[str, int] = defaultdict(int)
        for person, model in self.by_person:
            askers[model] += 1
            yield self._row(self.by_person[person, model], person_id=person, model=model)
        for model, counts in self.by_model.items():
            yield self._row(counts, model=model, people=askers[model])

    def _row(self, counts: Counts, **columns: Any) -> UsageDay:
        numbers = {name: getattr(counts, name) for name in NUMBERS}
        return UsageDay(day=self.day, spread=counts.spread(), **numbers, **columns)


def count(day: date) -> Day:
    """Return what a day of the site's time zone came to so far."""
    zone = timezone.get_default_timezone()
    start, end = (_midnight(one, zone) for one in (day, day + _DAY))
    of_day = Generation.objects.of_this_site().filter(queued_at__gte=start, queued_at__lt=end)
    rows = of_day.order_by("queued_at")
    found = Day(day)
    asked: set[UUID | None] = {None}
    waits: list[tuple[datetime, int]] = []
    for call in map(_Call._make, rows.values_list(*_COLUMNS).iterator(2000)):
        is_question = call.question not in asked
        asked.add(call.question)
        found.people.add(call.person)
        found.is_over = found.is_over and call.status in STATUSES
        hour = timezone.localtime(call.queued_at, zone).hour
        for counts in (found.by_model[call.model], found.by_person[call.person, call.model]):
            _add(counts, call, hour, is_question=is_question)
        waits += _wait(call)
    found.most_queued = _most(waits)
    return found


def _midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _add(counts: Counts, call: _Call, hour: int, *, is_question: bool) -> None:
    counts.answers += 1
    counts.questions += is_question
    counts.hours[hour] += 1
    counts.prompt_tokens += call.prompt_tokens or 0
    counts.output_tokens += call.output_tokens or 0
    if call.status in STATUSES:
        setattr(counts, call.status, getattr(counts, call.status) + 1)
        if call.reason != _ENDED_BY_ITSELF:
            counts.reasons[call.reason] += 1
    if call.started_at and call.first_token_at:
        counts.first[bin_of(_milliseconds(call.started_at, call.first_token_at))] += 1
    if call.started_at and call.finished_at:
        counts.took[bin_of(_milliseconds(call.started_at, call.finished_at))] += 1


def _milliseconds(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds() * 1000)


def _wait(call: _Call) -> list[tuple[datetime, int]]:
    """Return when a call came into the queue, and when it left it."""
    left = call.started_at or call.finished_at
    if left is None or left <= call.queued_at:
        return []
    return [(call.queued_at, 1), (left, -1)]


def _most(changes: Iterable[tuple[datetime, int]]) -> int:
    """Return how many were in the queue at once at most; who leaves in a moment is not there in it any more."""
    most = here = 0
    for _at, change in sorted(changes):
        here += change
        most = max(most, here)
    return most


def keep(day: Day) -> None:
    """Keep a day that is over."""
    with transaction.atomic():
        UsageDay.objects.bulk_create(day.rows(), _BATCH, ignore_conflicts=True)


def uncounted(before: date) -> list[date]:
    """Return the days before a day that are not kept yet, from the site's first one on."""
    oldest = Generation.objects.order_by("queued_at").values_list("queued_at", flat=True).first()
    if oldest is None:
        return []
    first = timezone.localtime(oldest, timezone.get_default_timezone()).date()
    marks = UsageDay.objects.filter(person=None, model="", day__gte=first)
    kept = set(marks.values_list("day", flat=True))
    days = (first + _DAY * number for number in range((before - first).days))
    return [day for day in days if day not in kept]


def today() -> date:
    """Return the day that it is in the site's time zone."""
    return timezone.localdate(timezone=timezone.get_default_timezone())


def count_missing() -> int:
    """Count and keep all days that are over, and return how many."""
    days = uncounted(today())
    for day in days:
        found = count(day)
        if found.is_over:
            keep(found)
    return len(days)


async def run() -> None:
    """Count for as long as the process lives."""
    while True:
        try:
            await asyncio.to_thread(_count_missing)
        except DatabaseError as error:
            logger.warning("The days that are over cannot be counted now: %s", error)
        await asyncio.sleep(_LOOK_SECONDS)


def _count_missing() -> None:
    close_old_connections()
    count_missing()
