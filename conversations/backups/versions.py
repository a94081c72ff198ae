"""Whether this code knows all migrations that a database has seen."""

from collections.abc import Collection

from django.db.migrations.loader import MigrationLoader

from .archive import BackupError

Migrations = Collection[tuple[str, str]]


def refuse_newer(migrations: Migrations, what: str) -> None:
    """Raise BackupError where `what` has seen migrations that this code does not know: a newer version made it."""
    known = MigrationLoader(None).disk_migrations
    replaced = {pair for migration in known.values() for pair in migration.replaces}
    unknown = sorted(set(migrations) - set(known) - replaced)
    if unknown:
        raise BackupError(
            f"{what} was made by a newer version of the site: this one does not know {'.'.join(unknown[-1])[:200]}. "
            "Nothing was changed. Use the newer version, or a backup from before the upgrade."
        )
