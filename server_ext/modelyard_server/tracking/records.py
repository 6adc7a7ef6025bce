"""Lines of a spool -> what they say, summed up for one transaction. Bad lines are left out."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from modelyard.errors import InvalidInput
from modelyard.tracking.names import check_key, check_text
from modelyard.tracking.spool import End, Record
from modelyard_server.tracking.points import Points

_DECODER = msgspec.json.Decoder(Record)
_NUMBERS = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


@dataclass
class Batch:
    """What some lines say."""

    metrics: dict[str, Points] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str | None] = field(default_factory=dict)
    output: list[str] = field(default_factory=list)
    files: list[tuple[str, str]] = field(default_factory=list)
    end: End | None = None
    bad: int = 0
    """Lines that could not be read."""


def read_lines(data: bytes) -> Batch:
    """Read whole lines.

    Whoever writes the spool may be another version of the SDK, or a disk may have been full: a
    line that cannot be read is counted and left out, the others are kept.
    """
    batch = Batch()
    checked: set[str] = set()
    for record in _decode(data, batch):
        try:
            _take(record, batch, checked)
        except (InvalidInput, KeyError):
            batch.bad += 1
    return batch


def first_record(line: bytes) -> Record | None:
    """One line; None when it cannot be read."""
    try:
        return _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _decode(data: bytes, batch: Batch) -> list[Record]:
    try:
        return _DECODER.decode_lines(data)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        lines = [line for line in data.split(b"\n") if line.strip()]
        records = [record for line in lines if (record := first_record(line)) is not None]
        batch.bad += len(lines) - len(records)
        return records


def _take(record: Record, batch: Batch, checked: set[str]) -> None:
    if record.m is not None:
        for key, raw in record.m.items():
            if key not in checked:
                check_key(key, what="metric")
                checked.add(key)
            value = _NUMBERS[raw] if isinstance(raw, str) else raw
            batch.metrics.setdefault(key, Points()).add(record.s, value, record.t)
    for key, value in (record.p or {}).items():
        check_key(key, what="parameter")
        batch.params.setdefault(key, check_text(value, what="parameter", key=key))
    for key, value in (record.g or {}).items():
        check_key(key, what="tag")
        batch.tags[key] = None if value is None else check_text(value, what="tag", key=key)
    if record.o is not None:
        batch.output.append(record.o)
    if record.a is not None:
        batch.files.append((record.a, record.d))
    if record.f is not None:
        batch.end = record.f
