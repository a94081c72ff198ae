"""Runs the page's Markdown modules in Node, on a DOM of jsdom, and compares with the server's HTML."""

import json
import os
import shutil
import subprocess
import sys
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from conversations.rendering import render
from tests.collected import collect

HERE = Path(__file__).parent
CORPUS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((HERE / "corpus").glob("*.md"))}


@dataclass(frozen=True)
class Case:
    """A text, and the pieces in which the live answer gets it."""

    text: str
    pieces: list[str]


def cases(text: str, random: Random, cuts: int) -> list[Case]:
    """Return cases for `text`: whole, one character at a time, and `cuts` times in random pieces."""
    in_pieces = [Case(text, pieces(text, random)) for _ in range(cuts)]
    return [Case(text, [text]), Case(text, list(text)), *in_pieces]


def pieces(text: str, random: Random) -> list[str]:
    """Return `text` cut as tokens may come, many in one frame now and then."""
    result: list[str] = []
    start = 0
    while start < len(text):
        end = start + random.choice((1, 1, 2, 3, 5, 8, 20, 60, 300))
        result.append(text[start:end])
        start = end
    return result


def node() -> str:
    """Return the path of Node: the virtual environment's own or the machine's."""
    found = shutil.which("node", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    assert found, "Node is missing: the installer of this project puts it into the virtual environment."
    return found


def run_node(script: str, data: dict[str, Any], directory: Path) -> Any:
    """Run `script` of this directory with `data`; return what it wrote, as JSON, into `directory`."""
    output = directory / f"{script}.json"
    data |= {"output": str(output)}
    subprocess.run([node(), HERE / script], input=json.dumps(data), text=True, check=True, timeout=120)
    return json.loads(output.read_text(encoding="utf-8"))


class Drawing(AbstractContextManager["Drawing"]):
    """The page's modules, collected into `directory`, and a Node that draws with them once it is asked to."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.names = collect(directory)
        (directory / "package.json").write_text('{"type": "module"}')
        self._node: subprocess.Popen[str] | None = None

    def __exit__(self, *_: object) -> None:
        if self._node is not None:
            self._node.communicate()

    def path(self, name: str) -> str:
        """Return the path of the static file `name` under its hashed name."""
        return str(self.directory / self.names[name])

    def differences(self, wanted: list[Case]) -> list[tuple[Case, str, str]]:
        """Draw the cases; return those whose live HTML is not the stored one or not inert, with both."""
        cases = [{"pieces": case.pieces, "html": render(case.text)} for case in wanted]
        results = self._ask("whole", cases)
        return [
            (case, result["problem"] or result["live"], result["stored"])
            for case, result in zip(wanted, results, strict=True)
            if result["problem"] or not result["equal"]
        ]

    def shown(self, pieces: list[str]) -> str:
        """Return the HTML of a text that has come so far, and goes on."""
        return str(self._ask("open", [{"pieces": pieces}])[0])

    def jumps(self, texts: list[list[str]]) -> list[dict[str, str]]:
        """Draw texts in pieces; return what one looks like where it is another than that of its text drawn at once."""
        results = self._ask("steps", [{"pieces": pieces} for pieces in texts])
        return [result for result in results if result]

    def _ask(self, asked: str, cases: list[dict[str, Any]]) -> list[Any]:
        """Let one Node draw for all: its start, and jsdom's, cost more than most of the cases."""
        if self._node is None:
            command = [node(), str(HERE / "dom.mjs"), self.path("js/markdown.js")]
            self._node = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8"
            )
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(json.dumps({"asked": asked, "cases": cases}) + "\n")
        self._node.stdin.flush()
        results: list[Any] = json.loads(self._node.stdout.readline())
        return results
