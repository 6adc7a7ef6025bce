"""When an instance was last asked to run: its place in the line for GPUs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Until now that was when it was created."""
    column = sa.Column("requested", sa.Float, nullable=False, server_default="0")
    op.add_column("compute_instance", column)
    op.execute("UPDATE compute_instance SET requested = created")
