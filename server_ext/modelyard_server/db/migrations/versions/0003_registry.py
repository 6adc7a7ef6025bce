"""Models, their versions, and uploads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the registry's tables."""
    op.create_table(
        "model",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("updated", sa.Double, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_model"),
    )
    op.create_table(
        "model_counter",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_model_counter"),
    )
    op.create_table(
        "model_version",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("flavor", sa.String, nullable=False),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("run_id", sa.String, nullable=False),
        sa.Column("run_name", sa.String, nullable=False),
        sa.Column("experiment", sa.String, nullable=False),
        sa.Column("path", sa.String, nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String, nullable=False),
        sa.Column("python", sa.String, nullable=False),
        sa.Column("requirements", sa.JSON, nullable=False),
        sa.Column("signature", sa.JSON),
        sa.Column("input_example", sa.JSON),
        sa.Column("files", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("name", "version", name="pk_model_version"),
        sa.ForeignKeyConstraint(
            ["name"], ["model.name"], name="fk_model_version_name_model", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_model_version_run_id", "model_version", ["run_id"])
    op.create_table(
        "upload",
        sa.Column("id", sa.String, nullable=False),
        sa.Column("touched", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_upload"),
    )
    op.create_index("ix_upload_touched", "upload", ["touched"])
