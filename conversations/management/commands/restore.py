"""Put a backup in the place of what the site has."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.backups import making
from conversations.backups.archive import BackupError
from conversations.backups.restoring import restore


class Command(BaseCommand):
    """`manage.py restore FILE`."""

    help = "Restore a backup, while the site does not run; what was there is kept as another backup."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the backup."""
        parser.add_argument("file", type=Path, help="what `manage.py backup` has written")

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        """Print what was done. Raises CommandError for what cannot be restored."""
        try:
            making.refuse_other_user()
            restore(file.absolute(), self.stdout.write)
        except BackupError as error:
            raise CommandError(str(error)) from error
