"""Delete conversations that nobody has touched for a time; without --delete, only tell which."""

import re
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _

from conversations.services import purging
from conversations.usage import counting

_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


def span(text: str) -> timedelta:
    """Return a span such as 90d, 12w, 6m or 2y. Raises CommandError."""
    match = re.fullmatch(r"(\d{1,4})([dwmy])", text)
    if not match or match[1].strip("0") == "":
        raise CommandError(_("“{text}” is no span of time; examples: 90d, 12w, 6m, 2y.").format(text=text))
    return timedelta(days=int(match[1]) * _DAYS[match[2]])


class Command(BaseCommand):
    """`manage.py purge --older-than SPAN [--only-deleted] [--delete]`."""

    help = "Delete conversations without activity for a time; a dry run, unless --delete is given."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how old, which, and whether it is meant."""
        parser.add_argument("--older-than", required=True, help="for example 90d, 12w, 6m or 2y")
        parser.add_argument("--only-deleted", action="store_true", help="only what its owners have deleted")
        parser.add_argument("--delete", action="store_true", help="do it; without this nothing is changed")

    def handle(self, *args: Any, older_than: str, only_deleted: bool, delete: bool, **options: Any) -> None:
        """Print what goes, or is gone. Raises CommandError for what is no span."""
        before = timezone.now() - span(older_than)
        rows = purging.old(before, only_deleted=only_deleted)
        found = purging.count(rows)
        self.stdout.write(
            _(
                "Last used before {day}: {conversations} conversations, {people} owners, {messages} messages."
            ).format(
                conversations=f"{found.conversations:,}",
                people=f"{found.people:,}",
                messages=f"{found.messages:,}",
                day=timezone.localdate(before),
            )
        )
        if not delete:
            self.stdout.write(_("Nothing was changed. With --delete they go, for good; make a backup first."))
            return
        # What goes has been counted then.
        counting.count_missing()
        gone = purging.purge(rows, self._progress)
        self.stdout.write(_("{count} conversations are deleted.").format(count=f"{gone:,}"))

    def _progress(self, number: int) -> None:
        if number % 100 == 0:
            self.stdout.write(f"  {number:,}")
