"""Code that runs beside a site under test, with that site's settings and rows, in a process of its own.

Most of what a management command costs is the reading of libraries and settings. One process for all tests has read the
libraries; for each environment it forks a child that reads the settings, and that child forks for each call. Here:
`run`. In that process: `python -m tests.commands`, which takes a JSON object a line (`environment`, `code`) and answers
with another (`status`, `output`).
"""

import atexit
import functools
import importlib
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
# What the site's models and commands are made of, as far as it can be read without settings.
LIBRARIES = (
    "aiohttp channels django.contrib.auth.hashers django.contrib.staticfiles django.core.management.commands.shell"
    " django.db.backends.sqlite3.base django.db.models django.forms django.template django.test django.urls"
    " django.views httpx httpx_aiohttp markdown_it psycopg redis.asyncio"
)

# Environments whose settings are kept in memory; a test asks of one site, or of a few that serve it together.
MOST_READY = 4


def run(code: str, environment: dict[str, str]) -> str:
    """Run `code` with Django set up by `environment`; return what it printed. Raises AssertionError if it failed."""
    helper, lock = _helper()
    assert helper.stdin is not None
    assert helper.stdout is not None
    with lock:
        helper.stdin.write(json.dumps({"environment": environment, "code": code}) + "\n")
        helper.stdin.flush()
        answer = json.loads(helper.stdout.readline())
    assert answer["status"] == 0, answer["output"]
    return str(answer["output"])


@functools.cache
def _helper() -> tuple[subprocess.Popen[str], threading.Lock]:
    helper = subprocess.Popen(
        [sys.executable, "-m", "tests.commands"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(helper.communicate)
    return helper, threading.Lock()


def serve() -> None:
    """Answer calls until standard input ends."""
    for name in LIBRARIES.split():
        importlib.import_module(name)
    ready: list[Ready] = []
    for line in sys.stdin:
        asked = json.loads(line)
        one = next((one for one in ready if one.environment == asked["environment"]), None)
        if one is None:
            one = Ready(asked["environment"], ready)
            ready.append(one)
            if len(ready) > MOST_READY:
                ready.pop(0).end()
        print(json.dumps(one.call(asked["code"])), flush=True)


class Ready:
    """A child that has set up Django by `environment`. `others`: those there are already, whose pipes are not its."""

    def __init__(self, environment: dict[str, str], others: list["Ready"]) -> None:
        self.environment = environment
        self._pipe, its_end = multiprocessing.Pipe()
        self._pid = os.fork()
        if self._pid == 0:
            for pipe in (self._pipe, *(other._pipe for other in others)):
                pipe.close()
            _set_up_and_serve(environment, its_end)
        its_end.close()

    def call(self, code: str) -> dict[str, Any]:
        """Run the code in a child of the child."""
        self._pipe.send(code)
        answer: dict[str, Any] = self._pipe.recv()
        return answer

    def end(self) -> None:
        """Let the child go."""
        self._pipe.close()
        os.waitpid(self._pid, 0)


def _set_up_and_serve(environment: dict[str, str], calls: Connection) -> NoReturn:
    os.environ.clear()
    os.environ.update(environment)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    failure = _try(_set_up)
    with suppress(EOFError):
        while True:
            code = calls.recv()
            calls.send({"status": 1, "output": failure} if failure else _call(code))
    os._exit(0)


def _set_up() -> None:
    import django

    django.setup()


def _call(code: str) -> dict[str, Any]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), sys.stdout.fileno())
            os.dup2(output.fileno(), sys.stderr.fileno())
            failure = _try(lambda: _execute(code))
            print(failure, end="", flush=True)
            os._exit(bool(failure))
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        return {"status": status, "output": output.read()}


def _execute(code: str) -> None:
    from django.db import connections

    exec(code, {})  # noqa: S102 the tests' own code
    connections.close_all()


def _try(action: Callable[[], None]) -> str:
    """Return the traceback of what `action` raises, an empty text where it succeeds."""
    try:
        action()
    except BaseException:  # noqa: BLE001 the test is told, whatever it is
        return traceback.format_exc()
    return ""


if __name__ == "__main__":
    serve()
