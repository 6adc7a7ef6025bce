"""The spool: everything a run logs, as lines that are appended and never changed.

One JSON object a line, written with a single `write` to a file opened for appending, so that
threads and forked processes cannot mix their lines, and a process that is killed leaves at most
one torn line, its last. On the server's machine the file is `MODELYARD_SPOOL/<run id>.jsonl` and
the server reads it; elsewhere the same bytes are posted. Positions are byte offsets; the server
reads whole lines only and takes every byte once.

Beside it lies `<run id>.lock`: the process of the run holds `flock(LOCK_EX)` on it for as long as
the run is open. Whoever can take that lock while the run is said to be running knows that the
process is gone.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from modelyard.schema.tracking import RunCreate

STEP_LIMIT = 1 << 53
"""Steps lie within plus and minus this: what JavaScript can count."""

_Step = Annotated[int, msgspec.Meta(ge=-STEP_LIMIT, le=STEP_LIMIT)]
_Time = Annotated[float, msgspec.Meta(ge=0, le=1e11)]


class End(msgspec.Struct, omit_defaults=True):
    """How a run ended."""

    status: Literal["finished", "failed", "cancelled"]
    error: str = ""


class Record(msgspec.Struct, omit_defaults=True):
    """A line. Names are short because there may be millions of them."""

    t: _Time = 0.0
    """When, seconds since the epoch."""
    m: dict[str, float | str] | None = None
    """Metrics; NaN and infinities as the strings 'NaN', 'Infinity', '-Infinity'."""
    s: _Step = 0
    """The step of the metrics."""
    p: dict[str, str] | None = None
    """Parameters."""
    g: dict[str, str | None] | None = None
    """Tags; null removes one."""
    o: str | None = None
    """Output."""
    n: Literal[1, 2] = 1
    """1: stdout, 2: stderr."""
    a: str | None = None
    """Path of a small text file below `.modelyard/` (source, environment)."""
    d: str = ""
    """Its text."""
    r: RunCreate | None = None
    """The run itself; the first line when the server could not be told of it."""
    f: End | None = None
    """The end; the last line."""


def json_float(value: float) -> float | str:
    """A number as JSON can carry it."""
    if value - value == 0.0:  # finite: cheaper than math.isfinite in the hot path
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def spool_name(run_id: str) -> str:
    """File name of a run's spool."""
    return f"{run_id}.jsonl"


def lock_name(run_id: str) -> str:
    """File name of a run's lock."""
    return f"{run_id}.lock"
