"""The dates above a list: years, then months, then days.

Django's own row of dates reads every row of the list to leave out days without any, which takes seconds once
the log is long. This one goes by the oldest and the newest row alone.
"""

from calendar import monthrange
from datetime import date, datetime
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext

Row = dict[str, Any]


class CalendarChangeList(ChangeList):
    """A list with `calendar`, for the template that draws Django's row of dates."""

    def get_filters(self, request: HttpRequest) -> Any:
        """Return what Django makes of the address; a date out of range is a wrong address, not an error."""
        try:
            return super().get_filters(request)
        except (OverflowError, ValueError) as error:
            raise IncorrectLookupParameters(error) from error

    @property
    def calendar(self) -> Row:
        """The dates to choose from, as `admin/date_hierarchy.html` takes them; empty for an empty list."""
        first, last = self._edge(self.date_hierarchy), self._edge(f"-{self.date_hierarchy}")
        if first is None or last is None:
            return {}
        year, month, day = (self._chosen(unit) for unit in ("year", "month", "day"))
        if not year:
            # Without its year Django takes the number of a month or day unchecked.
            month = day = None
            if first.year == last.year:
                year = first.year
                month = first.month if first.month == last.month else None
        if year and month and day:
            return self._one_day(date(year, month, day))
        if year and month:
            return self._days(year, month, first, last)
        return self._months(year, first, last) if year else self._years(first, last)

    def _edge(self, ordering: str) -> date | None:
        field = str(self.date_hierarchy)
        found: datetime | None = self.root_queryset.order_by(ordering).values_list(field, flat=True).first()
        return timezone.localtime(found).date() if found else None

    def _chosen(self, unit: str) -> int | None:
        value = self.params.get(f"{self.date_hierarchy}__{unit}")
        return int(value) if value else None

    def _link(self, **units: int) -> str:
        field = self.date_hierarchy
        chosen = {f"{field}__{unit}": value for unit, value in units.items()}
        return self.get_query_string(chosen, [f"{field}__"])

    def _one_day(self, day: date) -> Row:
        month = {
            "link": self._link(year=day.year, month=day.month),
            "title": _title(day, "YEAR_MONTH_FORMAT"),
        }
        return {"show": True, "back": month, "choices": [{"title": _title(day, "MONTH_DAY_FORMAT")}]}

    def _days(self, year: int, month: int, first: date, last: date) -> Row:
        days = (date(year, month, day) for day in range(1, monthrange(year, month)[1] + 1))
        choices = [
            {
                "link": self._link(year=year, month=month, day=day.day),
                "title": _title(day, "MONTH_DAY_FORMAT"),
            }
            for day in days
            if first <= day <= last
        ]
        return {"show": True, "back": {"link": self._link(year=year), "title": str(year)}, "choices": choices}

    def _months(self, year: int, first: date, last: date) -> Row:
        months = (date(year, month, 1) for month in range(1, 13))
        choices = [
            {"link": self._link(year=year, month=month.month), "title": _title(month, "YEAR_MONTH_FORMAT")}
            for month in months
            if first.replace(day=1) <= month <= last
        ]
        return {
            "show": True,
            "back": {"link": self._link(), "title": gettext("All dates")},
            "choices": choices,
        }

    def _years(self, first: date, last: date) -> Row:
        choices = [
            {"link": self._link(year=year), "title": str(year)} for year in range(first.year, last.year + 1)
        ]
        return {"show": True, "back": None, "choices": choices}


def _title(day: date, style: str) -> str:
    return capfirst(date_format(day, style))
