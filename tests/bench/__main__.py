"""`make bench`: what the site costs, measured on the running thing. `ONLY=streams,stop` measures these alone and
rewrites nothing, with `KEEP=yes` their part of the page."""

import os
import sys
import time
import traceback
from collections.abc import Callable

from tests.site import ROOT

from . import curves, hostile, idle, page, past, profile, report, scripts, stopping, streams
from .results import Outcome, Row

SCENARIOS: dict[str, Callable[[], Outcome]] = {
    "floor": streams.floor,
    "relay": streams.relay,
    "bare": streams.bare,
    "streams": streams.streams,
    "api": scripts.api,
    "many": streams.many,
    "first": streams.first,
    "stop": stopping.stop,
    "numbers": curves.numbers,
    "length": curves.length,
    "idle": idle.idle,
    "page": page.page,
    "past": past.past,
    "hostile": hostile.hostile,
    "profile": profile.profile,
}


def measured(name: str) -> Outcome:
    """One scenario; one that fails is told as a row."""
    begun = time.monotonic()
    sys.stderr.write(f"{name} … ")
    sys.stderr.flush()
    try:
        outcome = SCENARIOS[name]()
    except Exception as error:  # noqa: BLE001 - the others go on
        traceback.print_exc()
        outcome = Outcome(
            [Row(name, f"not measured: {type(error).__name__}: {error}"[:300], "measured", False)]
        )
    sys.stderr.write(f"{time.monotonic() - begun:.0f} s\n")
    return outcome


def main() -> int:
    """Measure, show and keep; 1 when a scenario failed or an aim was missed."""
    only = os.environ.get("ONLY", "")
    names = only.split(",") if only else list(SCENARIOS)
    if unknown := set(names) - set(SCENARIOS):
        sys.stderr.write(
            f"no such scenario: {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}\n"
        )
        return 2
    outcomes = {name: measured(name) for name in names}
    show(outcomes)
    if not only:
        report.keep(ROOT, outcomes)
    elif os.environ.get("KEEP") == "yes":
        report.keep_some(ROOT, outcomes)
    failed = [row for outcome in outcomes.values() for row in outcome.rows if row.reached is False]
    return 1 if failed else 0


def show(outcomes: dict[str, Outcome]) -> None:
    """Print the table."""
    marks = {True: "reached", False: "MISSED", None: ""}
    for outcome in outcomes.values():
        for row in outcome.rows:
            aim = f"  {row.aim}  {marks[row.reached]}" if row.aim else ""
            sys.stdout.write(f"{row.what:<96} {row.measured}{aim}\n")


if __name__ == "__main__":
    sys.exit(main())
