"""The spool folders as the server sees them. Containers write to them: nothing is trusted."""

from __future__ import annotations

import fcntl
import os
import re
import stat
from contextlib import suppress
from itertools import islice
from pathlib import Path

from modelyard.tracking.spool import lock_name, spool_name

PIECE = 4 << 20
"""Bytes that are read at once."""

LINE_LIMIT = 64 << 20
"""A line that is longer is garbage."""

MOST = 10_000
"""Names that are looked at in one holder's folder: who makes more hides only runs of his own."""

_SPOOL = re.compile(r"([0-9a-f]{32})\.jsonl")
_OURS = re.compile(r"[0-9a-f]{32}\.(jsonl|lock)")


class Spools:
    """The folders of all holders (`core.holder`), each of which only its holder writes to."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, holder: str, uid: str) -> Spool:
        """The spool of a run in a holder's folder, there or not."""
        return Spool(self._folder / holder, uid)

    def holders(self) -> list[str]:
        """Who has a folder; '' is the one of runs that began when all shared it."""
        with os.scandir(self._folder) as entries:
            return ["", *(e.name for e in entries if e.is_dir(follow_symlinks=False))]

    def listing(self, holder: str) -> tuple[list[str], list[str]]:
        """The runs that have a spool in a holder's folder, and what else lies in it."""
        runs: list[str] = []
        strange: list[str] = []
        with suppress(FileNotFoundError), os.scandir(self._folder / holder) as entries:
            for entry in islice(entries, MOST):
                folder = entry.is_dir(follow_symlinks=False)
                match = _SPOOL.fullmatch(entry.name)
                if match and not folder:
                    runs.append(match[1])
                elif folder and not holder:
                    continue  # another holder's
                elif folder or not _OURS.fullmatch(entry.name):
                    strange.append(entry.name)
        return runs, strange


class Spool:
    """One run's spool: reads it and tells whether its writer lives."""

    def __init__(self, folder: Path, uid: str) -> None:
        self._folder = folder
        self._uid = uid

    def size(self) -> int:
        """Its bytes; 0 when there is none."""
        found = self._stat()
        return found.st_size if found else 0

    def modified(self) -> float | None:
        """When it was last written to; None when there is none."""
        found = self._stat()
        return found.st_mtime if found else None

    def read(self, offset: int) -> bytes:
        """Whole lines from a position on, about `PIECE` bytes; empty when there are none yet."""
        file = self._open(spool_name(self._uid))
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

    def writer_lives(self) -> bool:
        """Whether the process of the run still holds its lock."""
        file = self._open(lock_name(self._uid))
        if file is None:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def remove(self) -> None:
        """Remove the spool of a run that has ended; a directory in its place is left alone."""
        for name in (spool_name(self._uid), lock_name(self._uid)):
            with suppress(FileNotFoundError, IsADirectoryError):
                (self._folder / name).unlink()

    def _stat(self) -> os.stat_result | None:
        """Facts about a run's spool; None when no plain file has its name."""
        try:
            found = (self._folder / spool_name(self._uid)).stat(follow_symlinks=False)
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
