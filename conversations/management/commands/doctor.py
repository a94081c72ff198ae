"""Look at every part of the site and say what to do about what is not well."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import ngettext

from conversations.doctor import Finding, Level, examine


class Command(BaseCommand):
    """`manage.py doctor`."""

    help = (
        "Look at settings, database, migrations, channel layer, Ollama, models and disk, and say what to do."
    )
    # They are the first thing that it looks at.
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print what is found, part by part. Raises CommandError where something is wrong."""
        wrong = 0
        for finding in examine():
            self._show(finding)
            wrong += finding.level is Level.WRONG
        if wrong:
            raise CommandError(ngettext("%d thing is wrong.", "%d things are wrong.", wrong) % wrong)

    def _show(self, finding: Finding) -> None:
        styles = {
            Level.WELL: self.style.SUCCESS,
            Level.WORTH_A_LOOK: self.style.WARNING,
            Level.WRONG: self.style.ERROR,
        }
        level = styles[finding.level](f"{finding.level:5}")
        self.stdout.write(f"{level} {finding.part}: {finding.told}")
        if finding.advice:
            self.stdout.write(f"      {finding.advice}")
