"""Print the link that makes the site's first administrator."""

from typing import Any

from django.core.management.base import BaseCommand

from conversations.address import base_url
from conversations.services import accounts


class Command(BaseCommand):
    """`manage.py setup_link`."""

    help = "Print the link that makes the first administrator."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the link, or that nobody needs it any more."""
        link = accounts.setup_link(base_url())
        self.stdout.write(link or "There is an administrator already. Log in at " + base_url())
