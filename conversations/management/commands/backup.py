"""Write the site's database, attachments and secret key into one file, while the site runs."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from conversations.backups import making
from conversations.backups.archive import BackupError


class Command(BaseCommand):
    """`manage.py backup [FILE|FOLDER]`."""

    help = "Back up the database, the attachments and the secret key into one file, while the site runs."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where the file is to be."""
        parser.add_argument(
            "path", nargs="?", type=Path, help="a new file, or a folder that is there; else DATA_DIR/backups"
        )

    def handle(self, *args: Any, path: Path | None, **options: Any) -> None:
        """Print where the backup is. Raises CommandError where none was made."""
        try:
            making.refuse_other_user()
            path = path.absolute() if path else making.directory()
            made = making.make(making.new_name(path, "chatsite") if path.is_dir() else path)
        except BackupError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{made.path}  {made.size:,} bytes, {made.seconds:.1f} s")
        self.stderr.write("It holds everything, the secret key too: keep it where nobody else can read it.")
