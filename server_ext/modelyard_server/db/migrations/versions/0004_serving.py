"""Endpoints and deployments."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Create the tables of the serving domain."""
    op.create_table(
        "endpoint",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("folded", sa.String, nullable=False),
        sa.Column("port", sa.Integer, nullable=False),
        sa.Column("desired", sa.String, nullable=False),
        sa.Column("keys", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("updated", sa.Float, nullable=False),
        sa.Column("current", sa.String),
        sa.PrimaryKeyConstraint("name", name="pk_endpoint"),
        sa.UniqueConstraint("folded", name="uq_endpoint_folded"),
        sa.UniqueConstraint("port", name="uq_endpoint_port"),
    )
    op.create_table(
        "deployment",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("endpoint", sa.String, nullable=False),
        sa.Column("model", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("ready", sa.Float),
        sa.Column("size", sa.String, nullable=False),
        sa.Column("cpus", sa.Float, nullable=False),
        sa.Column("memory", sa.BigInteger, nullable=False),
        sa.Column("script", sa.String, nullable=False),
        sa.Column("requirements", sa.JSON, nullable=False),
        sa.Column("env", sa.String, nullable=False),
        sa.Column("input_example", sa.JSON),
        sa.Column("error", sa.JSON),
        sa.Column("exit", sa.JSON),
        sa.PrimaryKeyConstraint("id", name="pk_deployment"),
        sa.ForeignKeyConstraint(
            ["endpoint"], ["endpoint.name"], name="fk_deployment_endpoint_endpoint",
            ondelete="CASCADE",
        ),
    )  # fmt: skip
    op.create_index("ix_deployment_endpoint", "deployment", ["endpoint"])
    op.create_index("ix_deployment_model", "deployment", ["model"])
