"""Edges "X rests on Y", filled from what the rows say today."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Create the table; versions rest on their runs, endpoints on the versions they serve."""
    op.create_table(
        "lineage_edge",
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("id", sa.String, nullable=False),
        sa.Column("on_kind", sa.String, nullable=False),
        sa.Column("on_id", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("kind", "id", "on_kind", "on_id", name="pk_lineage_edge"),
    )
    op.create_index("ix_lineage_edge_on", "lineage_edge", ["on_kind", "on_id"])
    op.execute(
        "INSERT INTO lineage_edge (kind, id, on_kind, on_id) "
        "SELECT 'model_version', name || ':' || version, 'run', run_id "
        "FROM model_version WHERE run_id != ''"
    )
    op.execute(
        "INSERT INTO lineage_edge (kind, id, on_kind, on_id) "
        "SELECT DISTINCT 'endpoint', endpoint.name, 'model_version', "
        "deployment.model || ':' || deployment.version "
        "FROM deployment JOIN endpoint ON deployment.endpoint = endpoint.name "
        "WHERE endpoint.desired != 'deleted' AND (deployment.id = endpoint.current "
        "OR deployment.state IN ('queued', 'building', 'starting'))"
    )
