"""`make bench`: what the site costs, measured on the running thing. `ONLY=streams,stop` measures these alone and
rewrites nothing."""

import os
import sys
import time
import traceback
from collections.abc import Callable

from . import profile, streams
from .results import Outcome, Row

SCENARIOS: dict[str, Callable[[], Outcome]] = {
    "floor": streams.floor,
    "relay": streams.relay,
    "bare": streams.bare,
    "streams": streams.streams,
    "many": streams.many,
    "first": streams.first,
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
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    only = os.environ.get("ONLY", "")
    names = only.split(",") if only else list(SCENARIOS)
    if unknown := set(names) - set(SCENARIOS):
        sys.stderr.write(
            f"no such scenario: {', '.join(sorted(unknown))}; there are {', '.join(SCENARIOS)}\n"
        )
        return 2
    outcomes = {name: measured(name) for name in names}
    for outcome in outcomes.values():
        for row in outcome.rows:
            mark = {True: "reached", False: "MISSED", None: ""}[row.reached]
            sys.stdout.write(f"{row.what:<100} {row.measured:>14}  {row.aim:<10} {mark}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
