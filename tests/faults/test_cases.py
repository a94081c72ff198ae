"""Every one of the forty faults is brought about by some test."""

import ast
from pathlib import Path

from .cases import CASES

TESTS = Path(__file__).resolve().parents[1]


def marked(source: str) -> set[object]:
    """Return what `pytest.mark.fault` is given in a file."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    marks = [call for call in calls if ast.unparse(call.func) == "pytest.mark.fault"]
    return {argument.value for mark in marks for argument in mark.args if isinstance(argument, ast.Constant)}


def test_every_case_has_a_test() -> None:
    found = set().union(*(marked(path.read_text(encoding="utf-8")) for path in TESTS.rglob("test_*.py")))
    assert set(CASES) == set(range(1, 41))
    assert sorted(set(CASES) - found) == []
    assert {case for case in found if isinstance(case, int)} <= set(CASES)
