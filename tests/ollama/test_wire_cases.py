"""docs/ollama-wire.md and the tests of the client tell the same story."""

import re
from pathlib import Path

from . import (
    test_client_answers,
    test_client_bytes,
    test_client_connections,
    test_client_errors,
    test_client_models,
    test_client_refusals,
    test_client_tls,
)

ROOT = Path(__file__).resolve().parents[2]
CASES = range(1, 48)
MODULES = [
    test_client_answers,
    test_client_bytes,
    test_client_connections,
    test_client_errors,
    test_client_models,
    test_client_refusals,
    test_client_tls,
]


def marked() -> dict[int, set[str]]:
    """The names of the tests that are marked with each case."""
    found: dict[int, set[str]] = {}
    for module in MODULES:
        for name, test in vars(module).items():
            for mark in getattr(test, "pytestmark", []) if name.startswith("test_") else []:
                for case in mark.args if mark.name == "wire" else []:
                    found.setdefault(case, set()).add(name)
    return found


def told() -> dict[int, set[str]]:
    """The names of the tests in each row of the table."""
    page = (ROOT / "docs" / "ollama-wire.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| .* \| ([^|]*) \|$", page, re.MULTILINE)
    return {int(case): set(re.findall(r"`(test_\w+)`", tests)) for case, tests in rows}


def test_every_case_has_a_test_over_a_real_connection() -> None:
    assert marked().keys() == set(CASES)


def test_the_table_has_every_case_and_names_its_tests() -> None:
    rows = told()
    assert list(rows) == list(CASES)
    assert {case: tests for case, tests in rows.items() if tests} == marked()


def test_a_model_is_pulled_only_where_an_administrator_asks_for_it() -> None:
    sources = (ROOT / "conversations").rglob("*.py")
    askers = [path.name for path in sources if "pulls.start(" in path.read_text(encoding="utf-8")]
    assert askers == ["ollama.py"]
