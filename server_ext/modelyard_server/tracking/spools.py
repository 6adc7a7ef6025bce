"""The spool directory as the server sees it. Containers write to it: nothing in it is trusted."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from modelyard.tracking.spool import lock_name, spool_name

PIECE = 4 << 20
"""Bytes that are read at once."""

LINE_LIMIT = 64 << 20
"""A line that is longer is garbage."""

_NAME = re.compile(r"([0-9a-f]{32})\.jsonl")


class Spools:
    """Reads spools and tells whether their writers live."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ids(self) -> Iterator[str]:
        """Runs that have a spool."""
        for path in self._folder.iterdir():
            match = _NAME.fullmatch(path.name)
            if match and not path.is_dir():
                yield match[1]

    def size(self, uid: str) -> int:
        """Bytes of a run's spool; 0 when there is none."""
        found = self._stat(uid)
        return found.st_size if found else 0

    def modified(self, uid: str) -> float | None:
        """When it was last written to; None when there is none."""
        found = self._stat(uid)
        return found.st_mtime if found else None

    def read(self, uid: str, offset: int) -> bytes:
        """Whole lines from a position on, about `PIECE` bytes; empty when there are none yet."""
        file = self._open(spool_name(uid))
        if file is None:
            return b""
        try:
            wanted = PIECE
            while True:
                data = os.pread(file, wanted, offset)
                end = data.rfind(b"\n") + 1
                if end or len(data) < wanted:
                    return data[:end]
                if wanted >= LINE_LIMIT:
                    return data
                wanted *= 4
        finally:
            os.close(file)

    def writer_lives(self, uid: str) -> bool:
        """Whether the process of the run still holds its lock."""
        file = self._open(lock_name(uid))
        if file is None:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def remove(self, uid: str) -> None:
        """Remove the spool of a run that has ended; a directory in its place is left alone."""
        for name in (spool_name(uid), lock_name(uid)):
            with suppress(FileNotFoundError, IsADirectoryError):
                (self._folder / name).unlink()

    def _stat(self, uid: str) -> os.stat_result | None:
        """Facts about a run's spool; None when no plain file has its name."""
        try:
            found = (self._folder / spool_name(uid)).stat(follow_symlinks=False)
        except FileNotFoundError:
            return None
        return found if stat.S_ISREG(found.st_mode) else None

    def _open(self, name: str) -> int | None:
        # Neither a link to a file of the server's nor a pipe that blocks it.
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            file = os.open(self._folder / name, flags)
        except OSError:
            return None
        if stat.S_ISREG(os.fstat(file).st_mode):
            return file
        os.close(file)
        return None
