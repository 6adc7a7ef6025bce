"""Pages of runs: search and order as SQL, by keyset (no page costs more than the first)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from modelyard.schema.tracking import RunPage
from modelyard_server.db.session import Database
from modelyard_server.tracking.query import Comparison, Order, Place, Query, page_token
from modelyard_server.tracking.store.assemble import runs_of
from modelyard_server.tracking.tables import (
    ExperimentRow,
    MetricKeyRow,
    MetricRow,
    ParamRow,
    RunRow,
    TagRow,
)

_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass
class _Part:
    """A stretch of an order: the runs that have a value to be ordered by, then the others."""

    value: Any
    """Column; None: ordered by age alone."""
    id: Any
    joins: Sequence[tuple[Any, ColumnElement[bool]]] = ()
    where: Sequence[ColumnElement[bool]] = ()


class PageStore:
    """Reads lists of runs."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def page(
        self,
        *,
        experiment: int | None,
        deleted: bool,
        query: Query,
        order: Order,
        limit: int,
        place: Place | None,
    ) -> RunPage:
        """One page, with the token of the next."""
        with self._db.session(reading=True) as session:
            conditions = _conditions(session, experiment, deleted, query)
            parts = _parts(session, order, experiment)
            rows = _rows(session, parts, conditions, order.descending, limit + 1, place)
            total = session.scalar(select(func.count()).select_from(RunRow).where(*conditions))
            runs = runs_of(session, [row.id for row in rows[:limit]])
        more = page_token(rows[limit - 1]) if len(rows) > limit else ""
        return RunPage(runs=runs, next=more, total=total or 0)


def _rows(
    session: Session,
    parts: list[_Part],
    conditions: list[ColumnElement[bool]],
    descending: bool,
    limit: int,
    place: Place | None,
) -> list[Place]:
    found: list[Place] = []
    for number, part in enumerate(parts):
        if place is not None and number < place.part:
            continue
        columns = [part.id] if part.value is None else [part.value, part.id]
        query = select(part.id, *columns[:-1]).select_from(RunRow)
        for table, on in part.joins:
            query = query.join(table, on)
        query = query.where(*conditions, *part.where)
        if place is not None and number == place.part:
            query = query.where(_after(columns, place, descending))
        query = query.order_by(*(c.desc() if descending else c.asc() for c in columns))
        for row in session.execute(query.limit(limit - len(found))):
            found.append(Place(number, row[1] if len(row) > 1 else None, row[0]))
        if len(found) == limit:
            break
    return found


def _after(columns: list[Any], place: Place, descending: bool) -> ColumnElement[bool]:
    compare = operator.lt if descending else operator.gt
    if len(columns) == 1:
        return compare(columns[0], place.id)
    return compare(tuple_(*columns), tuple_(place.value, place.id))


def _parts(session: Session, order: Order, experiment: int | None) -> list[_Part]:
    if order.kind == "metric":
        return _metric_parts(session, order.key, experiment)
    if order.kind == "param":
        return _param_parts(order.key)
    column = {"created": RunRow.created, "name": func.lower(RunRow.name), "status": RunRow.status}
    return [_Part(column[order.kind], RunRow.id)]


def _metric_parts(session: Session, key: str, experiment: int | None) -> list[_Part]:
    key_id = session.scalar(select(MetricKeyRow.id).where(MetricKeyRow.name == key))
    if key_id is None:
        return [_Part(None, RunRow.id)]
    mine: list[ColumnElement[bool]] = [MetricRow.key_id == key_id, MetricRow.last.is_not(None)]
    if experiment is not None:  # the column of the index that holds the order
        mine.append(MetricRow.experiment_id == experiment)
    without = ~_with(MetricRow.run_id == RunRow.id, *mine)
    return [
        _Part(MetricRow.last, MetricRow.run_id, [(MetricRow, MetricRow.run_id == RunRow.id)], mine),
        _Part(None, RunRow.id, where=[without]),
    ]


def _param_parts(key: str) -> list[_Part]:
    mine = ParamRow.key == key
    joins = [(ParamRow, and_(ParamRow.run_id == RunRow.id, mine))]
    numbers, texts = ParamRow.number.is_not(None), ParamRow.number.is_(None)
    return [
        _Part(ParamRow.number, ParamRow.run_id, joins, [numbers]),
        _Part(ParamRow.value, ParamRow.run_id, joins, [texts]),
        _Part(None, RunRow.id, where=[~_with(ParamRow.run_id == RunRow.id, mine)]),
    ]


def _conditions(
    session: Session, experiment: int | None, deleted: bool, query: Query
) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [
        RunRow.deleted.is_not(None) if deleted else RunRow.deleted.is_(None)
    ]
    if experiment is not None:
        found.append(RunRow.experiment_id == experiment)
    else:
        alive = select(ExperimentRow.id).where(ExperimentRow.deleted.is_(None))
        found.append(RunRow.experiment_id.in_(alive))
    found += [_comparison(session, comparison) for comparison in query.comparisons]
    found += [_anywhere(word) for word in query.words]
    return found


def _comparison(session: Session, wanted: Comparison) -> ColumnElement[bool]:
    compare = _OPERATORS[wanted.op]
    if wanted.kind in ("status", "name"):
        return compare(RunRow.status if wanted.kind == "status" else RunRow.name, wanted.text)
    if wanted.kind == "metric":
        key_id = session.scalar(select(MetricKeyRow.id).where(MetricKeyRow.name == wanted.key))
        return _with(
            MetricRow.run_id == RunRow.id,
            MetricRow.key_id == (key_id or 0),
            compare(MetricRow.last, wanted.number),
        )
    if wanted.kind == "tag":
        value = compare(TagRow.value, wanted.text)
        return _with(TagRow.run_id == RunRow.id, TagRow.key == wanted.key, value)
    value = compare(ParamRow.value, wanted.text)
    if wanted.number is not None:  # C = 1 finds '1.0' too
        value = compare(ParamRow.number, wanted.number)
    return _with(ParamRow.run_id == RunRow.id, ParamRow.key == wanted.key, value)


def _with(*where: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether there is a row; its table may also be joined outside, to be ordered by."""
    return exists().where(*where).correlate(RunRow)


def _anywhere(word: str) -> ColumnElement[bool]:
    def has(column: Any) -> ColumnElement[bool]:
        return column.icontains(word, autoescape=True)

    return or_(
        has(RunRow.name),
        RunRow.uid.startswith(word.lower(), autoescape=True),
        _with(TagRow.run_id == RunRow.id, or_(has(TagRow.key), has(TagRow.value))),
        _with(ParamRow.run_id == RunRow.id, or_(has(ParamRow.key), has(ParamRow.value))),
    )
