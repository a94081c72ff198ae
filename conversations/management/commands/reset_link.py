"""Print a one-time link with which a person sets a new password."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.address import base_url
from conversations.models import User
from conversations.services import accounts
from conversations.usernames import normalize


class Command(BaseCommand):
    """`manage.py reset_link NAME`."""

    help = "Print a one-time link with which a person sets a new password."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the user name."""
        parser.add_argument("username", help="whose password is to be set anew")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the link. Raises CommandError for a person who is unknown or may not log in."""
        username = normalize(options["username"])
        user = User.objects.filter(username__iexact=username).first()
        if user is None:
            raise CommandError(f"There is nobody with the user name {username}.")
        if not user.is_active:
            raise CommandError(f"The account of {username} is switched off; switch it on in /admin/ first.")
        self.stdout.write(accounts.reset_link(user, base_url()))
        hours = settings.PASSWORD_RESET_TIMEOUT // 3600
        self.stderr.write(f"It works once, within {hours} hours, and until {username} next logs in.")
