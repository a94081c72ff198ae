"""The processes that a measurement consists of, each ended with it, and what they cost by the system's own account."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any, Self

import httpx

from tests.scripted_ollama import Script, ScriptedOllama, stamped
from tests.site import ROOT, Site, wait_until

MANY = {"OLLAMA_NUM_PARALLEL": "1000", "MAX_RUNNING_PER_USER": "0"}
START_SECONDS = 30
READY_SECONDS = 120


def cpu_seconds(pid: int) -> float:
    """The processor time of a process, user and system, of all its threads (clock_getcpuclockid(3))."""
    return time.clock_gettime(((~pid) << 3) | 2)


def rss_mb(pid: int) -> float:
    """The resident memory of a process in MB (10^6 bytes)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def threads(pid: int) -> int:
    """How many threads a process has."""
    return len(os.listdir(f"/proc/{pid}/task"))


class Sampler:
    """Notes a process's processor time ten times a second, for the cost of a part of a run, and its most threads."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.most_threads = 0
        self._seen: list[tuple[float, float]] = []
        self._over = Event()
        self._thread = Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Self:
        self._begun = time.monotonic()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while True:
            self._seen.append((time.monotonic() - self._begun, cpu_seconds(self._pid)))
            self.most_threads = max(self.most_threads, threads(self._pid))
            if self._over.wait(0.1):
                return

    def share(self, begin: float, end: float) -> float:
        """Processor seconds per second between two moments, in seconds from the beginning."""
        inside = [pair for pair in self._seen if begin <= pair[0] <= end]
        (first, before), (last, after) = inside[0], inside[-1]
        return (after - before) / (last - first)


@contextmanager
def program(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run `python -m …` with pipes for its input and output."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield process
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        process.kill()
        process.communicate()


class Measurer:
    """A program that prepares by a plan (JSON), says `ready`, is told to go, and prints what it saw (JSON)."""

    def __init__(self, module: str, plan: Any) -> None:
        self._stack = ExitStack()
        self._module, self._plan = module, plan

    def __enter__(self) -> Self:
        self.process = self._stack.enter_context(program(self._module))
        self._tell(json.dumps(self._plan))
        answer = self._line(READY_SECONDS)
        if answer.strip() != "ready":
            raise RuntimeError(f"{self._module} did not get ready: {answer!r}")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def go(self) -> None:
        """Let it begin (or, where it goes on without end, let it end)."""
        self._tell("go")

    def result(self, seconds: float) -> Any:
        """What it saw. Raises RuntimeError when it ends without, TimeoutError when it takes too long."""
        line = self._line(seconds)
        if not line:
            raise RuntimeError(f"{self._module} ended without a result")
        return json.loads(line)

    def _tell(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def _line(self, seconds: float) -> str:
        stream = self.process.stdout
        assert stream
        got: list[str] = []
        reader = _reading(stream, got)
        reader.join(seconds)
        if reader.is_alive():
            raise TimeoutError(f"{self._module} said nothing within {seconds:.0f} s")
        return got[0]


def _reading(stream: IO[str], got: list[str]) -> Thread:
    thread = Thread(target=lambda: got.append(stream.readline()), daemon=True)
    thread.start()
    return thread


class Scripted:
    """The scripted Ollama as a process of its own."""

    def __init__(self) -> None:
        with ScriptedOllama() as nobody:
            self.port = nobody.port
        self.url = f"http://127.0.0.1:{self.port}"
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self.process = self._stack.enter_context(program("tests.scripted_ollama", "--port", str(self.port)))
        wait_until(self._listens, START_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def _listens(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/api/version", trust_env=False).is_success
        return False

    def chats(self) -> int:
        """How many questions have come."""
        log = httpx.get(f"{self.url}/_log", trust_env=False).json()
        return sum(entry["path"] == "/api/chat" for entry in log)

    def play(self, script: Script, *, always: bool = False) -> None:
        """Answer the next question so (or every one)."""
        body = script.as_json() | {"always": always}
        httpx.post(f"{self.url}/_script", json=body, trust_env=False).raise_for_status()

    def tokens(self, count: int, rate: float) -> None:
        """Answer every question with tokens that tell when they were written."""
        self.play(Script([stamped(count, rate)]), always=True)


@contextmanager
def running_site(ollama: str, **env: str) -> Iterator[Site]:
    """Run the site with data of its own, without bounds on how much may run at once."""
    with tempfile.TemporaryDirectory() as data, Site(Path(data), ollama, **(MANY | env)) as site:
        # Without an administrator every page leads to the one that makes one.
        site.add_user("bench", admin=True)
        yield site


# Makes people who are logged in, and for each the address of a new conversation's socket: hashing passwords and
# drawing the page is not what is measured.
MAKE_READERS = """
import json, uuid
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from conversations.services.conversations import sign_new
from conversations.models import User
readers = []
for number in range({people}):
    user = User.objects.create(username=f"reader-{{uuid.uuid4().hex[:12]}}")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    for _ in range({each}):
        pk = uuid.uuid4()
        readers.append([session.session_key, str(pk), sign_new(user, pk)])
print(json.dumps(readers))
"""


def new_readers(site: Site, people: int, each: int = 1) -> list[dict[str, Any]]:
    """Return url, cookie and origin of `each` new conversations' sockets for `people` different people."""
    made = site.manage("shell", "--no-imports", "-c", MAKE_READERS.format(people=people, each=each))
    return [
        {
            "url": f"ws://127.0.0.1:{site.port}/ws/conversations/{conversation}/?new={signature}",
            "conversation": conversation,
            "headers": {"Cookie": f"sessionid={session}", "Origin": site.url},
        }
        for session, conversation, signature in json.loads(made)
    ]


# Makes people of whom each has a token.
MAKE_CALLERS = """
import json, uuid
from conversations.models import User
from conversations.services import tokens
people = [User.objects.create(username=f"caller-{{uuid.uuid4().hex[:12]}}") for _ in range({people})]
print(json.dumps([tokens.make(person, "bench", None)[1] for person in people]))
"""


def new_callers(site: Site, people: int) -> list[dict[str, Any]]:
    """Return where that many different people ask by program, and the header by which the site knows each."""
    made = site.manage("shell", "--no-imports", "-c", MAKE_CALLERS.format(people=people))
    url = f"{site.url}/api/chat/stream"
    return [{"url": url, "headers": {"Authorization": f"Bearer {token}"}} for token in json.loads(made)]
