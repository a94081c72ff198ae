"""`make check-ollama`: the main job against a real Ollama with a real `internlm2:1.8b`.

Starts the site on data of its own, asks, asks on, asks for a long answer and stops in every phase that the model
goes through. OLLAMA_BASE_URL and DEFAULT_MODEL are taken from the environment.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.site import Site
from tests.tab import Tab

BASE_URL = os.environ.get("OLLAMA_BASE_URL", "http://127.0.0.1:11434").rstrip("/")
MODEL = os.environ.get("DEFAULT_MODEL", "internlm2:1.8b")
# A cold model may take minutes to load.
PATIENCE = 600.0


def knows_the_conversation(tab: Tab) -> str:
    """Tell a name, ask for it."""
    tab.ask("My name is Zhang Wei. Please remember it.")
    tab.wait("generation.finished", PATIENCE)
    tab.ask("我叫什么名字？请只回答名字。")
    tab.wait("generation.finished", PATIENCE)
    found = "Zhang" in tab.text or "张" in tab.text
    return "" if found else f"the name is missing in: {tab.text!r}"


def writes_long_answers(tab: Tab) -> str:
    """Ask for more than a screen."""
    tab.ask("写一篇关于春天的长文章，至少八百字。", options={"num_predict": 1500})
    finished = tab.wait("generation.finished", PATIENCE)
    sys.stdout.write(f"      {finished['stats']}\n")
    return "" if finished["status"] == "completed" and len(tab.text) > 200 else f"{finished}"


def stops_in(phase: str) -> Callable[[Tab], str]:
    """Return a check that stops as soon as `phase` is told, or says that the model never was in it."""

    def check(tab: Tab) -> str:
        started = tab.ask("Count slowly from one to five hundred, in words.")
        while True:
            frame = tab.receive(PATIENCE)
            if frame["type"] == "generation.finished":
                return f"the model was never seen {phase}"
            if frame["type"] == "generation.status" and frame["phase"] == phase:
                break
        begun = time.monotonic()
        tab.stop(started["generation"])
        finished = tab.wait("generation.finished", PATIENCE)
        sys.stdout.write(f"      stopped after {(time.monotonic() - begun) * 1000:.0f} ms\n")
        return "" if finished["status"] == "stopped" else f"{finished}"

    return check


CHECKS: dict[str, Callable[[Tab], str]] = {
    "knows the conversation": knows_the_conversation,
    "writes long answers": writes_long_answers,
    "stops while reading": stops_in("reading"),
    "stops while writing": stops_in("writing"),
}


def main() -> int:
    """Run all checks and return the number of those that failed."""
    try:
        names = [
            model["name"] for model in httpx.get(f"{BASE_URL}/api/tags", trust_env=False).json()["models"]
        ]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        sys.stdout.write(f"Nobody answers as Ollama does at {BASE_URL}: {error}\n")
        return 1
    if MODEL not in names:
        sys.stdout.write(f"{MODEL} is not pulled there: ollama pull {MODEL}\n")
        return 1
    failed = 0
    with tempfile.TemporaryDirectory() as data, Site(Path(data), BASE_URL, DEFAULT_MODEL=MODEL) as site:
        site.add_user("checker", admin=True)
        with closing(site.log_in("checker")) as client:
            for name, check in CHECKS.items():
                with Tab(site, client) as tab:
                    problem = check(tab)
                failed += bool(problem)
                sys.stdout.write(f"{'FAILED' if problem else 'ok':6} {name} {problem}\n")
    return failed


if __name__ == "__main__":
    sys.exit(main())
