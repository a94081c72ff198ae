"""A program that uses the HTTP API of a site under test, by the rules of docs/api.md."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Self

import httpx

from tests import patience
from tests.faults.people import logged_in
from tests.site import Site
from tests.tab import Address

Fields = dict[str, Any]
CHAT = "/api/chat/stream"

_MAKE_TOKENS = """
import json
from conversations.models import User
from conversations.services import tokens
made = []
for name in NAMES:
    user = User.objects.filter(username=name).first() or User.objects.create(username=name, language=LANGUAGE)
    made.append(tokens.make(user, f"test {user.api_tokens.count()}", DAYS)[1])
print(json.dumps(made))
"""


def make_tokens(site: Site, *names: str, days: int | None = None, language: str = "") -> list[str]:
    """Return a new token for each of these people, who are made where they are missing."""
    made: list[str] = json.loads(
        site.run(f"NAMES, DAYS, LANGUAGE = {names!r}, {days!r}, {language!r}{_MAKE_TOKENS}")
    )
    return made


class Program(AbstractContextManager["Program"]):
    """A client with a token. Used by `with`, or closed by `close`."""

    def __init__(self, site: Address, token: str, **headers: str) -> None:
        self.token = token
        self.client = httpx.Client(
            base_url=site.url,
            headers={"Authorization": f"Bearer {token}", **headers},
            trust_env=False,
            timeout=patience.SECONDS,
            limits=httpx.Limits(max_connections=None),
        )

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave."""
        self.client.close()

    def get(self, path: str, **params: Any) -> Fields:
        """Return what a call answers that succeeds."""
        return _succeeded(patiently(lambda: self.client.get(path, params=params)))

    def ask(self, prompt: str, **fields: Any) -> "Stream":
        """Ask, and return the stream, which is to be used by `with`."""
        return Stream(self.client, "POST", CHAT, json={"prompt": prompt, **fields})

    def ask_whole(self, prompt: str, **fields: Any) -> Fields:
        """Ask with `"stream": false`, and return what comes of it."""
        question = {"prompt": prompt, "stream": False, **fields}
        return _succeeded(patiently(lambda: self.client.post(CHAT, json=question)))

    def join(self, generation: str, last: str | None = None) -> "Stream":
        """Return the stream of an answer, behind the event `last`; it is to be used by `with`."""
        headers = {} if last is None else {"Last-Event-ID": last}
        path = f"/api/generations/{generation}/stream"
        return Stream(self.client, "GET", path, headers=headers, at=last or "0:0")

    def stop(self, generation: str) -> Fields:
        """Stop an answer and return how it stands."""
        return _succeeded(self.client.post(f"/api/generations/{generation}/stop"))

    def conversation(self, conversation: str, **params: Any) -> Fields:
        """Return a conversation with its latest messages."""
        return self.get(f"/api/conversations/{conversation}", **params)


@dataclass(frozen=True)
class Person:
    """Somebody with a program and, logged in, a browser."""

    name: str
    program: Program
    browser: httpx.Client


@contextmanager
def people(site: Site, count: int) -> Iterator[Iterator[Person]]:
    """Make people, and yield them one after the other: each test takes its own, whom no other one's calls limit."""
    names = [f"person{number}" for number in range(count)]
    with logged_in(site, "administrator", *names) as (_, *browsers), ExitStack() as stack:
        programs = [stack.enter_context(Program(site, token)) for token in make_tokens(site, *names)]
        yield map(Person, names, programs, browsers)


class Stream(AbstractContextManager["Stream"]):
    """A stream of events. `first` is its first one; `text` and `thinking` are what came behind the position `at`.

    Positions that do not go with the texts, as after a gap or a repetition, fail.
    """

    def __init__(self, client: httpx.Client, method: str, path: str, at: str = "0:0", **more: Any) -> None:
        self._client = client
        self._request = client.build_request(method, path, **more)
        self._at = _position(at)
        self._stack = ExitStack()
        self.events: list[Fields] = []
        self.comments = 0
        self.text = self.thinking = ""
        self.last_id: str | None = None

    def __enter__(self) -> Self:
        self.response = patiently(lambda: self._client.send(self._request, stream=True))
        self._stack.callback(self.response.close)
        if self.response.status_code != httpx.codes.OK:
            self.response.read()
            raise AssertionError(f"{self.response.status_code}: {self.response.text}")
        self._blocks = _blocks(self.response.iter_bytes())
        self.first = self.next()
        assert not self.first["done"]
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def generation(self) -> str:
        """The answer that is streamed."""
        return str(self.first["generation"])

    @property
    def conversation(self) -> str:
        """Where it stands."""
        return str(self.first["conversation"])

    def next(self) -> Fields:
        """Return the next event. Raises StopIteration at the end, httpx.HTTPError where the connection breaks."""
        for block in self._blocks:
            event = self._take(block)
            if event is not None:
                self.events.append(event)
                return event
        raise StopIteration

    def wait_text(self, text: str) -> None:
        """Return when `text` has come."""
        while text not in self.text:
            assert not self.next()["done"], self.events

    def wait_comment(self) -> None:
        """Return when a comment has come, and no event before it."""
        assert self._take(next(self._blocks)) is None

    def finish(self) -> Fields:
        """Read to the end and return the last event."""
        event = self.events[-1]
        while not event["done"]:
            event = self.next()
        assert next(self._blocks, None) is None, "something came behind the last event"
        return event

    def wait_cut(self) -> None:
        """Read to the end of a stream that ends without a last event."""
        with suppress(StopIteration):
            while True:
                assert not self.next()["done"], self.events[-1]

    def _take(self, block: bytes) -> Fields | None:
        """Return the event of a block; None for a comment."""
        lines = block.split(b"\n")
        if all(line.startswith(b":") for line in lines):
            self.comments += 1
            return None
        fields = dict(line.split(b": ", 1) for line in lines)
        assert fields.keys() <= {b"id", b"data"}, block
        event: Fields = json.loads(fields[b"data"])
        self.text += event.get("token", "")
        self.thinking += event.get("thinking", "") if "token" in event else ""
        if b"id" in fields:
            self.last_id = fields[b"id"].decode()
            came = (self._at[0] + len(self.text), self._at[1] + len(self.thinking))
            assert _position(self.last_id) == came, (block, self.text)
        return event


def patiently(call: Callable[[], httpx.Response]) -> httpx.Response:
    """Return what is answered; who calls too often, waiting for a state, waits as long as they are told."""
    while (answer := call()).status_code == httpx.codes.TOO_MANY_REQUESTS:
        answer.close()
        time.sleep(float(answer.headers["Retry-After"]))  # the span that the site asks a program to wait
    return answer


def _position(event_id: str) -> tuple[int, int]:
    content, thinking = event_id.split(":")
    return int(content), int(thinking)


def _blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what stands between empty lines; what is not ended by one was cut and is left out."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n\n")
        yield from whole


def _succeeded(answer: httpx.Response) -> Fields:
    assert answer.status_code == httpx.codes.OK, f"{answer.status_code}: {answer.text}"
    assert answer.headers["Content-Type"].startswith("application/json")
    fields: Fields = answer.json()
    return fields
