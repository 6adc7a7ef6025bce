"""What rests on what."""

from __future__ import annotations

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.db.base import Base


class EdgeRow(Base):
    """One thing that rests on another: without its base it would lose what it was made from."""

    __tablename__ = "lineage_edge"
    __table_args__ = (Index("ix_lineage_edge_on", "on_kind", "on_id"),)

    kind: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    on_kind: Mapped[str] = mapped_column(primary_key=True)
    on_id: Mapped[str] = mapped_column(primary_key=True)
