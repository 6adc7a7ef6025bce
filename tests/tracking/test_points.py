"""Points as bytes: nothing is lost, and extremes are exact."""

from __future__ import annotations

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from modelyard_server.tracking.points import (
    Points,
    buckets,
    merge,
    outline,
    pack,
    pack_raw,
    pack_summary,
    summarize,
    unpack,
    unpack_raw,
    unpack_summary,
)

steps = st.integers(-(1 << 53), 1 << 53)
times = st.floats(0, 1e11)
any_point = st.tuples(steps, st.floats(), times)
some_points = st.lists(any_point, min_size=1, max_size=80).map(
    lambda rows: Points(*zip(*rows, strict=True))
)


def same(one: float, other: float) -> bool:
    return one == other or (one != one and other != other)


@given(some_points)
def test_packing_keeps_every_point(points: Points) -> None:
    raw = unpack_raw(pack_raw(points))
    assert raw.values.tobytes() == points.values.tobytes()
    assert (raw.steps, raw.times) == (points.steps, points.times)
    packed = unpack(pack(points))
    assert packed.values.tobytes() == points.values.tobytes()
    assert packed.steps == points.steps
    assert all(
        math.isclose(a, b, rel_tol=1e-15, abs_tol=1e-6)
        for a, b in zip(packed.times, points.times, strict=True)
    )


@given(some_points, st.integers(1, 9))
def test_an_outline_keeps_first_last_and_extremes(points: Points, wanted: int) -> None:
    parts = [
        summarize(points.part(*edges)) for edges in buckets(len(points), min(wanted, len(points)))
    ]
    parts = [unpack_summary(pack_summary(part)) for part in parts]
    drawn = outline(parts)
    whole = merge(parts)
    numbers = [v for v in points.values if v == v]
    assert same(drawn.values[0], points.values[0]) and drawn.steps[0] == points.steps[0]
    assert same(drawn.values[-1], points.values[-1]) and drawn.steps[-1] == points.steps[-1]
    if numbers:
        shown = [v for v in drawn.values if v == v]
        assert (min(shown), max(shown)) == (min(numbers), max(numbers))
        assert (whole.low.value, whole.high.value) == (min(numbers), max(numbers))
    assert len(drawn) <= 4 * len(parts)


def test_a_typical_history_takes_few_bytes() -> None:
    noise = random.Random(0)
    points = Points(
        range(1024),
        (noise.random() for _ in range(1024)),
        (1.7e9 + n * 0.01 + noise.random() * 0.002 for n in range(1024)),
    )
    assert len(pack(points)) / 1024 < 12
