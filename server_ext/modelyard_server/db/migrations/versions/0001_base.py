"""Tokens and compute instances."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the first tables."""
    op.create_table(
        "token",
        sa.Column("hash", sa.String, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_token"),
    )
    op.create_index("ix_token_kind", "token", ["kind"])
    op.create_index("ix_token_subject", "token", ["subject"])
    op.create_table(
        "compute_instance",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("folded", sa.String, nullable=False),
        sa.Column("size", sa.String, nullable=False),
        sa.Column("cpus", sa.Float, nullable=False),
        sa.Column("memory", sa.BigInteger, nullable=False),
        sa.Column("gpus", sa.Integer, nullable=False),
        sa.Column("image", sa.String, nullable=False),
        sa.Column("engine", sa.String, nullable=False),
        sa.Column("desired", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("restart", sa.Boolean, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("started", sa.Float),
        sa.Column("error", sa.JSON),
        sa.Column("exit", sa.JSON),
        sa.PrimaryKeyConstraint("name", name="pk_compute_instance"),
        sa.UniqueConstraint("folded", name="uq_compute_instance_folded"),
    )
