"""What is well with this site and what is not, part by part, and what to do about it: for `manage.py doctor`."""

import asyncio
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from asgiref.sync import async_to_sync
from django.conf import settings
from django.core import checks
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from .models import Generation
from .ollama.catalogue import ModelInfo
from .ollama.client import OllamaClient
from .ollama.errors import OllamaError
from .services import accounts
from .services.generations import STALE_AFTER
from .views.health import layer_answers

_GIB = 2**30
# SQLite, the attachments and a backup all grow.
_LITTLE_BYTES, _TOO_LITTLE_BYTES = 2 * _GIB, _GIB // 4
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Level(StrEnum):
    """How it stands with a part."""

    WELL = "ok"
    WORTH_A_LOOK = "look"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about a part, and what to do where it is not well."""

    level: Level
    part: str
    told: str
    advice: str = ""


def examine() -> Iterator[Finding]:
    """Yield what is found, part by part. What cannot be looked at for an error is a finding, too."""
    is_prepared = True
    for part, look in _parts():
        try:
            for found in look(part):
                is_prepared = is_prepared and not (look is _migrations and found.level == Level.WRONG)
                yield found
        except Exception as error:  # noqa: BLE001 -- whatever it is, the other parts are still to be looked at
            # Tables that are missing have been told of.
            if is_prepared or not isinstance(error, DatabaseError):
                yield _failure(part, error)


def _failure(part: str, error: Exception) -> Finding:
    first, *_rest = str(error).strip().splitlines() or [""]
    advice = _("See whether the database runs and DATABASE_URL is right.")
    told = f"{type(error).__name__}: {first}"
    return Finding(Level.WRONG, part, told, advice if isinstance(error, DatabaseError) else "")


def _parts() -> list[tuple[str, Callable[[str], Iterator[Finding]]]]:
    return [
        (_("settings"), _settings),
        (_("data directory"), _data),
        (_("disk"), _disk),
        (_("database"), _database),
        (_("migrations"), _migrations),
        (_("answers"), _answers),
        (_("channel layer"), _layer),
        ("Ollama", _ollama),
        (_("administrator"), _administrator),
        (_("mail"), _mail),
    ]


def _settings(part: str) -> Iterator[Finding]:
    reached = settings.HTTPS or settings.TRUSTED_PROXY_COUNT > 0
    found = [one for one in checks.run_checks(include_deployment_checks=reached) if not one.is_silenced()]
    for one in found:
        level = Level.WRONG if one.is_serious() else Level.WORTH_A_LOOK
        yield Finding(level, part, str(one.msg), str(one.hint or ""))
    if not found:
        yield Finding(Level.WELL, part, _("nothing contradicts itself"))


def _data(part: str) -> Iterator[Finding]:
    key = settings.DATA_DIR / "secret_key"
    if key.exists() and key.stat().st_mode & _OTHERS:
        told = _("others of this machine can read {path}").format(path=key)
        yield Finding(Level.WRONG, part, told, f"chmod 600 {key}")
    else:
        yield Finding(Level.WELL, part, str(settings.DATA_DIR))


def _disk(part: str) -> Iterator[Finding]:
    free = shutil.disk_usage(settings.DATA_DIR).free
    told = _("{size} are free").format(size=filesizeformat(free))
    advice = _("Make room, for example by moving old files out of {path}, or by manage.py purge.")
    if free >= _LITTLE_BYTES:
        yield Finding(Level.WELL, part, told)
    else:
        level = Level.WRONG if free < _TOO_LITTLE_BYTES else Level.WORTH_A_LOOK
        yield Finding(level, part, told, advice.format(path=settings.DATA_DIR / "backups"))


def _database(part: str) -> Iterator[Finding]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "SELECT sqlite_version(), page_count * page_size FROM pragma_page_count, pragma_page_size"
            )
            name = "SQLite"
        else:
            cursor.execute("SELECT current_setting('server_version'), pg_database_size(current_database())")
            name = "PostgreSQL"
        version, size = cursor.fetchone()
    yield Finding(Level.WELL, part, f"{name} {version}, {filesizeformat(size)}")


def _migrations(part: str) -> Iterator[Finding]:
    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        told = _("{count} are not applied").format(count=missing)
        yield Finding(
            Level.WRONG, part, told, _("Start the site again (manage.py serve), which applies them.")
        )
    else:
        yield Finding(Level.WELL, part, _("all are applied"))


def _answers(part: str) -> Iterator[Finding]:
    live = Generation.objects.live()
    lost = live.filter(heartbeat__lt=timezone.now() - STALE_AFTER - timedelta(minutes=1)).count()
    if lost:
        told = _("{count} are written by no process that lives").format(count=lost)
        yield Finding(
            Level.WRONG, part, told, _("A process of the site ends them: start it (manage.py serve).")
        )
    else:
        told = _("{running} are written, {waiting} wait").format(
            running=live.running().count(), waiting=live.queued().count()
        )
        yield Finding(Level.WELL, part, told)


def _layer(part: str) -> Iterator[Finding]:
    name = "Redis" if settings.REDIS_URL else _("in memory, for one process")
    if layer_answers():
        yield Finding(Level.WELL, part, name)
    else:
        advice = _(
            "See whether Redis runs and REDIS_URL is right; until then other processes hear of things late."
        )
        yield Finding(Level.WRONG, part, _("{name}: no answer").format(name=name), advice)


def _ollama(part: str) -> Iterator[Finding]:
    try:
        version, models, loaded = async_to_sync(_look_at_ollama)()
    except OllamaError as error:
        advice = _(
            "Start Ollama, or set OLLAMA_BASE_URL to where it is; until then a demonstration model may answer."
        )
        level = Level.WRONG if settings.EMBEDDED == "off" else Level.WORTH_A_LOOK
        yield Finding(level, part, f"{settings.OLLAMA_BASE_URL}: {error}", advice)
        return
    told = _("{version} at {address}, {count} models, loaded: {loaded}").format(
        version=version or "?",
        address=settings.OLLAMA_BASE_URL,
        count=len(models),
        loaded=", ".join(loaded) or _("none"),
    )
    yield Finding(Level.WELL, part, told)
    yield from _default_model([model.name for model in models])


async def _look_at_ollama() -> tuple[str, list[ModelInfo], list[str]]:
    async with OllamaClient(settings.OLLAMA_BASE_URL, settings.OLLAMA_API_KEY) as client:
        version, models, loaded = await asyncio.gather(client.version(), client.tags(), client.ps())
    return version, models, [model.name for model in loaded]


def _default_model(names: list[str]) -> Iterator[Finding]:
    wanted = settings.DEFAULT_MODEL
    if {wanted, f"{wanted}:latest"} & set(names):
        yield Finding(Level.WELL, _("default model"), wanted)
    else:
        level = Level.WORTH_A_LOOK if names else Level.WRONG
        told = _("{model} is not pulled").format(model=wanted)
        yield Finding(level, _("default model"), told, f"ollama pull {wanted}")


def _administrator(part: str) -> Iterator[Finding]:
    found = [user.get_username() for user in accounts.administrators()]
    if found:
        yield Finding(Level.WELL, part, ", ".join(found[:5]))
    else:
        yield Finding(Level.WRONG, part, _("there is none"), "manage.py setup_link")


def _mail(part: str) -> Iterator[Finding]:
    if settings.EMAIL_URL:
        yield Finding(Level.WELL, part, str(settings.EMAIL_HOST))
    else:
        yield Finding(Level.WELL, part, _("none is sent; administrators make links for new passwords"))
