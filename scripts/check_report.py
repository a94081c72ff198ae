"""Fails when tests in Chromium, with the small model or of whole servers were skipped: `check_report.py REPORT …`.

A person's machine may do without either; the check of a change may not.
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


def main(*reports: str) -> None:
    """Exit 1 with a line for each such test that was skipped, or for each part of which nothing ran in any report."""
    complaints = [
        f"{report} is missing: the tests did not run." for report in reports if not Path(report).exists()
    ]
    if complaints:
        sys.exit("\n".join(complaints))
    # Written by pytest a moment ago.
    cases = [case for report in reports for case in ET.parse(report).iter("testcase")]  # noqa: S314
    for part in NEVER_SKIPPED:
        mine = [case for case in cases if case.get("classname", "").startswith(part)]
        skipped = [case for case in mine if case.find("skipped") is not None]
        complaints += [f"skipped: {case.get('classname')}.{case.get('name')}" for case in skipped]
        if not mine:
            complaints.append(f"no test of {part} ran")
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main(*sys.argv[1:])
