"""Rows that belong to no domain."""

from __future__ import annotations

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.db.base import Base


class TokenRow(Base):
    """A token's hash, whom it speaks for and how far it reaches."""

    __tablename__ = "token"

    hash: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(index=True)
    subject: Mapped[str] = mapped_column(index=True)
    created: Mapped[float]
    scope: Mapped[list[str]] = mapped_column(JSON, default=list)
    expires: Mapped[float | None] = mapped_column(default=None)
