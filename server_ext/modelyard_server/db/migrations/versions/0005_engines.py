"""Every endpoint keeps its engine; what an engine's silence left in rows is not kept any more."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the engine; empty means: that of the server which served the workspace last."""
    op.add_column("endpoint", sa.Column("engine", sa.String, nullable=False, server_default=""))
    op.execute("UPDATE compute_instance SET error = NULL WHERE state != 'failed'")
