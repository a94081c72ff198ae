"""What the benchmark measured becomes a page, figures for comparison, and pictures that carry no script."""

import json
import xml.etree.ElementTree as ET

import pytest

from . import report
from .profile import grouped
from .results import Outcome

POINTS = [{"streams": 1, "cpu_us": 90.0}, {"streams": 200, "cpu_us": 80.5}]
LENGTHS = [{"tokens_each": 250, "cpu_us": 60.0, "bytes_per_token": 22.5}] * 2


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """A project whose page has just been rewritten."""
    (tmp_path / "docs" / "images").mkdir(parents=True)
    (tmp_path / "docs" / "benchmarks.md").write_text(
        f"# Kept\n\n{report.MARK}\n\nold figures\n", encoding="utf-8"
    )
    monkeypatch.setattr(
        report,
        "machine",
        lambda _root: dict.fromkeys(
            ("date", "commit", "cores", "processor", "memory", "kernel", "python", "load"), "some"
        ),
    )
    good = Outcome(figures={"points": POINTS})
    good.add("cost", 109.4, "µs", 110)
    bad = Outcome(figures={"points": LENGTHS})
    bad.add("age", 81, "ms", 80)
    report.keep(tmp_path, {"numbers": good, "length": bad})
    return tmp_path / "docs"


def test_page_keeps_its_beginning_and_tells_which_aims_were_reached(kept):
    page = (kept / "benchmarks.md").read_text(encoding="utf-8")
    assert page.startswith(f"# Kept\n\n{report.MARK}\n")
    assert "old figures" not in page
    assert "| cost | 109 µs | ≤ 110 µs | reached |" in page
    assert "| age | 81 ms | ≤ 80 ms | **missed** |" in page


def test_all_figures_are_kept_for_comparison(kept):
    figures = json.loads((kept / "benchmarks.json").read_text(encoding="utf-8"))
    assert figures["scenarios"]["numbers"]["points"] == POINTS


def test_what_is_measured_again_alone_replaces_its_part_with_its_own_date(kept):
    again = Outcome(figures={"points": POINTS})
    again.add("cost", 99, "µs", 110)
    new = Outcome()
    new.add("list", 20, "ms", 150)
    report.keep_some(kept.parent, {"numbers": again, "past": new})
    page = (kept / "benchmarks.md").read_text(encoding="utf-8")
    assert "109 µs" not in page
    assert "| cost | 99 µs | ≤ 110 µs | reached |" in page
    assert "| age | 81 ms | ≤ 80 ms | **missed** |" in page
    assert "| list | 20 ms | ≤ 150 ms | reached |" in page
    assert page.startswith(f"# Kept\n\n{report.MARK}\n\nsome, commit some")
    assert page.count("some, commit some") == 3
    figures = json.loads((kept / "benchmarks.json").read_text(encoding="utf-8"))
    assert set(figures["scenarios"]) == {"numbers", "length", "past"}


@pytest.mark.parametrize("name", ["numbers", "length"])
def test_pictures_carry_nothing_from_elsewhere(kept, name):
    svg = (kept / "images" / f"bench-{name}.svg").read_text(encoding="utf-8")
    ET.fromstring(svg)  # noqa: S314 - drawn a moment ago
    for foreign in ("<script", "@import", "url(", "href="):
        assert foreign not in svg
    assert "µs" in svg


def test_a_sample_belongs_to_the_innermost_layer_that_is_known():
    raw = (
        "main (manage.py:1);run (/x/asyncio/events.py:2);tick (/x/conversations/generation/clocks.py:3);"
        "write (/x/twisted/tcp.py:4);send (/x/lib/python3.11/site-packages/lib/socket.py:9) 3\n"
        "main (manage.py:1);AsyncioSelectorReactor.run (/x/twisted/internet/asyncioreactor.py:5) 2\n"
        "run (/x/threading.py:2);_worker (/x/concurrent/futures/thread.py:81) 9\n"
    )
    layers, functions = grouped(raw)
    assert layers == {
        "WebSocket in and out (autobahn, daphne, twisted, channels)": 3,
        "event loop and its system calls": 2,
    }
    assert functions.most_common(1) == [("send (lib/socket.py:9)", 3)]
