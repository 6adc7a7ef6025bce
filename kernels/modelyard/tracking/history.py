"""A metric's points, as the SDK shows them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelyard.schema.tracking import HistoryInfo


class History:
    """A metric's points in the order they were logged: `.steps`, `.values`, `.times`."""

    def __init__(self, info: HistoryInfo) -> None:
        self.key = info.key
        self.steps: list[int] = info.steps
        # float() reads the strings in which NaN and infinities travel.
        self.values: list[float] = [float(value) for value in info.values]
        self.times: list[float] = info.times
        self.count = info.count
        """Points logged in all; more than these if fewer were asked for."""

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[tuple[int, float]]:
        return zip(self.steps, self.values, strict=True)

    def to_pandas(self) -> Any:
        """A DataFrame with the columns step, value and time."""
        import pandas  # noqa: PLC0415 - the user's own

        times = pandas.to_datetime(self.times, unit="s", utc=True)
        return pandas.DataFrame({"step": self.steps, "value": self.values, "time": times})

    def __repr__(self) -> str:
        if not self.steps:
            return f"History({self.key!r}, no points)"
        first, last = self.values[0], self.values[-1]
        return (
            f"History({self.key!r}, {self.count} points, steps {self.steps[0]} to "
            f"{self.steps[-1]}, {first:.4g} -> {last:.4g})"
        )
