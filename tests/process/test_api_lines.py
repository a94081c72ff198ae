"""The lines of the documentation, run as they are printed: only the address is the test's, and TOKEN is one of its own.

That the events flow is seen while the model is held in mid-answer.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import cycle
from typing import Any, Self

import pytest

from tests import patience
from tests.api_client import Program, make_tokens
from tests.nginx import Nginx
from tests.scripted_ollama import ScriptedOllama, hold
from tests.site import ROOT, Site, wait_until
from tests.tab import Address

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine"),
]

PAGES = ("README.md", "README.zh-CN.md", "docs/api.md")
PRINTED = "http://127.0.0.1:8000"
FIRST = "The sky is blue, as far as "
REST = "I can see. 天空是蓝色的。"
# Where `-H "Last-Event-ID: …"` of the page goes on.
RESUMED = re.compile(r"Last-Event-ID: (\d+):0")


def lines() -> Iterator[tuple[str, str]]:
    """Yield each line of a page's shell blocks that calls the API, with the page."""
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            yield from ((page, line) for line in block.splitlines() if line.startswith("curl "))


LINES = sorted(set(lines()))
STREAMED = [(page, line) for page, line in LINES if line.startswith("curl -N ")]
OTHERS = [(page, line) for page, line in LINES if not line.startswith("curl -N ")]
DIRECT = "direct"
WAYS = [DIRECT, pytest.param("nginx", marks=pytest.mark.services)]


class Shell(AbstractContextManager["Shell"]):
    """A line in a shell with these variables."""

    def __init__(self, line: str, address: Address, **variables: str) -> None:
        assert PRINTED in line
        self._line = line.replace(PRINTED, address.url)
        self._variables = variables
        self.printed = ""

    def __enter__(self) -> Self:
        environment = {**os.environ, "no_proxy": "*", **self._variables}
        self._process = subprocess.Popen(
            ["bash", "-c", self._line],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def wait_printed(self, text: str) -> None:
        """Return when a line with `text` has been printed."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.printed += line
            if text in line:
                return
        raise AssertionError(f"{text} is not in {self.printed}")

    def finish(self) -> str:
        """Return all that was printed, once the line has ended well."""
        rest, _ = self._process.communicate(timeout=patience.SECONDS)
        self.printed += rest
        assert self._process.returncode == 0, self.printed
        return self.printed


@pytest.fixture(scope="module")
def nginx(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nginx]:
    """The proxy of deploy/ before the site, without TLS."""
    with Nginx(tmp_path_factory.mktemp("nginx"), [site]) as running:
        yield running


@pytest.fixture
def address(request: pytest.FixtureRequest, site: Site) -> Address:
    """Where the line finds the site: itself or, by its parameter, the proxy before it."""
    address: Address = site if request.param == DIRECT else request.getfixturevalue("nginx")
    return address


@pytest.fixture(scope="module")
def turns(site: Site) -> Callable[[], str]:
    """Return what gives the tokens of some people in turn."""
    tokens = cycle(make_tokens(site, *[f"person{number}" for number in range(6)]))
    return lambda: next(tokens)


@pytest.fixture
def program(turns: Callable[[], str], address: Address) -> Iterator[Program]:
    """The program of somebody who types the lines."""
    with Program(address, turns()) as made:
        yield made


def events(printed: str) -> list[dict[str, Any]]:
    """Return the events of a stream that was printed."""
    found = re.findall(r"^data: (.*)$", printed, re.MULTILINE)
    return [json.loads(text) for text in found]


def test_each_readme_has_its_line_and_the_page_of_the_api_all_calls():
    pages = [page for page, _ in LINES]
    assert (pages.count("README.md"), pages.count("README.zh-CN.md")) == (1, 1)
    assert pages.count("docs/api.md") >= 10


@pytest.mark.parametrize("address", WAYS, indirect=True)
@pytest.mark.parametrize(("page", "line"), STREAMED)
def test_a_line_that_streams_prints_the_answer_while_it_is_written(address, program, ollama, page, line):
    variables = {"TOKEN": program.token, "CONVERSATION": program.ask_whole("Hi")["conversation"]}
    ollama.enqueue(FIRST, hold("line"), REST)
    if "$GENERATION" in line:
        with program.ask("Why is the sky blue?", keep=True) as asked:
            asked.wait_text(FIRST)
        variables["GENERATION"] = asked.generation
    resumed = RESUMED.search(line)
    begins = int(resumed[1]) if resumed else 0
    with Shell(line, address, **variables) as shell:
        shell.wait_printed('"token"')
        ollama.wait_held("line")
        assert '"done":true' not in shell.printed.replace(" ", "")
        ollama.release("line")
        told = events(shell.finish())
    first, *pieces, last = told
    assert "".join(piece["token"] for piece in pieces) == (FIRST + REST)[begins:]
    assert (last["done"], last["status"], last["generation"]) == (True, "completed", first["generation"])
    if "$CONVERSATION" in line:
        assert first["conversation"] == variables["CONVERSATION"]


@pytest.mark.parametrize("address", WAYS, indirect=True)
@pytest.mark.parametrize(("page", "line"), OTHERS)
def test_a_line_that_does_not_stream_prints_what_was_asked_for(address, program, ollama, page, line):
    variables = {"TOKEN": program.token, "CONVERSATION": program.ask_whole("Hi")["conversation"]}
    if "$NEXT" in line:
        program.ask_whole("Hi again")
        variables["NEXT"] = program.get("/api/conversations", limit=1)["next"]
    if "$GENERATION" in line:
        ollama.enqueue(FIRST, hold("stopped"))
        with program.ask("Why is the sky blue?", keep=True) as asked:
            asked.wait_text(FIRST)
        variables["GENERATION"] = asked.generation
    with Shell(line, address, **variables) as shell:
        told = json.loads(shell.finish())
    assert "error" not in told
    if "$GENERATION" in line:
        assert told["status"] == "stopped"
    elif '"stream": false' in line:
        assert told["status"] == "completed"
    elif "/api/models" in line:
        assert told["models"]
    elif "$CONVERSATION" in line:
        assert told["messages"][0]["content"] == "Hi"
    else:
        assert told["conversations"]


@pytest.mark.parametrize("address", WAYS, indirect=True)
def test_a_line_that_is_interrupted_ends_the_answer(address, program, ollama: ScriptedOllama) -> None:
    number = len(ollama.chats) + 1
    ollama.enqueue(FIRST, hold("interrupted"))
    line = next(line for page, line in STREAMED if page == "README.md")
    with Shell(line, address, TOKEN=program.token) as shell:
        shell.wait_printed('"token"')
    assert ollama.wait_closed(number).closed_by_client
    listed = program.get("/api/conversations")["conversations"][0]
    wait_until(lambda: program.conversation(listed["id"])["messages"][-1]["status"] == "stopped")


@pytest.mark.parametrize("address", WAYS, indirect=True)
def test_a_line_with_a_wrong_token_prints_why(address):
    _, line = next(one for one in STREAMED if one[0] == "README.md")
    with Shell(line, address, TOKEN="chatsite_" + "x" * 43) as shell:
        assert json.loads(shell.finish())["error"]["code"] == "token_unknown"
