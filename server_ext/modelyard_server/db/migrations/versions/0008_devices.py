"""How an instance asks for GPUs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Until now every instance had its GPUs to itself and did not wait for them."""
    for name in ("shared", "queue"):
        column = sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column("compute_instance", column)
