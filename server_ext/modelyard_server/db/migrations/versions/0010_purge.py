"""Runs deleted for ever whose files may still be there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "run_purge",
        sa.Column("uid", sa.String, primary_key=True),
        sa.Column("holder", sa.String, nullable=False),
    )
