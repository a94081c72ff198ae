"""Writes `docs/faults.md`: what was done to the site, what happened, and the figures; `docs/faults.json` keeps the same
for a later run of some of the tests."""

import json
import os
import platform
import re
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import starmap
from pathlib import Path

from .cases import CASES

ROOT = Path(__file__).resolve().parents[2]
HEAD = """# Faults

The site under everything that can go wrong: a real server process, a scripted Ollama, a browser or its socket, and
between them a proxy that cuts, resets, delays, drips or swallows. Each row names a fault, the tests that bring it
about, and what they saw. A test fails also when the server's log holds an error, a traceback, a coroutine that
nobody awaited or something left open. `make faults` runs all of them and writes this page; with `ONLY=` and a file of
tests it runs these, and leaves what earlier runs have seen of the others.
"""
Figure = float | str
COLUMNS = ["Tests", "What happened", "Figures"]
# How the names of figures end, and what that is called.
UNITS = {"s": "s", "ms": "ms", "kib": "KiB", "mib": "MiB", "mb": "MB", "bytes": "bytes", "percent": "%"}
# So many things of a kind are told of one case; of more, how many.
_TOLD = 6


@dataclass
class Seen:
    """A test that was run: its name in pytest's form, its cases, how it ended, what it noted, and when that was."""

    name: str
    cases: list[int | str]
    outcome: str = "passed"
    happened: list[tuple[str, dict[str, Figure]]] = field(default_factory=list)
    run: str = ""


def write(path: Path, tests: list[Seen], *, beside: bool) -> None:
    """Write the page anew, or with these tests `beside` those of earlier runs."""
    run = when()
    for test in tests:
        test.run = run
    names = {test.name for test in tests}
    earlier = [test for test in _kept(path) if test.name not in names] if beside else []
    everything = sorted([*earlier, *tests], key=lambda test: test.name)
    path.write_text(page(everything), encoding="utf-8")
    kept = json.dumps([asdict(test) for test in everything], ensure_ascii=False, indent=1)
    path.with_suffix(".json").write_text(kept + "\n", encoding="utf-8")


def _kept(path: Path) -> list[Seen]:
    return [Seen(**test) for test in json.loads(_read(path.with_suffix(".json")) or "[]")]


def when() -> str:
    """When and of which commit the tests are run."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, commit {commit or 'unknown'}"


def machine() -> str:
    """What the tests are run on."""
    model = re.search(r"model name\s*: (.+)", _read(Path("/proc/cpuinfo")))
    return (
        f"{os.cpu_count()} cores ({model[1] if model else platform.machine()}),"
        f" {platform.system()} {platform.release()}, Python {platform.python_version()}"
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


def page(tests: list[Seen]) -> str:
    """The page's text."""
    runs = sorted({test.run for test in tests})
    numbered = [
        [str(number), what, *_cells([test for test in tests if number in test.cases])]
        for number, what in CASES.items()
    ]
    words = sorted({case for test in tests for case in test.cases if isinstance(case, str)})
    named = [[word, *_cells([test for test in tests if word in test.cases])] for word in words]
    lines = [
        HEAD,
        f"{machine()}.",
        "",
        *(f"- {run}" for run in runs),
        "",
        *_table(["Case", "What is done", *COLUMNS], numbered),
    ]
    lines += ["", "## Beyond the forty", "", *_table(["What is done", *COLUMNS], named)]
    return "\n".join(lines) + "\n"


def _table(names: list[str], rows: list[list[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in [names, ["---"] * len(names), *rows]]


def _cells(tests: list[Seen]) -> list[str]:
    """The names of tests that show one fault, what they saw, and their figures."""
    names = _unique(f"`{_short(test.name)}`" for test in tests) or ["**none**"]
    happened = [f"**{test.outcome}**: {_short(test.name)}" for test in tests if test.outcome != "passed"]
    notes: dict[str, list[dict[str, Figure]]] = {}
    for text, figures in (note for test in tests for note in test.happened):
        notes.setdefault(text, []).append(figures)
    happened += _unique(map(_sentence, notes))
    measured = _unique(", ".join(starmap(_figure, _values(found).items())) for found in notes.values())
    return ["<br>".join(map(_escaped, part)) for part in (names, happened, measured)]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].removesuffix(".") + "."


def _values(found: list[dict[str, Figure]]) -> dict[str, list[Figure]]:
    """Return by name what tests that saw the same have measured."""
    values: dict[str, list[Figure]] = {}
    for figures in found:
        for name, value in figures.items():
            values.setdefault(name, []).append(value)
    return values


def _unique(texts: Iterable[str]) -> list[str]:
    found = list(dict.fromkeys(text for text in texts if text))
    return found if len(found) <= _TOLD else [*found[:_TOLD], f"and {len(found) - _TOLD} more"]


def _short(name: str) -> str:
    return name.rpartition("::")[2].partition("[")[0]


def _figure(name: str, values: list[Figure]) -> str:
    """Return a figure with its unit; of several values of it, the least and the most."""
    words = name.split("_")
    unit = words.pop() if words[-1] in UNITS else ""
    numbers = [value for value in values if not isinstance(value, str)]
    told = [min(numbers), max(numbers)] if len(numbers) == len(values) else values
    amounts = dict.fromkeys(map(_amount, told))
    return " ".join(filter(None, [*words, ("–" if numbers else ", ").join(amounts), UNITS.get(unit, "")]))


def _amount(value: Figure) -> str:
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
