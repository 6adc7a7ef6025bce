"""Every run keeps who logs to it: its spool is read from that holder's folder alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the holder; empty means: the one folder that all shared, where active runs go on."""
    op.add_column("run", sa.Column("holder", sa.String, nullable=False, server_default=""))
