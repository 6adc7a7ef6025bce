"""Gives the pages that deletions have left empty back to the disk.

SQLite keeps them for later rows. A file made with `auto_vacuum=INCREMENTAL` (all new ones) gives
them back a few at a time, and between two turns everybody else may write. An older file must be
written anew once, in one go, in which nobody writes: `convert`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from modelyard_server.db.session import Database

_PAGES = 512
"""Pages that go in one turn: some milliseconds in which others wait to write."""

_PAUSE = 0.02
"""Seconds between two turns, in which they do."""

_INCREMENTAL = 2

SMALL = 128 << 20
"""Bytes of a file that is written anew without being asked: about a second."""


class Pages(NamedTuple):
    """What the database's file consists of."""

    size: int
    """Bytes of a page."""
    used: int
    free: int
    incremental: bool
    """The empty ones can be given back a few at a time."""

    @property
    def free_bytes(self) -> int:
        """What can be given back."""
        return self.free * self.size


def pages(db: Database) -> Pages:
    """Count the pages."""
    with db.engine.connect().execution_options(reading=True) as connection:

        def ask(pragma: str) -> int:
            return int(connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one())

        free = ask("freelist_count")
        return Pages(
            size=ask("page_size"),
            used=ask("page_count") - free,
            free=free,
            incremental=ask("auto_vacuum") == _INCREMENTAL,
        )


def give_back(db: Database, pause: Callable[[float], object] = time.sleep) -> int:
    """Give empty pages back, without holding up who writes; gives the bytes that are freed.

    A file that cannot do so is left as it is: see `convert`.

    Parameters
    ----------
    pause: waits some seconds, between two turns; true: go on another time.
    """
    before = pages(db)
    if not before.incremental:
        return 0
    freed = 0
    while freed < before.free:
        _run(db, f"BEGIN IMMEDIATE; PRAGMA incremental_vacuum({_PAGES}); COMMIT;")
        freed += _PAGES
        if pause(_PAUSE):
            break
    _shorten_log(db)
    after = pages(db)
    return max(0, (before.used + before.free - after.used - after.free) * before.size)


def convert(db: Database) -> int:
    """Write the file anew, without empty pages; gives the bytes that are freed.

    Nobody else writes meanwhile: about a second for each 100 MB.
    """
    before = _size(db.path)
    _run(db, f"PRAGMA auto_vacuum={_INCREMENTAL}; VACUUM;")
    _shorten_log(db)
    return max(0, before - _size(db.path))


def _shorten_log(db: Database) -> None:
    """Bring what was written into the file itself; only then does it get shorter."""
    _run(db, "PRAGMA wal_checkpoint(TRUNCATE);")


def _run(db: Database, script: str) -> None:
    """Run statements outside of a transaction.

    As a script: Python's driver does a single step of a statement without columns otherwise, and
    each step of `incremental_vacuum` gives back one page.
    """
    raw = db.engine.raw_connection()
    try:
        raw.cursor().executescript(script)
    except BaseException:
        raw.invalidate()  # a transaction may be open in it
        raise
    finally:
        raw.close()


def files(path: Path) -> list[Path]:
    """The database's file, and those beside it."""
    return [path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm"))]


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in files(path) if file.exists())
