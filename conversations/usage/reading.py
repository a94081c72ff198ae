"""What a range of days came to: of everybody, of a person or of a group, with all models or one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import QuerySet

from conversations.models import UsageDay, User

from . import counting
from .counting import Day
from .counts import NUMBERS, Counts

# More days than these are shown by weeks, or by months.
_MOST_DAYS, _MOST_WEEKS = 62, 400
# Days that are not kept yet are counted for the one who looks, but not many.
_MOST_COUNTED = 3
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Choice:
    """Which days, and whose and which model's calls of them; nobody and "" stand for all."""

    since: date
    until: date
    model: str = ""
    person: int | None = None
    group: int | None = None

    @property
    def is_of_some(self) -> bool:
        """Whether only some people's calls are wanted."""
        return self.person is not None or self.group is not None

    def members(self) -> set[int]:
        """Return the people whose calls are wanted."""
        if self.person is not None:
            return {self.person}
        return set(User.objects.filter(groups=self.group).values_list("pk", flat=True))

    def step(self, day: date) -> date:
        """Return the first day of the day, week or month that a day is shown in."""
        span = (self.until - self.since).days + 1
        if span <= _MOST_DAYS:
            return day
        first = day - _DAY * day.weekday() if span <= _MOST_WEEKS else day.replace(day=1)
        return max(first, self.since)

    def steps(self) -> list[date]:
        """Return what is shown side by side, also where nothing was asked."""
        days = (self.since + _DAY * number for number in range((self.until - self.since).days + 1))
        return sorted({self.step(day) for day in days})


@dataclass(slots=True)
class Figures:
    """What was asked for, by the steps of the choice, by model, and as a whole; `uncounted` days are not in it."""

    steps: dict[date, Counts]
    people: dict[date, int]
    most_queued: dict[date, int]
    by_model: dict[str, Counts] = field(default_factory=lambda: defaultdict(Counts))
    total: Counts = field(default_factory=Counts)
    uncounted: int = 0
    # What the sums above are made of, by step and model.
    _cells: dict[tuple[date, str], Counts] = field(default_factory=lambda: defaultdict(Counts))

    def cell(self, step: date, model: str) -> Counts:
        """Return the counts that rows of a step and a model are added to."""
        return self._cells[step, model]

    def add_up(self) -> None:
        """Make the sums, once all rows are added."""
        for (step, model), counts in self._cells.items():
            for total in (self.steps[step], self.by_model[model], self.total):
                total.add(counts)


def read(choice: Choice) -> Figures:
    """Return what the chosen days came to."""
    steps = choice.steps()
    figures = Figures({step: Counts() for step in steps}, dict.fromkeys(steps, 0), dict.fromkeys(steps, 0))
    rows = UsageDay.objects.filter(day__gte=choice.since, day__lte=choice.until)
    _add_kept(figures, choice, rows)
    missing = [
        day for day in counting.uncounted(counting.today() + _DAY) if choice.since <= day <= choice.until
    ]
    figures.uncounted = max(0, len(missing) - _MOST_COUNTED)
    for day in missing[figures.uncounted :]:
        _add_counted(figures, choice, counting.count(day))
    figures.add_up()
    return figures


def models() -> list[str]:
    """Return the models that days have been counted of."""
    named = UsageDay.objects.filter(person=None).exclude(model="")
    return list(named.order_by("model").values_list("model", flat=True).distinct())


def _add_kept(figures: Figures, choice: Choice, rows: QuerySet[UsageDay]) -> None:
    marks = rows.filter(person=None, model="").values_list("day", "people", "most_queued")
    for day, people, queued in marks:
        _note(figures, choice, day, people if not (choice.model or choice.is_of_some) else 0, queued)
    wanted = _wanted(choice, rows)
    askers: dict[date, set[int]] = defaultdict(set)
    for row in wanted.values("day", "model", "person_id", "people", "spread", *NUMBERS):
        figures.cell(choice.step(row["day"]), row["model"]).add_row(row)
        if choice.is_of_some:
            askers[row["day"]].add(row["person_id"])
        elif choice.model:
            _note(figures, choice, row["day"], row["people"], 0)
    _note_askers(figures, choice, askers)


def _wanted(choice: Choice, rows: QuerySet[UsageDay]) -> QuerySet[UsageDay]:
    if choice.person is not None:
        rows = rows.filter(person=choice.person)
    elif choice.group is not None:
        rows = rows.filter(person__groups=choice.group)
    else:
        rows = rows.filter(person=None).exclude(model="")
    return rows.filter(model=choice.model) if choice.model else rows


def _add_counted(figures: Figures, choice: Choice, found: Day) -> None:
    members = choice.members() if choice.is_of_some else found.people
    askers = {
        person for person, model in found.by_person if person in members and choice.model in {"", model}
    }
    by_model: Iterable[tuple[str, Counts]] = found.by_model.items()
    if choice.is_of_some:
        by_model = [(model, counts) for (who, model), counts in found.by_person.items() if who in members]
    for model, counts in by_model:
        if choice.model in {"", model}:
            figures.cell(choice.step(found.day), model).add(counts)
    _note(figures, choice, found.day, len(askers), found.most_queued)


def _note_askers(figures: Figures, choice: Choice, askers: Mapping[date, set[int]]) -> None:
    for day, people in askers.items():
        _note(figures, choice, day, len(people), 0)


def _note(figures: Figures, choice: Choice, day: date, people: int, queued: int) -> None:
    """Keep the most people and the longest queue of the days of a step."""
    step = choice.step(day)
    figures.people[step] = max(figures.people[step], people)
    figures.most_queued[step] = max(figures.most_queued[step], queued)
