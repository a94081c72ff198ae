"""Keeps what was measured: `docs/benchmarks.md`, `docs/benchmarks.json` and two pictures."""

import json
import os
import platform
import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pygal
from pygal.style import Style

from .results import Outcome, Row

# pygal leaves an importer of its maps behind, of a kind that Python warns about at every later import.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

MARK = "<!-- measured -->"
COLOURS = ("#3b82f6", "#d97706")
GREY = "#808890"
TITLES = {
    "streams": "Answers side by side",
    "floor": "The same load: reading alone",
    "relay": "The same load: a plain relay",
    "bare": "The same load: a bare consumer",
    "api": "Answers for programs",
    "many": "Many slow answers",
    "first": "The first token",
    "stop": "Stop",
    "numbers": "Cost by number of answers",
    "length": "Cost by length of an answer",
    "idle": "While nothing happens",
    "page": "The page",
    "past": "A past of a million messages",
    "hostile": "An Ollama that misbehaves",
    "profile": "Where the time goes",
}


def machine(root: Path) -> dict[str, str]:
    """Where and of which commit this was measured."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True, check=True
    ).stdout.strip()
    cpu = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": commit,
        "cores": str(os.cpu_count()),
        "processor": cpu[1] if cpu else platform.machine(),
        "memory": f"{memory:.0f} GB",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def markdown(where: dict[str, str], outcomes: dict[str, Outcome]) -> str:
    """The part of the page that is written anew."""
    sections = [section(name, outcome) for name, outcome in outcomes.items()]
    return "\n".join([f"{_told(where)}\n", *sections])


def _told(where: dict[str, str]) -> str:
    return (
        f"{where['date']}, commit {where['commit']}: {where['cores']} cores ({where['processor']}), {where['memory']}"
        f" of memory, {where['kernel']}, Python {where['python']}; load of the machine at the end {where['load']}."
    )


def section(name: str, outcome: Outcome, *above: str) -> str:
    """One scenario's part of the page; `above` are lines between its title and its table."""
    lines = [f"## {TITLES[name]}", "", *above, *table(outcome.rows)]
    if name in {"numbers", "length"} and "points" in outcome.figures:
        lines += ["", f"![{TITLES[name]}](images/bench-{name}.svg)"]
    return "\n".join(lines) + "\n"


def table(rows: list[Row]) -> list[str]:
    """Rows as a table; one that missed its aim stands out."""
    marks = {True: "reached", False: "**missed**", None: ""}
    lines = ["| what | measured | aim | |", "| --- | --- | --- | --- |"]
    for row in rows:
        cells = [cell.replace("|", "\\|").replace("\n", " ") for cell in (row.what, row.measured, row.aim)]
        lines.append(f"| {' | '.join(cells)} | {marks[row.reached]} |")
    return lines


def chart(title: str, x_title: str, labels: list[str], series: dict[str, list[float]]) -> bytes:
    """A small picture of lines that begin at zero, without scripts and fonts from elsewhere."""
    style = Style(
        background="transparent",
        plot_background="transparent",
        foreground=GREY,
        foreground_strong=GREY,
        foreground_subtle=GREY,
        colors=COLOURS,
        font_family="sans-serif",
        guide_stroke_color=GREY,
        major_guide_stroke_color=GREY,
    )
    top = max(max(values) for values in series.values())
    picture = pygal.Line(
        style=style,
        js=[],
        width=640,
        height=360,
        range=(0, top * 1.15),
        title=title,
        x_title=x_title,
        legend_at_bottom=True,
        no_prefix=True,
        disable_xml_declaration=True,
    )
    picture.x_labels = labels
    for name, values in series.items():
        picture.add(name, values)
    return without_scripts(str(picture.render())).encode()


def without_scripts(svg: str) -> str:
    """The picture without the script that pygal always adds for its tooltips."""
    return re.sub(r"<script\b.*?(</script>|/>)", "", svg, flags=re.DOTALL)


def pictures(outcomes: dict[str, Outcome]) -> dict[str, bytes]:
    """File names and contents of the pictures of what has been measured."""
    drawn = {}
    if points := _points(outcomes, "numbers"):
        labels = [str(point["streams"]) for point in points]
        costs = {"server processor time per token, µs": [point["cpu_us"] for point in points]}
        drawn["bench-numbers.svg"] = chart(
            "Cost of a token by number of answers", "answers at 50 tokens/s, side by side", labels, costs
        )
    if points := _points(outcomes, "length"):
        labels = [f"{point['tokens_each']:,}" for point in points]
        costs = {
            "server processor time per token, µs": [point["cpu_us"] for point in points],
            "bytes on the socket per token (9 are text)": [point["bytes_per_token"] for point in points],
        }
        drawn["bench-length.svg"] = chart(
            "Cost of a token by length of the answer", "tokens in each of 10 answers", labels, costs
        )
    return drawn


def _points(outcomes: dict[str, Outcome], name: str) -> list[dict[str, Any]]:
    return outcomes[name].figures.get("points", []) if name in outcomes else []


def keep(root: Path, outcomes: dict[str, Outcome]) -> None:
    """Rewrite page, figures and pictures."""
    where = machine(root)
    page = root / "docs" / "benchmarks.md"
    head = page.read_text(encoding="utf-8").partition(MARK)[0]
    page.write_text(f"{head}{MARK}\n\n{markdown(where, outcomes)}", encoding="utf-8")
    figures = {name: outcome.figures for name, outcome in outcomes.items()}
    text = json.dumps({"machine": where, "scenarios": figures}, ensure_ascii=False, indent=1)
    page.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    _draw(root, outcomes)


def keep_some(root: Path, outcomes: dict[str, Outcome]) -> None:
    """Rewrite what was measured again, each part with its own date; the others stay as they are."""
    where = machine(root)
    page = root / "docs" / "benchmarks.md"
    head, *sections = re.split(r"(?m)^(?=## )", page.read_text(encoding="utf-8").partition(MARK)[2])
    parts = {part.partition("\n")[0].removeprefix("## "): part.strip("\n") + "\n" for part in sections}
    parts |= {TITLES[name]: section(name, one, _told(where), "") for name, one in outcomes.items()}
    kept = page.read_text(encoding="utf-8").partition(MARK)[0]
    page.write_text(f"{kept}{MARK}{head}" + "\n".join(parts.values()), encoding="utf-8")
    figures = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    for name, outcome in outcomes.items():
        figures["scenarios"][name] = outcome.figures
        figures.setdefault("measured_later", {})[name] = where
    text = json.dumps(figures, ensure_ascii=False, indent=1)
    page.with_suffix(".json").write_text(text + "\n", encoding="utf-8")
    _draw(root, outcomes)


def _draw(root: Path, outcomes: dict[str, Outcome]) -> None:
    for name, picture in pictures(outcomes).items():
        (root / "docs" / "images" / name).write_bytes(picture)
