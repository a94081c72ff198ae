"""Fails when tests in Chromium, with the small model or of whole servers were skipped: `check_report.py REPORT`.

A person's machine may do without either; the check of a change may not. Parts that a round leaves out on purpose are
named behind the report.
"""

import sys
import xml.etree.ElementTree as ET
from pathlib import Path

NEVER_SKIPPED = (
    "tests.browser",
    "tests.deploy",
    "tests.faults",
    "tests.ollama.test_embedded",
    "tests.process",
)


def main(report: str, *left_out: str) -> None:
    """Exit 1 with a line for each such test that was skipped, or for each part of which nothing ran."""
    if not Path(report).exists():
        sys.exit(f"{report} is missing: the tests did not run.")
    cases = list(ET.parse(report).iter("testcase"))  # noqa: S314 -- written by pytest a moment ago
    complaints = []
    for part in NEVER_SKIPPED:
        if part in left_out:
            continue
        mine = [case for case in cases if case.get("classname", "").startswith(part)]
        skipped = [case for case in mine if case.find("skipped") is not None]
        complaints += [f"skipped: {case.get('classname')}.{case.get('name')}" for case in skipped]
        if not mine:
            complaints.append(f"no test of {part} ran")
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main(*sys.argv[1:])
