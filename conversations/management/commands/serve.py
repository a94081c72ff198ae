"""`manage.py serve`: everything between "installed" and "open this address"."""

import os
import socket
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.core.management.base import CommandParser
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.executor import MigrationExecutor
from django.http.request import validate_host

from chatsite import processes
from chatsite.staticfiles import collect_if_changed
from conversations import address, network
from conversations.backups import making, versions
from conversations.backups.archive import BackupError
from conversations.generation import ended
from conversations.ollama.embedded import EmbeddedProcess, available
from conversations.services import accounts, generations, pulls

_PROBE_SECONDS = 1.0
_SWITCH_SECONDS = 0.001


class Command(BaseCommand):
    """Check, migrate, collect static files, start the embedded model where it is needed, and serve."""

    help = "Start the site: checks, migrates, collects static files and serves until Ctrl+C."
    requires_system_checks = []
    _address = ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Host and port; both have their environment variable."""
        parser.add_argument("--host", default=settings.CHATSITE_HOST)
        parser.add_argument("--port", type=int, default=settings.CHATSITE_PORT)

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        """Serve until told to stop."""
        os.environ.setdefault("PYTHONUNBUFFERED", "1")
        self._refuse_taken_port(host, port)
        # Whoever is to be kept from a site with DJANGO_DEBUG is kept from this one, too.
        settings.CHATSITE_HOST = host
        self.check()
        try:
            with processes.alone():
                self._prepare_and_serve(host, port)
        except processes.AlreadyServedError as error:
            raise CommandError(str(error)) from error

    def _prepare_and_serve(self, host: str, port: int) -> None:
        with processes.one_after_the_other():
            self._migrate()
            collect_if_changed()
        if not settings.REDIS_URL:
            self._sweep()
        self._admit_network(host)
        embedded = self._start_embedded()
        try:
            self._serve(host, port)
        finally:
            if embedded is not None:
                embedded.stop()

    def _refuse_taken_port(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except (OSError, OverflowError) as error:
                why = str(getattr(error, "strerror", error)).rstrip(".")
                raise CommandError(
                    f"{host}:{port} cannot be used: {why}. "
                    "Is the site running already? Choose another port with --port or CHATSITE_PORT."
                ) from error

    def _migrate(self) -> None:
        executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
        seen = executor.loader.applied_migrations
        try:
            versions.refuse_newer(seen, "The database")
            if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
                return
            self.stdout.write("Preparing the database …")
            with making.before_upgrade() if seen else nullcontext() as kept:
                if kept is not None:
                    self.stdout.write(f"As it was, it is kept in {kept}")
                self._upgrade(kept)
        except BackupError as error:
            raise CommandError(str(error)) from error

    def _upgrade(self, kept: Path | None) -> None:
        try:
            call_command("migrate", interactive=False, verbosity=0)
        except DatabaseError as error:
            where = f" As it was, it is kept in {kept}" if kept else ""
            raise CommandError(f"The database could not be prepared: {_first_line(error)}.{where}") from error

    def _sweep(self) -> None:
        """End what an earlier process left behind: without Redis there is one process only."""
        pulls.sweep(pulls.heartbeats())
        swept = generations.sweep(generations.heartbeats())
        for row in swept:
            ended.note(row)
        if swept:
            self.stdout.write(
                f"{len(swept)} answers were interrupted when the site ended; their text is kept."
            )

    def _start_embedded(self) -> EmbeddedProcess | None:
        from conversations.generation.backend import backend

        if settings.EMBEDDED == "off" or _answers(settings.OLLAMA_BASE_URL):
            return None
        if not available():
            self.stdout.write(
                f"Nobody answers at {settings.OLLAMA_BASE_URL}, and no demonstration model is installed."
            )
            return None
        process = EmbeddedProcess()
        port = _free_port()
        process.start(port)
        backend.use_embedded(f"http://127.0.0.1:{port}")
        self.stdout.write(
            f"Nobody answers at {settings.OLLAMA_BASE_URL}: a small demonstration model (English only) answers "
            "until Ollama does."
        )
        return process

    def _admit_network(self, host: str) -> None:
        """Take requests for this machine's own addresses and names where the network reaches it, unless told which."""
        self._outside = [] if settings.HTTPS else [address.bracketed(one) for one in network.addresses(host)]
        if self._outside and not settings.ALLOWED_HOSTS_ARE_SET:
            settings.ALLOWED_HOSTS += [*self._outside, *network.names()]
        self._outside = [one for one in self._outside if validate_host(one, settings.ALLOWED_HOSTS)]

    def _serve(self, host: str, port: int) -> None:
        from channels.routing import get_default_application

        from chatsite.server import ChatServer

        # Threads that draw pages hold the interpreter for 5 ms at a time unless told otherwise, and a frame passes it
        # on several times before it is sent.
        sys.setswitchinterval(_SWITCH_SECONDS)
        refusals: list[str] = []
        endpoint_host = host.replace(":", r"\:")
        server = ChatServer(
            application=get_default_application(),
            endpoints=[f"tcp:port={port}:interface={endpoint_host}"],
            root_path=settings.FORCE_SCRIPT_NAME or "",
            server_name="chatsite",
        )
        server.on_listening = self._announce
        server.on_refused = refusals.append
        try:
            server.run()
        finally:
            address.forget(self._address)
        if refusals:
            raise CommandError(refusals[0])

    def _announce(self, host: str, port: int) -> None:
        self._address = address.reachable(host, port)
        address.record(self._address)
        base = f"http://{self._address}{settings.SITE_PREFIX}"
        self.stdout.write(f"chatsite is at {base}  (Ctrl+C ends it)")
        outside = [f"http://{one}:{port}{settings.SITE_PREFIX}" for one in self._outside]
        self._announce_network([one for one in outside if one != base])
        # Behind HTTPS, this process's own address leads nowhere.
        reached = [address.base_url()] if settings.HTTPS else dict.fromkeys([base, *outside[:1]])
        for link in filter(None, map(accounts.setup_link, reached)):
            self.stdout.write(f"Make the first administrator here (once): {link}")
        if outside:
            network.show_code(outside[0], sys.stdout)
        sys.stdout.flush()

    def _announce_network(self, bases: list[str]) -> None:
        if bases:
            self.stdout.write("Other devices of the network reach it at:")
        for base in bases:
            self.stdout.write(f"  {base}")


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")


def _answers(url: str) -> bool:
    """Return whether anybody takes connections at `url`."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        with socket.create_connection((parts.hostname or "", port), timeout=_PROBE_SECONDS):
            return True
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
