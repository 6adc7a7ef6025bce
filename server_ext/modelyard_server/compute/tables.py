"""Rows of compute instances."""

from __future__ import annotations

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.db.base import Base
from modelyard_server.db.columns import Json


class InstanceRow(Base):
    """What the user wants of an instance, and what was last seen of it."""

    __tablename__ = "compute_instance"

    name: Mapped[str] = mapped_column(primary_key=True)
    # Container names and many file systems do not tell 'A' from 'a'.
    folded: Mapped[str] = mapped_column(unique=True)
    size: Mapped[str]
    cpus: Mapped[float]
    memory: Mapped[int] = mapped_column(BigInteger)
    gpus: Mapped[int]
    shared: Mapped[bool]
    queue: Mapped[bool]
    image: Mapped[str]
    engine: Mapped[str]
    desired: Mapped[str]
    state: Mapped[str]
    restart: Mapped[bool]
    created: Mapped[float]
    requested: Mapped[float]
    started: Mapped[float | None]
    error: Mapped[dict | None] = mapped_column(Json)
    exit: Mapped[dict | None] = mapped_column(Json)
