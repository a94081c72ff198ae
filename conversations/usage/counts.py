"""Numbers that add up: of a day, of a person's day, of a year."""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Self

# The bins of durations are a quarter power of two wide: a percentile read from them is off by at most a fifth.
_LEAST_MS = 10
_WIDTH = 2**0.25
_LAST_BIN = 80
STATUSES = ("completed", "stopped", "failed", "interrupted")


@dataclass(slots=True)
class Counts:
    """What some generations came to; `first` and `took` are bins of the time to the first text and to the end."""

    questions: int = 0
    answers: int = 0
    completed: int = 0
    stopped: int = 0
    failed: int = 0
    interrupted: int = 0
    prompt_tokens: int = 0
    output_tokens: int = 0
    hours: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    first: Counter[int] = field(default_factory=Counter)
    took: Counter[int] = field(default_factory=Counter)

    def add(self, other: Self) -> None:
        """Count what `other` has, too."""
        for name in NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in SPREADS:
            getattr(self, name).update(getattr(other, name))

    def add_row(self, row: Mapping[str, Any]) -> None:
        """Count what a stored day has, given as the values of its columns; a year of a group has thousands of them."""
        for name in NUMBERS:
            setattr(self, name, getattr(self, name) + row[name])
        for name, numbers in row["spread"].items():
            mine = getattr(self, name)
            key_of = str if name == "reasons" else int
            for key, number in numbers.items():
                mine[key_of(key)] += number

    @property
    def tokens(self) -> int:
        """What was read and what was written."""
        return self.prompt_tokens + self.output_tokens

    def spread(self) -> dict[str, dict[str, int]]:
        """Return what a row keeps as JSON, whose keys are text."""
        return {
            name: {str(key): number for key, number in getattr(self, name).items()}
            for name in SPREADS
            if getattr(self, name)
        }


SPREADS = ("hours", "reasons", "first", "took")
NUMBERS = tuple(one.name for one in fields(Counts) if one.name not in SPREADS)


def bin_of(milliseconds: float) -> int:
    """Return the bin of a duration."""
    if milliseconds < _LEAST_MS:
        return 0
    return min(_LAST_BIN, 1 + int(math.log(milliseconds / _LEAST_MS, _WIDTH)))


def upper(number: int) -> float:
    """Return the milliseconds below which all durations of a bin lie."""
    return _LEAST_MS * _WIDTH**number


def percentile(bins: Counter[int], share: float) -> float | None:
    """Return the milliseconds that `share` (0 to 1) of the durations do not exceed, None where there are none.

    Within its bin they are taken to lie evenly.
    """
    total = bins.total()
    if not total:
        return None
    wanted, below = share * total, 0
    for number in sorted(bins):
        inside = bins[number]
        if below + inside >= wanted:
            low = upper(number - 1) if number else 0
            return low + (upper(number) - low) * (wanted - below) / inside
        below += inside
    return upper(max(bins))
