"""What pytest needs to know of the fault suite; loaded by `tests/conftest.py`, for fault tests stand elsewhere too.

`@pytest.mark.fault(N)` names the cases of `cases.py` that a test shows, or a word where it has no number. Tests with
`@pytest.mark.slow_fault` run with `--all-faults` only, and those with `@pytest.mark.services`, which start and end a
PostgreSQL, a Redis and an nginx of their own, also where the other tests run on the first two (`make test-services`).
`--fault-report PATH` writes what has happened.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .report import Seen, write

HAPPENED = "happened"
CASES = "fault"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the options of `make faults`."""
    group = parser.getgroup("faults")
    group.addoption("--all-faults", action="store_true", help="run the slow rounds of the fault suite too")
    group.addoption("--fault-report", type=Path, help="write what has happened in each case to this page")
    group.addoption("--beside", action="store_true", help="keep what the page tells of other tests")


def pytest_configure(config: pytest.Config) -> None:
    """Keep notes where a report is wanted."""
    if path := config.getoption("--fault-report"):
        config.pluginmanager.register(Reporter(path, beside=config.getoption("--beside")), "fault-reporter")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what is not asked for, and tell each test's report which cases it shows."""
    left_out = _left_out(config)
    others = [item for item in items if _has_any(item, left_out)]
    if others:
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if not _has_any(item, left_out)]
    for item in items:
        cases = [case for mark in item.iter_markers("fault") for case in mark.args]
        if cases:
            item.user_properties.append((CASES, cases))


def _left_out(config: pytest.Config) -> list[str]:
    with_services = bool(os.environ.get("DATABASE_URL"))
    elsewhere = ["sqlite"] if with_services else ["postgresql"]
    if config.getoption("--all-faults"):
        return elsewhere
    return ["slow_fault", *elsewhere, *([] if with_services else ["services"])]


def _has_any(item: pytest.Item, marks: list[str]) -> bool:
    return any(item.get_closest_marker(mark) for mark in marks)


@pytest.fixture
def happened(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Note for the report what the test has seen: a short sentence, and figures whose names carry their unit."""

    def note(text: str, **figures: float | str) -> None:
        request.node.user_properties.append((HAPPENED, (text, figures)))

    return note


class Reporter:
    """Listens to the run and writes the page at its end."""

    def __init__(self, path: Path, *, beside: bool) -> None:
        self._path = path
        self._beside = beside
        self._seen: dict[str, Seen] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note how a phase of a test went; what it saw stands in each of its reports, in the last one whole."""
        properties: dict[str, Any] = dict(report.user_properties)
        if CASES not in properties:
            return
        seen = self._seen.setdefault(report.nodeid, Seen(report.nodeid, properties[CASES]))
        notes: list[Any] = [value for name, value in report.user_properties if name == HAPPENED]
        seen.happened = notes
        if report.outcome != "passed":
            seen.outcome = report.outcome

    def pytest_sessionfinish(self) -> None:
        """Write the page."""
        write(self._path, list(self._seen.values()), beside=self._beside)
