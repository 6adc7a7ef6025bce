"""Rows of endpoints and their deployments."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from modelyard_server.db.base import Base
from modelyard_server.db.columns import Json


class EndpointRow(Base):
    """A stable address: name, port and keys stay while deployments come and go."""

    __tablename__ = "endpoint"

    name: Mapped[str] = mapped_column(primary_key=True)
    # Container names do not tell 'A' from 'a'.
    folded: Mapped[str] = mapped_column(unique=True)
    port: Mapped[int] = mapped_column(unique=True)
    engine: Mapped[str]
    desired: Mapped[str]
    keys: Mapped[str]
    created: Mapped[float]
    updated: Mapped[float]
    # No foreign key: the two tables would refer to each other.
    current: Mapped[str | None]

    deployments: Mapped[list[DeploymentRow]] = relationship(
        order_by="DeploymentRow.created", cascade="all, delete-orphan", passive_deletes=True
    )


class DeploymentRow(Base):
    """A model version on its way to be served, being served, or on its way out."""

    __tablename__ = "deployment"

    id: Mapped[str] = mapped_column(primary_key=True)
    endpoint: Mapped[str] = mapped_column(
        ForeignKey("endpoint.name", ondelete="CASCADE"), index=True
    )
    model: Mapped[str] = mapped_column(index=True)
    version: Mapped[int]
    state: Mapped[str]
    created: Mapped[float]
    ready: Mapped[float | None]
    size: Mapped[str]
    cpus: Mapped[float]
    memory: Mapped[int]
    script: Mapped[str]
    requirements: Mapped[list[str]] = mapped_column(Json)
    # Sealed like the keys: people put passwords into variables.
    env: Mapped[str]
    input_example: Mapped[Any] = mapped_column(Json)
    error: Mapped[dict[str, Any] | None] = mapped_column(Json)
    exit: Mapped[dict[str, Any] | None] = mapped_column(Json)
