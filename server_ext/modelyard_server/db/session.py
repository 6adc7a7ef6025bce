"""One engine, one session context manager; the place where database errors are translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine as SqlEngine
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from modelyard.errors import AlreadyExists, ModelyardError, ServerError, StorageFull

MIGRATIONS = Path(__file__).parent / "migrations"


def _pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we emit BEGIN ourselves
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute("PRAGMA busy_timeout=10000")
    cursor.close()


def _begin(connection: Any) -> None:
    # A transaction that reads first and writes later cannot wait for another writer in WAL mode
    # (it fails with SQLITE_BUSY at once); taking the write lock at the start makes it queue.
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


class Database:
    """The workspace's database.

    Parameters
    ----------
    path: the SQLite file; its directory exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine: SqlEngine = create_engine(
            f"sqlite:///{path}",
            connect_args={"check_same_thread": False, "timeout": 10},
        )
        event.listen(self.engine, "connect", _pragmas)
        event.listen(self.engine, "begin", _begin)
        self._writing = sessionmaker(self.engine, expire_on_commit=False)
        self._reading = sessionmaker(
            self.engine.execution_options(reading=True), expire_on_commit=False
        )

    def migrate(self, revision: str = "head") -> None:
        """Bring the schema to `revision`; an older file keeps its data.

        Raises
        ------
        ServerError: the file is damaged, or belongs to a newer version.
        """
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        try:
            with self.engine.connect() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, revision)
        except DatabaseError as error:
            raise _translated(error) from error

    @contextmanager
    def session(self, *, reading: bool = False) -> Iterator[Session]:
        """A transaction: committed at the end of the block, rolled back on any exception.

        Pass `reading=True` where nothing is written: readers then wait for nobody.

        Raises
        ------
        AlreadyExists: a unique constraint refused it.
        StorageFull: the disk is full.
        ServerError: any other database fault.
        """
        try:
            sessions = self._reading if reading else self._writing
            with sessions.begin() as session:
                yield session
        except IntegrityError as error:
            raise AlreadyExists("That name is taken.", hint="Choose another one.") from error
        except DatabaseError as error:
            raise _translated(error) from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _translated(error: DatabaseError) -> ModelyardError:
    text = str(error.orig)
    if "disk is full" in text or "disk I/O" in text:
        return StorageFull(
            "The disk of the workspace is full.", hint="Free some space, then try again."
        )
    return ServerError(
        f"The database could not do it: {text}.",
        hint="Try again; if it stays, restore the file from a backup.",
    )
