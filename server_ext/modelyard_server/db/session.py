"""One engine, one session context manager; the place where database errors are translated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Engine as SqlEngine
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError
from sqlalchemy.orm import Session, sessionmaker

from modelyard.errors import FREES_SPACE, AlreadyExists, ModelyardError, ServerError, StorageFull

MIGRATIONS = Path(__file__).parent / "migrations"

_CONNECTIONS = 24
"""Kept open. More are made when more threads ask: nobody waits for another to give one back."""

_STEPS = 20_000
"""Instructions of SQLite's machine, about a millisecond, between two looks at `abandoned`."""

abandoned: ContextVar[Callable[[], bool] | None] = ContextVar("abandoned", default=None)
"""Says, from any thread, that nobody awaits what is read in this context any more."""


class Interrupted(Exception):
    """A read ended early, for nobody awaits it; see `abandoned`."""


def _pragmas(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we emit BEGIN ourselves
    cursor = connection.cursor()
    # Of a file that has no table yet only; see compact.py.
    cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
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
            pool_size=_CONNECTIONS,
            max_overflow=-1,
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
        Interrupted: it only reads, and `abandoned` says that nobody awaits it.
        """
        left = abandoned.get() if reading else None
        try:
            sessions = self._reading if reading else self._writing
            with sessions.begin() as session:
                if left is None:
                    yield session
                else:
                    with _interruptible(session, left):
                        yield session
        except OperationalError as error:
            if left is not None and left() and "interrupted" in str(error.orig):
                raise Interrupted from error
            raise _translated(error) from error
        except IntegrityError as error:
            raise AlreadyExists("That name is taken.", hint="Choose another one.") from error
        except DatabaseError as error:
            raise _translated(error) from error

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


@contextmanager
def _interruptible(session: Session, left: Callable[[], bool]) -> Iterator[None]:
    connection: Any = session.connection().connection.driver_connection
    connection.set_progress_handler(left, _STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


def _translated(error: DatabaseError) -> ModelyardError:
    text = str(error.orig)
    if "disk is full" in text or "disk I/O" in text:
        return StorageFull("The disk of the workspace is full.", hint=FREES_SPACE)
    return ServerError(
        f"The database could not do it: {text}.",
        hint="Try again; if it stays, restore the file from a backup.",
    )
