"""What scenarios hand over: rows for people, and all figures for comparing two runs."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Row:
    """One line of the table; `reached` is None where there is no aim."""

    what: str
    measured: str
    aim: str = ""
    reached: bool | None = None


@dataclass
class Outcome:
    """The rows of one scenario, and its raw figures as JSON objects."""

    rows: list[Row] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def add(
        self, what: str, value: float, unit: str, most: float | None = None, least: float | None = None
    ) -> None:
        """Add a row whose aim is `most` at most, or `least` at least."""
        shown = f"{value:.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"
        if least is not None:
            self.rows.append(
                Row(what, f"{shown} {unit}".strip(), f"≥ {least:g} {unit}".strip(), value >= least)
            )
        elif most is None:
            self.rows.append(Row(what, f"{shown} {unit}".strip()))
        else:
            self.rows.append(
                Row(what, f"{shown} {unit}".strip(), f"≤ {most:g} {unit}".strip(), value <= most)
            )
