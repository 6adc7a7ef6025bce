"""Metric histories in the database: tail, chunks and summaries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from modelyard.errors import NotFound
from modelyard.schema.tracking import HistoryInfo
from modelyard.suggest import did_you_mean
from modelyard.tracking.spool import json_float
from modelyard_server.db.session import Database
from modelyard_server.tracking.points import (
    CHUNK,
    Points,
    Summary,
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
from modelyard_server.tracking.tables import ChunkRow, MetricKeyRow, MetricRow, RunRow, TailRow

_AT_ONCE = 500
_POINTS_OF_BUCKET = 4
_FEW_CHUNKS = 16
"""A chart is drawn from the chunks' summaries alone when there is one for each 16 points asked
for: that is still more detail than a screen shows, and nothing has to be unpacked."""


def append_points(session: Session, run: int, experiment: int, new: Mapping[str, Points]) -> None:
    """Add points to a run's metrics within a transaction, sealing what has become enough."""
    keys = _key_ids(session, new)
    rows = {
        row.key_id: row for row in session.scalars(select(MetricRow).where(MetricRow.run_id == run))
    }
    for name, points in new.items():
        key = keys[name]
        if key not in rows:
            rows[key] = MetricRow(
                run_id=run, key_id=key, experiment_id=experiment, count=0, sealed=0
            )
            session.add(rows[key])
        row = rows[key]
        row.count += len(points)
        _sum_up(row, points)
        _store(session, row, points, all=False)


def seal_all(session: Session, run: int) -> None:
    """Seal what is left of an ended run's tails."""
    left = select(MetricRow).where(MetricRow.run_id == run, MetricRow.count > MetricRow.sealed)
    for row in session.scalars(left).all():
        _store(session, row, Points(), all=True)


def _key_ids(session: Session, names: Iterable[str]) -> dict[str, int]:
    wanted = list(names)
    found: dict[str, int] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        some = MetricKeyRow.name.in_(wanted[start : start + _AT_ONCE])
        for id, name in session.execute(select(MetricKeyRow.id, MetricKeyRow.name).where(some)):
            found[name] = id
    fresh = [MetricKeyRow(name=name) for name in wanted if name not in found]
    session.add_all(fresh)
    session.flush()
    return found | {row.name: row.id for row in fresh}


def _sum_up(row: MetricRow, points: Points) -> None:
    summary = summarize(points)
    row.step, row.last = summary.last.step, _null(summary.last.value)
    low, high = _null(summary.low.value), _null(summary.high.value)
    if low is not None and high is not None:
        row.min = low if row.min is None else min(row.min, low)
        row.max = high if row.max is None else max(row.max, high)


def _null(value: float) -> float | None:
    return value if value == value else None


def _store(session: Session, row: MetricRow, points: Points, *, all: bool) -> None:
    enough = 1 if all else CHUNK
    if row.count - row.sealed < enough:
        session.add(TailRow(run_id=row.run_id, key_id=row.key_id, data=pack_raw(points)))
        return
    waiting = _tail(session, row.run_id, row.key_id)
    waiting.extend(points)
    session.execute(
        delete(TailRow).where(TailRow.run_id == row.run_id, TailRow.key_id == row.key_id)
    )
    start = 0
    while len(waiting) - start >= enough:
        part = waiting.part(start, start + CHUNK)
        session.add(
            ChunkRow(
                run_id=row.run_id,
                key_id=row.key_id,
                seq=row.sealed // CHUNK,
                count=len(part),
                summary=pack_summary(summarize(part)),
                data=pack(part),
            )
        )
        row.sealed += len(part)
        start += len(part)
    if start < len(waiting):
        rest = waiting.part(start, len(waiting))
        session.add(TailRow(run_id=row.run_id, key_id=row.key_id, data=pack_raw(rest)))


def _tail(session: Session, run: int, key: int) -> Points:
    # Rows of this very transaction may not have been written yet.
    session.flush()
    query = select(TailRow.data).where(TailRow.run_id == run, TailRow.key_id == key)
    found = Points()
    for data in session.scalars(query.order_by(TailRow.id)):
        found.extend(unpack_raw(data))
    return found


class MetricStore:
    """Reads histories."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def history(self, uid: str, key: str, max_points: int) -> HistoryInfo:
        """A metric's points; `max_points` of 0: all of them.

        Raises
        ------
        NotFound: the run logged no such metric.
        """
        with self._db.session(reading=True) as session:
            row = session.scalar(
                select(MetricRow)
                .join(RunRow, RunRow.id == MetricRow.run_id)
                .join(MetricKeyRow, MetricKeyRow.id == MetricRow.key_id)
                .where(RunRow.uid == uid, MetricKeyRow.name == key)
            )
            if row is None:
                raise _unknown(session, uid, key)
            points = _read(session, row, max_points)
        return HistoryInfo(
            key=key,
            steps=points.steps.tolist(),
            values=[json_float(value) for value in points.values],
            times=points.times.tolist(),
            count=row.count,
        )


def _read(session: Session, row: MetricRow, max_points: int) -> Points:
    mine = (ChunkRow.run_id == row.run_id, ChunkRow.key_id == row.key_id)
    tail = _tail(session, row.run_id, row.key_id)
    chunks = -(-row.sealed // CHUNK)
    wanted = max(1, max_points // _POINTS_OF_BUCKET)
    if 0 < max_points < row.count and chunks * _FEW_CHUNKS >= max_points:
        query = select(ChunkRow.summary).where(*mine).order_by(ChunkRow.seq)
        parts = [unpack_summary(data) for data in session.scalars(query)]
        return outline(_merged(parts + _summaries(tail), wanted))
    points = Points()
    for data in session.scalars(select(ChunkRow.data).where(*mine).order_by(ChunkRow.seq)):
        points.extend(unpack(data))
    points.extend(tail)
    if not 0 < max_points < len(points):
        return points
    return outline([summarize(points.part(*edges)) for edges in buckets(len(points), wanted)])


def _merged(parts: list[Summary], wanted: int) -> list[Summary]:
    if len(parts) <= wanted:
        return parts
    return [merge(parts[start:stop]) for start, stop in buckets(len(parts), wanted)]


def _summaries(tail: Points) -> list[Summary]:
    return [summarize(tail)] if len(tail) else []


def _unknown(session: Session, uid: str, key: str) -> NotFound:
    logged = session.scalars(
        select(MetricKeyRow.name)
        .join(MetricRow, MetricRow.key_id == MetricKeyRow.id)
        .join(RunRow, RunRow.id == MetricRow.run_id)
        .where(RunRow.uid == uid)
    ).all()
    near = did_you_mean(key, logged)
    hint = near or (f"It logged: {', '.join(sorted(logged)[:10])}." if logged else "")
    return NotFound(f"The run has no metric '{key[:80]}'.", hint=hint, field="key")
