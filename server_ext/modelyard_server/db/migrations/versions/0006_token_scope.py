"""Tokens get a scope and an expiry; those there are keep what they could do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns: no scope is named, and nothing expires."""
    op.add_column("token", sa.Column("scope", sa.JSON, nullable=False, server_default="[]"))
    op.add_column("token", sa.Column("expires", sa.Double))
