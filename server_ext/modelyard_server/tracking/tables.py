"""Experiments, runs, and what runs logged.

A metric's history is in two tables: what just came in lies in `metric_tail`, one row a batch, and
is sealed into compressed rows of about 1,024 points in `metric_chunk`. Lists and orders read
`metric`, one summary row for each run and key. SQLite stores NaN as NULL, and so do we.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.db.base import Base


class ExperimentRow(Base):
    """An experiment; `deleted` is when it was deleted."""

    __tablename__ = "experiment"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    note: Mapped[str] = mapped_column(default="")
    created: Mapped[float]
    updated: Mapped[float]
    deleted: Mapped[float | None] = mapped_column(default=None)


class RunRow(Base):
    """A run. `id` is a small integer that other tables refer to, `uid` what the world sees."""

    __tablename__ = "run"
    __table_args__ = (
        Index("ix_run_experiment_id_created", "experiment_id", "created"),
        Index("ix_run_experiment_id_deleted_status", "experiment_id", "deleted", "status"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    experiment_id: Mapped[int] = mapped_column(ForeignKey("experiment.id"))
    name: Mapped[str]
    status: Mapped[str] = mapped_column(index=True)
    created: Mapped[float] = mapped_column(index=True)
    started: Mapped[float | None]
    ended: Mapped[float | None] = mapped_column(default=None)
    compute: Mapped[str]
    note: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    parent: Mapped[str]
    source_kind: Mapped[str]
    source_name: Mapped[str]
    python: Mapped[str]
    deleted: Mapped[float | None] = mapped_column(default=None)
    spool: Mapped[bool]
    """Its process writes where we read; else it posts."""
    holder: Mapped[str] = mapped_column(default="")
    """Whose spool folder that is: that of who created it, see `core.holder`."""
    offset: Mapped[int] = mapped_column(BigInteger, default=0)
    """Bytes of the spool that are in these tables."""
    log_size: Mapped[int] = mapped_column(BigInteger, default=0)
    """Bytes of the output log that belong to `offset`."""
    heard: Mapped[float]
    """When its process last gave a sign of life."""


class PurgeRow(Base):
    """A run deleted for ever whose files may still be there."""

    __tablename__ = "run_purge"

    uid: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str]
    """Whose folder its spool lies in."""


class TagRow(Base):
    """A tag of a run."""

    __tablename__ = "run_tag"

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class ParamRow(Base):
    """A parameter of a run; `number` is its value where that is one, for orders and searches."""

    __tablename__ = "run_param"
    __table_args__ = (
        Index("ix_run_param_key_number", "key", "number", "run_id"),
        Index("ix_run_param_key_value", "key", "value", "run_id"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]
    number: Mapped[float | None]


class MetricKeyRow(Base):
    """A metric's name, once."""

    __tablename__ = "metric_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class MetricRow(Base):
    """What lists show of a metric. `experiment_id` is here so that one index drives an order."""

    __tablename__ = "metric"
    __table_args__ = (
        Index("ix_metric_experiment_key_last", "experiment_id", "key_id", "last", "run_id"),
        Index("ix_metric_key_last", "key_id", "last", "run_id"),
    )

    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"), primary_key=True)
    key_id: Mapped[int] = mapped_column(ForeignKey("metric_key.id"), primary_key=True)
    experiment_id: Mapped[int]
    last: Mapped[float | None]
    min: Mapped[float | None]
    max: Mapped[float | None]
    step: Mapped[int] = mapped_column(BigInteger)
    count: Mapped[int] = mapped_column(BigInteger)
    sealed: Mapped[int] = mapped_column(BigInteger)
    """Points that are in chunks; the rest is in the tail."""


class TailRow(Base):
    """Points that came in together: `points.pack_raw`."""

    __tablename__ = "metric_tail"
    __table_args__ = (Index("ix_metric_tail_run_id_key_id", "run_id", "key_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    key_id: Mapped[int] = mapped_column(ForeignKey("metric_key.id"))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class ChunkRow(Base):
    """About 1,024 points: compressed, and summed up for charts (`points.Summary`)."""

    __tablename__ = "metric_chunk"
    __table_args__ = (UniqueConstraint("run_id", "key_id", "seq"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("run.id"))
    key_id: Mapped[int] = mapped_column(ForeignKey("metric_key.id"))
    seq: Mapped[int]
    count: Mapped[int]
    summary: Mapped[bytes] = mapped_column(LargeBinary)
    data: Mapped[bytes] = mapped_column(LargeBinary)
