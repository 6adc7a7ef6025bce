"""How much of the disk a folder takes: as `du`, but safe where programs of users can write.

No link is followed, a file with several names is counted once, and a path may be of any depth:
two descriptors are held however deep it is. Whoever moves folders about meanwhile ends the walk
of that branch, never leads it elsewhere.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_BLOCK = 512

MOST = 3_000_000
"""Files and folders that are looked at: half a minute's worth."""

_SAY = 5_000
"""Entries between two words about how far it is."""


class Stopped(Exception):
    """A measurement was given up."""


class Measured(msgspec.Struct, kw_only=True):
    """What was found."""

    bytes: int = 0
    files: int = 0
    """Without folders."""
    newest: float = 0.0
    """When the last of the files and folders was changed."""
    elsewhere: int = 0
    """Bytes of files that have names elsewhere as well: removing these here frees none of them."""
    partial: bool = False
    """There is more than was counted."""

    def __add__(self, other: Measured) -> Measured:
        return Measured(
            bytes=self.bytes + other.bytes,
            files=self.files + other.files,
            newest=max(self.newest, other.newest),
            elsewhere=self.elsewhere + other.elsewhere,
            partial=self.partial or other.partial,
        )

    @property
    def freed(self) -> int:
        """Bytes that removing it gives back."""
        return max(0, self.bytes - self.elsewhere)


_Identity = tuple[int, int]
"""Device and inode: what a file is, whatever it is called."""


class _Level(NamedTuple):
    """A folder on the way from the root to where we are."""

    identity: _Identity
    rest: list[str]
    """Subfolders that are still to be looked at."""


class Measuring:
    """Measures folders that may share files: what one call has counted, the next does not.

    Parameters
    ----------
    stop: set, every call raises Stopped soon.
    say: called now and then with the number of files seen so far, by all calls together.
    most: entries that one call looks at.
    """

    def __init__(
        self,
        stop: threading.Event | None = None,
        say: Callable[[int], None] = lambda _files: None,
        most: int = MOST,
    ) -> None:
        self._stop = stop or threading.Event()
        self._say = say
        self._most = most
        self._linked: set[_Identity] = set()
        self._names: dict[_Identity, tuple[int, int]] = {}
        self._seen = 0

    def of(self, path: Path, without: Collection[Path] = ()) -> Measured:
        """A folder with all below it, or a file; nothing where there is none, or a link.

        Parameters
        ----------
        without: folders that are not looked into.

        Raises
        ------
        Stopped: `stop` is set.
        """
        found = Measured()
        self._names.clear()
        try:
            at = os.open(path, _FOLDER)
        except NotADirectoryError:
            with suppress(OSError):
                about = path.lstat()
                if not stat.S_ISLNK(about.st_mode):
                    self._count(about, found)
        except OSError:
            pass
        else:
            self._walk(at, found, set(filter(None, map(_identity, without))))
        found.elsewhere = sum(size for unseen, size in self._names.values() if unseen)
        return found

    def _walk(self, at: int, found: Measured, skipped: set[_Identity]) -> None:
        """Count all below an open folder, and close it."""
        limit = self._seen + self._most
        way: list[_Level] = []
        try:
            way.append(self._enter(at, found, limit))
            while way:
                inner = self._next(at, way[-1], skipped) if self._seen < limit else None
                if inner is not None:
                    os.close(at)
                    at = inner
                    way.append(self._enter(at, found, limit))
                    continue
                found.partial = found.partial or bool(way[-1].rest)
                way.pop()
                if way:
                    above = os.open("..", _FOLDER, dir_fd=at)
                    os.close(at)
                    at = above
                    if _identified(os.fstat(at)) != way[-1].identity:  # it was moved meanwhile
                        found.partial = True
                        return
        except OSError:  # a folder above is closed to us
            found.partial = True
        finally:
            os.close(at)

    def _next(self, at: int, level: _Level, skipped: set[_Identity]) -> int | None:
        """A descriptor of the next subfolder that can be looked into."""
        while level.rest:
            with suppress(OSError):  # gone, or no folder any more
                inner = os.open(level.rest.pop(), _FOLDER, dir_fd=at)
                if _identified(os.fstat(inner)) not in skipped:
                    return inner
                os.close(inner)
        return None

    def _enter(self, at: int, found: Measured, limit: int) -> _Level:
        about = os.fstat(at)
        self._count(about, found, is_folder=True)
        return _Level(_identified(about), self._look(at, found, limit))

    def _look(self, at: int, found: Measured, limit: int) -> list[str]:
        """Count the files of one folder and give the names of its subfolders."""
        folders: list[str] = []
        try:
            entries = os.scandir(at)
        except OSError:
            found.partial = True  # not ours to read
            return folders
        with entries:
            for entry in entries:
                self._seen += 1
                if self._seen % _SAY == 0:
                    self._breathe()
                if self._seen > limit:
                    found.partial = True
                    break
                with suppress(OSError):  # gone meanwhile
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.name)
                    else:
                        self._count(entry.stat(follow_symlinks=False), found)
        return folders

    def _count(self, about: os.stat_result, found: Measured, *, is_folder: bool = False) -> None:
        found.newest = max(found.newest, about.st_mtime)
        if not is_folder:
            if about.st_nlink > 1:
                identity = _identified(about)
                unseen, size = self._names.get(identity, (about.st_nlink, about.st_blocks * _BLOCK))
                self._names[identity] = unseen - 1, size
                if identity in self._linked:
                    return
                self._linked.add(identity)
            found.files += 1
        found.bytes += about.st_blocks * _BLOCK

    def _breathe(self) -> None:
        if self._stop.is_set():
            raise Stopped
        self._say(self._seen)


def _identified(about: os.stat_result) -> _Identity:
    return about.st_dev, about.st_ino


def _identity(path: Path) -> _Identity | None:
    try:
        return _identified(path.lstat())
    except OSError:
        return None
