"""Experiments, runs, metrics."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create the tables of tracking."""
    op.create_table(
        "experiment",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
        sa.Column("deleted", sa.Double),
        sa.PrimaryKeyConstraint("id", name="pk_experiment"),
        sa.UniqueConstraint("name", name="uq_experiment_name"),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("uid", sa.String, nullable=False),
        sa.Column("experiment_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("started", sa.Double),
        sa.Column("ended", sa.Double),
        sa.Column("compute", sa.String, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("error", sa.String, nullable=False),
        sa.Column("parent", sa.String, nullable=False),
        sa.Column("source_kind", sa.String, nullable=False),
        sa.Column("source_name", sa.String, nullable=False),
        sa.Column("python", sa.String, nullable=False),
        sa.Column("deleted", sa.Double),
        sa.Column("spool", sa.Boolean, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("log_size", sa.BigInteger, nullable=False),
        sa.Column("heard", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
        sa.UniqueConstraint("uid", name="uq_run_uid"),
        sa.ForeignKeyConstraint(
            ["experiment_id"], ["experiment.id"], name="fk_run_experiment_id_experiment"
        ),
    )
    op.create_index("ix_run_status", "run", ["status"])
    op.create_index("ix_run_created", "run", ["created"])
    op.create_index("ix_run_experiment_id_created", "run", ["experiment_id", "created"])
    op.create_index(
        "ix_run_experiment_id_deleted_status", "run", ["experiment_id", "deleted", "status"]
    )
    op.create_table(
        "run_tag",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "key", name="pk_run_tag"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_tag_run_id_run"),
    )
    op.create_table(
        "run_param",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("key", sa.String, nullable=False),
        sa.Column("value", sa.String, nullable=False),
        sa.Column("number", sa.Double),
        sa.PrimaryKeyConstraint("run_id", "key", name="pk_run_param"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_run_param_run_id_run"),
    )
    op.create_index("ix_run_param_key_number", "run_param", ["key", "number", "run_id"])
    op.create_index("ix_run_param_key_value", "run_param", ["key", "value", "run_id"])
    _metric_tables()


def _metric_tables() -> None:
    op.create_table(
        "metric_key",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_metric_key"),
        sa.UniqueConstraint("name", name="uq_metric_key_name"),
    )
    op.create_table(
        "metric",
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("key_id", sa.Integer, nullable=False),
        sa.Column("experiment_id", sa.Integer, nullable=False),
        sa.Column("last", sa.Double),
        sa.Column("min", sa.Double),
        sa.Column("max", sa.Double),
        sa.Column("step", sa.BigInteger, nullable=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sa.Column("sealed", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "key_id", name="pk_metric"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_metric_run_id_run"),
        sa.ForeignKeyConstraint(["key_id"], ["metric_key.id"], name="fk_metric_key_id_metric_key"),
    )
    op.create_index(
        "ix_metric_experiment_key_last", "metric", ["experiment_id", "key_id", "last", "run_id"]
    )
    op.create_index("ix_metric_key_last", "metric", ["key_id", "last", "run_id"])
    op.create_table(
        "metric_tail",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("key_id", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_metric_tail"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_metric_tail_run_id_run"),
        sa.ForeignKeyConstraint(
            ["key_id"], ["metric_key.id"], name="fk_metric_tail_key_id_metric_key"
        ),
    )
    op.create_index("ix_metric_tail_run_id_key_id", "metric_tail", ["run_id", "key_id"])
    op.create_table(
        "metric_chunk",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("run_id", sa.Integer, nullable=False),
        sa.Column("key_id", sa.Integer, nullable=False),
        sa.Column("seq", sa.Integer, nullable=False),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("summary", sa.LargeBinary, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_metric_chunk"),
        sa.UniqueConstraint("run_id", "key_id", "seq", name="uq_metric_chunk_run_id_key_id_seq"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_metric_chunk_run_id_run"),
        sa.ForeignKeyConstraint(
            ["key_id"], ["metric_key.id"], name="fk_metric_chunk_key_id_metric_key"
        ),
    )
