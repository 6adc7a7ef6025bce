"""A metric's points as bytes: raw while few, columnar and compressed when sealed, summed up.

Everything that was logged is kept: NaN, infinities, duplicate and falling steps, in order.
"""

from __future__ import annotations

import math
import struct
import zlib
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from operator import sub
from typing import NamedTuple

CHUNK = 1024
"""Points of a sealed chunk."""

_MICRO = 1_000_000
_ONE = struct.Struct("<qdd")
_HEAD = struct.Struct("<Icc")


class Point(NamedTuple):
    """One logged value."""

    step: int
    value: float
    time: float


class Points:
    """Three columns of one length."""

    __slots__ = ("steps", "times", "values")

    def __init__(
        self, steps: Iterable[int] = (), values: Iterable[float] = (), times: Iterable[float] = ()
    ) -> None:
        self.steps = array("q", steps)
        self.values = array("d", values)
        self.times = array("d", times)

    def __len__(self) -> int:
        return len(self.steps)

    def add(self, step: int, value: float, time: float) -> None:
        """Append a point."""
        self.steps.append(step)
        self.values.append(value)
        self.times.append(time)

    def extend(self, other: Points) -> None:
        """Append all points of another."""
        self.steps.extend(other.steps)
        self.values.extend(other.values)
        self.times.extend(other.times)

    def part(self, start: int, stop: int) -> Points:
        """The points from `start` to before `stop`."""
        found = Points()
        found.steps = self.steps[start:stop]
        found.values = self.values[start:stop]
        found.times = self.times[start:stop]
        return found

    def at(self, index: int) -> Point:
        """One point."""
        return Point(self.steps[index], self.values[index], self.times[index])


class Summary(NamedTuple):
    """What a chart needs of a stretch; NaN counts for `low` and `high` only where all is NaN."""

    first: Point
    low: Point
    high: Point
    last: Point
    low_first: bool
    """Whether the lowest came before the highest."""


def pack_raw(points: Points) -> bytes:
    """Points as they are, 24 bytes each."""
    return points.steps.tobytes() + points.values.tobytes() + points.times.tobytes()


def unpack_raw(data: bytes) -> Points:
    """The inverse of `pack_raw`."""
    third = len(data) // 3
    points = Points()
    points.steps.frombytes(data[:third])
    points.values.frombytes(data[third : 2 * third])
    points.times.frombytes(data[2 * third :])
    return points


def pack(points: Points) -> bytes:
    """Points compressed: differences of steps and of microseconds, values byte by byte."""
    steps = _deltas(points.steps)
    times = _deltas([round(t * _MICRO) for t in points.times])
    values = points.values.tobytes()
    # The n-th bytes of all values side by side: signs and exponents then compress well.
    shuffled = b"".join(values[n::8] for n in range(8))
    head = _HEAD.pack(len(points), steps.typecode.encode(), times.typecode.encode())
    return head + zlib.compress(steps.tobytes() + times.tobytes() + shuffled, 1)


def unpack(data: bytes) -> Points:
    """The inverse of `pack` (times to the microsecond)."""
    count, step_code, time_code = _HEAD.unpack_from(data)
    raw = zlib.decompress(memoryview(data)[_HEAD.size :])
    steps, times = array(step_code.decode()), array(time_code.decode())
    step_end = count * steps.itemsize
    time_end = step_end + count * times.itemsize
    steps.frombytes(raw[:step_end])
    times.frombytes(raw[step_end:time_end])
    shuffled = raw[time_end:]
    values = bytearray(8 * count)
    for n in range(8):
        values[n::8] = shuffled[n * count : (n + 1) * count]
    points = Points(accumulate(steps), (), (t / _MICRO for t in accumulate(times)))
    points.values.frombytes(values)
    return points


def _deltas(numbers: Sequence[int]) -> array[int]:
    """Differences to the number before, in the smallest type that holds them."""
    deltas = [numbers[0], *map(sub, numbers[1:], numbers)]
    low, high = min(deltas), max(deltas)
    for code, bits in (("b", 7), ("h", 15), ("i", 31), ("q", 63)):
        if -(1 << bits) <= low and high < 1 << bits:
            return array(code, deltas)
    raise OverflowError("steps differ by more than 64 bits")


def summarize(points: Points) -> Summary:
    """First, lowest, highest and last point of a stretch that is not empty."""
    values: Sequence[float] = points.values
    low, high = min(values), max(values)
    if math.isnan(sum(values)):  # a NaN, or both infinities
        finite = [v for v in values if v == v]
        low, high = (min(finite), max(finite)) if finite else (values[0], values[0])
    at_low = values.index(low) if low == low else 0
    at_high = values.index(high) if high == high else 0
    return Summary(
        points.at(0), points.at(at_low), points.at(at_high), points.at(-1), at_low <= at_high
    )


def merge(parts: Sequence[Summary]) -> Summary:
    """The summary of several stretches in a row."""
    usable = [p for p in parts if p.low.value == p.low.value] or list(parts)
    low = min(usable, key=lambda p: p.low.value)
    high = max(usable, key=lambda p: p.high.value)
    order = parts.index(low) < parts.index(high) if low is not high else low.low_first
    return Summary(parts[0].first, low.low, high.high, parts[-1].last, order)


def pack_summary(summary: Summary) -> bytes:
    """A summary as bytes."""
    ends = b"".join(_ONE.pack(*p) for p in summary[:4])
    return ends + bytes([summary.low_first])


def unpack_summary(data: bytes) -> Summary:
    """The inverse of `pack_summary`."""
    ends = [Point(*_ONE.unpack_from(data, n * _ONE.size)) for n in range(4)]
    return Summary(ends[0], ends[1], ends[2], ends[3], bool(data[-1]))


def buckets(count: int, wanted: int) -> Iterable[tuple[int, int]]:
    """`count` things in `wanted` runs of nearly equal length, as (start, stop)."""
    edges = [count * n // wanted for n in range(wanted + 1)]
    return pairwise(edges)


def outline(summaries: Sequence[Summary]) -> Points:
    """The points that draw these stretches, each at most once, in the order they were logged."""
    found = Points()
    for part in summaries:
        middle = (part.low, part.high) if part.low_first else (part.high, part.low)
        before: Point | None = None
        for point in (part.first, *middle, part.last):
            if before is None or not _same(point, before):
                found.add(*point)
            before = point
    return found


def _same(one: Point, other: Point) -> bool:
    # NaN differs from itself; two NaN of one step and time are one point to a chart.
    equal = one.value == other.value or (one.value != one.value and other.value != other.value)
    return equal and one.step == other.step and one.time == other.time
