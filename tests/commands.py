"""Code that runs beside a site under test, with that site's settings and rows, in a process of its own.

Most of what a management command costs is the reading of libraries. One process for all tests has read them; for each
call it forks, and only the child reads the settings. Here: `run`. In that process: `python -m tests.commands`, which
takes a JSON object a line (`environment`, `code`) and answers with another (`status`, `output`).
"""

import atexit
import functools
import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# What the site's models and commands are made of, as far as it can be read without settings.
LIBRARIES = (
    "aiohttp channels django.contrib.auth.hashers django.contrib.staticfiles django.core.management.commands.shell"
    " django.db.backends.sqlite3.base django.db.models django.forms django.template django.test django.urls"
    " django.views httpx httpx_aiohttp markdown_it psycopg redis.asyncio"
)


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
    for line in sys.stdin:
        print(json.dumps(_call(json.loads(line))), flush=True)


def _call(asked: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
        child = os.fork()
        if child == 0:
            os.dup2(output.fileno(), sys.stdout.fileno())
            os.dup2(output.fileno(), sys.stderr.fileno())
            status = _execute(asked)
            sys.stdout.flush()
            os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        output.seek(0)
        return {"status": status, "output": output.read()}


def _execute(asked: dict[str, Any]) -> int:
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    import django
    from django.db import connections

    try:
        django.setup()
        exec(asked["code"], {})  # noqa: S102 the tests' own code
        connections.close_all()
    except BaseException:  # noqa: BLE001 the test is told, whatever it is
        traceback.print_exc()
        return 1
    return 0


if __name__ == "__main__":
    serve()
