"""The spool folders as the server sees them. Containers write to them: nothing is trusted."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import stat
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from modelyard.tracking.spool import lock_name, spool_name

PIECE = 4 << 20
"""Bytes that are read at once."""

LINE_LIMIT = 64 << 20
"""A line that is longer is garbage."""

MOST = 10_000
"""Names that are looked at in one holder's folder: who makes more hides only runs of his own."""

HEAD = 1 << 20
"""Bytes that are looked at to find out what a spool is."""

_PROBE = 4096
_SPOOL = re.compile(r"([0-9a-f]{32})\.jsonl")
_OURS = re.compile(r"[0-9a-f]{32}\.(jsonl|lock)")


class Piece(NamedTuple):
    """What is at a position of a spool; neither lines nor anything to skip: nothing yet."""

    lines: bytes = b""
    """Whole lines."""
    skip: int = 0
    """Bytes that can be no line."""


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
        """The runs that have a spool in a holder's folder, and what else lies in it.

        What cannot be listed counts as empty: its holder may have shut it.
        """
        runs: list[str] = []
        strange: list[str] = []
        with suppress(OSError), os.scandir(self._folder / holder) as entries:
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

    def mark(self) -> tuple[int, float]:
        """Its size and when it was last written to: as long as both stay, so does what is in it."""
        found = self._stat()
        return (found.st_size, found.st_mtime) if found else (0, 0.0)

    def head(self) -> bytes:
        """Its first bytes, at most `HEAD`."""
        file = self._open(spool_name(self._uid))
        if file is None:
            return b""
        try:
            return os.pread(file, HEAD, 0)
        finally:
            os.close(file)

    def read(self, offset: int) -> Piece:
        """About `PIECE` bytes from a position on; what can be no line is passed over.

        A file may say that it has a terabyte and lie on no disk at all: holes are not read.
        """
        file = self._open(spool_name(self._uid))
        if file is None:
            return Piece()
        try:
            return _read(file, offset)
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


def _read(file: int, offset: int) -> Piece:
    size = os.fstat(file).st_size  # first: what is appended meanwhile is no hole
    data_at = _seek(file, offset, os.SEEK_DATA, size)
    if data_at > offset and _is_empty(file, offset):
        return Piece(skip=data_at - offset)
    hole_at = _seek(file, offset, os.SEEK_HOLE, size)
    if hole_at < size and not _is_empty(file, hole_at):
        hole_at = size
    wanted = PIECE
    while True:
        data = os.pread(file, min(wanted, max(0, hole_at - offset)), offset)
        end = data.rfind(b"\n") + 1
        if end:
            return Piece(lines=data[:end])
        if len(data) < wanted:  # the hole, or the end
            return Piece(skip=len(data) if hole_at < size else 0)
        if wanted >= LINE_LIMIT:
            return Piece(skip=len(data))
        wanted *= 4


def _seek(file: int, offset: int, what: int, size: int) -> int:
    """Where the next data or hole begins; `size` where there is none."""
    try:
        return os.lseek(file, offset, what)
    except OSError as error:
        if error.errno == errno.ENXIO:  # nothing but a hole, or past the end
            return size
        return offset if what == os.SEEK_DATA else size  # a file system that does not tell


def _is_empty(file: int, offset: int) -> bool:
    """Whether a hole reads as one: some file systems take what was just written for one."""
    return not os.pread(file, _PROBE, offset).strip(b"\0")
