"""Run rows and what belongs to them -> `RunInfo`, for many at once with a query for each table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from modelyard.schema.tracking import MetricSummary, RunInfo, RunSource
from modelyard.tracking.spool import json_float
from modelyard_server.tracking.tables import (
    ExperimentRow,
    MetricKeyRow,
    MetricRow,
    ParamRow,
    RunRow,
    TagRow,
)

_AT_ONCE = 500
"""Ids in one query: SQLite has a limit on parameters."""


def as_float(value: float | None) -> float | str:
    """A stored value on the wire; NULL is NaN."""
    return "NaN" if value is None else json_float(value)


def runs_of(session: Session, ids: Sequence[int]) -> list[RunInfo]:
    """The runs with these ids, in this order."""
    found: dict[int, RunInfo] = {}
    for start in range(0, len(ids), _AT_ONCE):
        found.update(_some(session, ids[start : start + _AT_ONCE]))
    return [found[id] for id in ids if id in found]


def _some(session: Session, ids: Sequence[int]) -> dict[int, RunInfo]:
    tags = _texts(session, TagRow, ids)
    params = _texts(session, ParamRow, ids)
    metrics = _metrics(session, ids)
    query = (
        select(RunRow, ExperimentRow.name)
        .join(ExperimentRow, ExperimentRow.id == RunRow.experiment_id)
        .where(RunRow.id.in_(ids))
    )
    return {
        row.id: _run(row, experiment, tags[row.id], params[row.id], metrics[row.id])
        for row, experiment in session.execute(query)
    }


def _texts(
    session: Session, table: type[TagRow] | type[ParamRow], ids: Sequence[int]
) -> dict[int, dict[str, str]]:
    query = select(table.run_id, table.key, table.value).where(table.run_id.in_(ids))
    found: dict[int, dict[str, str]] = defaultdict(dict)
    for id, key, value in session.execute(query):
        found[id][key] = value
    return found


def _metrics(session: Session, ids: Sequence[int]) -> dict[int, dict[str, MetricSummary]]:
    query = (
        select(
            MetricRow.run_id,
            MetricKeyRow.name,
            MetricRow.last,
            MetricRow.min,
            MetricRow.max,
            MetricRow.step,
            MetricRow.count,
        )
        .join(MetricKeyRow, MetricKeyRow.id == MetricRow.key_id)
        .where(MetricRow.run_id.in_(ids))
    )
    found: dict[int, dict[str, MetricSummary]] = defaultdict(dict)
    for id, key, last, low, high, step, count in session.execute(query):
        found[id][key] = MetricSummary(
            last=as_float(last), min=as_float(low), max=as_float(high), step=step, count=count
        )
    return found


def _run(
    row: RunRow,
    experiment: str,
    tags: dict[str, str],
    params: dict[str, str],
    metrics: dict[str, MetricSummary],
) -> RunInfo:
    known: dict[str, Any] = {
        "id": row.uid,
        "experiment_id": row.experiment_id,
        "experiment": experiment,
        "name": row.name,
        "status": row.status,
        "created": row.created,
        "started": row.started,
        "ended": row.ended,
        "compute": row.compute,
        "note": row.note,
        "error": row.error,
        "parent": row.parent,
        "python": row.python,
        "deleted": row.deleted is not None,
    }
    source = msgspec.convert({"kind": row.source_kind, "name": row.source_name}, RunSource)
    return RunInfo(tags=tags, params=params, metrics=metrics, source=source, **known)
