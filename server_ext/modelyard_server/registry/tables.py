"""Rows of models, their versions, and uploads on their way to become one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from modelyard_server.db.base import Base


class ModelRow(Base):
    """A name with versions; it exists for as long as it has one."""

    __tablename__ = "model"

    name: Mapped[str] = mapped_column(primary_key=True)
    created: Mapped[float]
    updated: Mapped[float]
    note: Mapped[str]
    tags: Mapped[dict[str, str]] = mapped_column(JSON)


class ModelCounterRow(Base):
    """The last version number given under a name; outlives the model, so none is given twice."""

    __tablename__ = "model_counter"

    name: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class ModelVersionRow(Base):
    """A version whose files are complete."""

    __tablename__ = "model_version"

    name: Mapped[str] = mapped_column(
        ForeignKey("model.name", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created: Mapped[float]
    flavor: Mapped[str]
    tags: Mapped[dict[str, str]] = mapped_column(JSON)
    note: Mapped[str]
    run_id: Mapped[str] = mapped_column(index=True)
    run_name: Mapped[str]
    experiment: Mapped[str]
    path: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str]
    python: Mapped[str]
    requirements: Mapped[list[str]] = mapped_column(JSON)
    signature: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    input_example: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True)
    # Path, size and SHA-256 of every file; lists of versions do not read it.
    files: Mapped[list[dict[str, Any]]] = mapped_column(JSON, deferred=True)


class UploadRow(Base):
    """A staging area for files."""

    __tablename__ = "upload"

    id: Mapped[str] = mapped_column(primary_key=True)
    touched: Mapped[float] = mapped_column(index=True)
