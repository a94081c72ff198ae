"""`manage.py seed_demo`: a site full of conversations."""

import secrets
from typing import Any

from django.core.management import BaseCommand, CommandError
from django.core.management.base import CommandParser
from django.db import IntegrityError, connection

from conversations.demo.rows import Plan, Seeding
from conversations.usage import counting


class Command(BaseCommand):
    """Fill the database with made-up people and what they said, to look at a full site or to measure one."""

    help = (
        "Add made-up people (demo1, demo2, …) with conversations, to look at a full site or to measure one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """How much there is to be."""
        parser.add_argument("--users", type=int, default=5, help="how many people")
        parser.add_argument("--conversations", type=int, default=200, help="how many conversations demo1 has")
        parser.add_argument("--messages", type=int, default=5000, help="how many messages there are in all")
        parser.add_argument(
            "--generations", type=int, default=0, help="how many model calls: one an answer, or more"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write it, and say how to log in."""
        plan = Plan(*(options[name] for name in ("users", "conversations", "messages", "generations")))
        if min(plan.users, plan.conversations, plan.messages) < 1 or plan.messages < 2 * plan.conversations:
            raise CommandError("It takes one of each at least, and two messages for each conversation.")
        password = secrets.token_urlsafe(9)
        try:
            people = Seeding(plan, password, self._tell).write()
        except IntegrityError as error:
            raise CommandError("There are such people already; nothing was added.") from error
        counting.count_missing()
        if connection.vendor == "postgresql":
            # Else it plans for small tables until it comes to look by itself
            # (https://www.postgresql.org/docs/current/populate.html#POPULATE-ANALYZE).
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
        self.stdout.write(f"\nAll can log in with the password {password}: demo1 … demo{len(people)}.")

    def _tell(self, written: int) -> None:
        self.stdout.write(f"\r{written:,} messages", ending="")
        self.stdout.flush()
