"""The site as a person meets it: a real server process with its own data, driven from outside.

No test that uses it touches the database behind the server's back while it writes: people are made, and rows read, by
the site's own code in another process; everything else goes over HTTP and the socket.
"""

import atexit
import functools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Self

import httpx

from tests import commands, patience
from tests.servers import free_port, site_environment

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "correct horse battery staple"
FIRST_START = """
from django.core.management import call_command
from chatsite.staticfiles import collect_if_changed
call_command("migrate", interactive=False, verbosity=0)
collect_if_changed()
"""


class Site(AbstractContextManager["Site"]):
    """A running `manage.py serve`; `ollama` is the base URL of the Ollama it talks to.

    `env` adds environment variables. With `data_dir` given, an earlier site's data are found again. In an empty one
    the server's first start finds made already what it would make, unless `prepared` is false.
    """

    def __init__(self, data_dir: Path, ollama: str, **env: str) -> None:
        self.data_dir = data_dir
        self.prepared = True
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._env = {
            **os.environ,
            "DATA_DIR": str(data_dir),
            "OLLAMA_BASE_URL": ollama,
            "EMBEDDED": "off",
            "TIME_ZONE": "Asia/Shanghai",
            "PYTHONWARNINGS": "default",
            # As where people run it: without what Python keeps compiled, each start takes three times as long.
            "PYTHONDONTWRITEBYTECODE": "",
            **site_environment(data_dir),
            **env,
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The server's process id."""
        assert self._process is not None
        return self._process.pid

    def manage(self, *args: str, **env: str) -> str:
        """Run a management command on the site's data and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *args],
            cwd=ROOT,
            env={**self._env, **env},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def run(self, code: str) -> str:
        """Run Python with the site's settings and rows, in a process of its own, and return what it printed."""
        return commands.run(code, self._env)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        if self.prepared and not any(self.data_dir.glob("*")):
            self._prepare()
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", str(self.port)],
            cwd=ROOT,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        wait_until(lambda: self._answers() or self._ended(), explain=self.log)
        assert self._process.poll() is None, self.log()

    def _prepare(self) -> None:
        """Begin with a database and static files as the server's first start makes them."""
        left_out = ["secret_key", *(["chatsite.sqlite3"] if "DATABASE_URL" in self._env else [])]
        ignore = shutil.ignore_patterns(*left_out)
        shutil.copytree(_first_data(), self.data_dir, ignore=ignore, dirs_exist_ok=True)

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                self.output.append(line)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz", trust_env=False, timeout=2).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def log(self) -> str:
        """Everything that the server printed."""
        return "".join(self.output)

    def stop(self) -> int:
        """End the server as an administrator would, and return its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End the server without a word."""
        return self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(how)
        status = self._process.wait(timeout=patience.SECONDS)
        self._reader.join()
        self._process = None
        return status

    def add_user(self, name: str, *, admin: bool = False) -> None:
        """Make a person with PASSWORD."""
        fields = {"username": name, "password": _hashed_password(), "is_staff": admin, "is_superuser": admin}
        self.run(f"from conversations.models import User; User.objects.create(**{fields!r})")

    def log_in(self, name: str) -> httpx.Client:
        """Return a client that is logged in through the site's own form."""
        client = httpx.Client(
            base_url=self.url, trust_env=False, follow_redirects=True, timeout=patience.SECONDS
        )
        answer = client.post(
            "/accounts/login/",
            data={**csrf(client.get("/accounts/login/")), "login": name, "password": PASSWORD},
        )
        assert "sessionid" in client.cookies, answer.text[:2000]
        return client

    def post(self, client: httpx.Client, path: str, **data: str) -> httpx.Response:
        """Post a form with the token that its pages carry."""
        return client.post(path, data={**csrf(client.get("/")), **data}, headers={"Referer": self.url})

    def query(self, code: str) -> Any:
        """Evaluate an expression with the models at hand, in a process of its own, and return its JSON value."""
        prelude = "import json; from conversations.models import *; print(json.dumps("
        return json.loads(self.run(f"{prelude}{code}, default=str))"))

    def rss_kib(self) -> int:
        """The resident memory of the server process, in KiB (/proc)."""
        status = Path(f"/proc/{self.pid}/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])  # type: ignore[index]


def csrf(page: httpx.Response) -> dict[str, str]:
    """Return the token of a page as its forms send it."""
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text) or re.search(
        r'name="csrf-token" content="([^"]+)"', page.text
    )
    return {"csrfmiddlewaretoken": found[1]} if found else {}


@functools.cache
def _hashed_password() -> str:
    """PASSWORD as the site keeps it; hashing it for each person would be a third of a second."""
    code = f"from django.contrib.auth.hashers import make_password; print(make_password({PASSWORD!r}))"
    return commands.run(code, {**_without_services(), "DATA_DIR": str(_first_data())}).strip()


@functools.cache
def _first_data() -> Path:
    """Return a directory with what a site has before anybody has used it: empty tables, collected static files."""
    directory = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, directory)
    commands.run(FIRST_START, {**_without_services(), "DATA_DIR": str(directory)})
    return directory


def _without_services() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}


def wait_until(condition: Any, seconds: float = patience.SECONDS, explain: Any = lambda: "") -> Any:
    """Return the first true value of `condition()`; fail with `explain()` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.02)  # between two looks at the state
    raise AssertionError(f"not within {seconds} s: {explain()}")
