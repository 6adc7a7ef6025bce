"""What was made ready, when it was asked for last, and how it goes without being missed.

Who asks for an environment notes that first and looks whether it is there afterwards; who removes
one looks at the note and removes it in one turn that no asker can come into. So what was handed
out less than `GRACE` ago is never removed, and by then a container or a venv says who uses it.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from modelyard.errors import InUse, NotFound
from modelyard_server.core.beneath import remove_tree
from modelyard_server.engines.base import ImageEngine
from modelyard_server.environments.drafts import draft, is_draft, sweep
from modelyard_server.environments.packages import digest

GRACE = 3600.0
"""Seconds after it was asked for in which nothing is removed: time to start what needs it."""


_FORGET = 400 * 86400.0
"""Seconds after which a note is dropped."""


class KeptFolder(msgspec.Struct, kw_only=True, frozen=True):
    """A directory of packages, or a copy of the SDK."""

    key: str
    """Its name."""
    path: Path
    used: float
    """When it was asked for last."""


class Stock:
    """The directories and notes in `environments/`.

    Parameters
    ----------
    folder: `Paths.environments`.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._notes = folder / "used"
        self._turn = folder / ".turn.lock"
        # One of their own: an engine that hangs must not hold up who wants directories.
        self._image_turn = folder / ".images-turn.lock"

    # -- who asks ---------------------------------------------------------------------------

    def asked(self, keys: Iterable[str], images: ImageEngine | None = None) -> None:
        """Note that environments are wanted now; call it before looking whether they are there.

        Parameters
        ----------
        images: of images: the engine that keeps them. It is told, too, and so tells servers of
            other workspaces, which share its images with us.
        """
        with self._in_turn(fcntl.LOCK_SH, self._image_turn if images else self._turn):
            self._notes.mkdir(parents=True, exist_ok=True)
            for key in keys:
                (self._notes / digest(key)).write_text(key, encoding="utf-8")
                if images is not None:
                    with suppress(NotFound):
                        images.tag_image(key, key)

    def used(self, key: str) -> float:
        """When an environment was asked for last; 0 when no note says so."""
        try:
            return (self._notes / digest(key)).stat().st_mtime
        except OSError:
            return 0.0

    # -- what there is ----------------------------------------------------------------------

    def folders(self) -> list[KeptFolder]:
        """The directories of packages, and the copies of the SDK."""
        found = []
        for each in sorted(self._folder.iterdir()):
            if self._is_ours(each):
                made = each.stat().st_mtime
                used = max(self.used(each.name), made)
                found.append(KeptFolder(key=each.name, path=each, used=used))
        return found

    def _is_ours(self, path: Path) -> bool:
        special = path.name in (self._notes.name, "locks") or is_draft(path)
        return path.is_dir() and not path.is_symlink() and not special

    # -- who removes ------------------------------------------------------------------------

    def remove_folder(self, key: str) -> None:
        """Remove a directory; silent when it is gone.

        Raises
        ------
        InUse: it was asked for less than GRACE ago.
        """
        path = self._folder / key
        with draft(self._folder) as work:
            with self._in_turn(fcntl.LOCK_EX, self._turn):
                self._check(key, self.used(key))
                with suppress(FileNotFoundError):
                    path.rename(work / "gone")
                (self._notes / digest(key)).unlink(missing_ok=True)
            remove_tree(work / "gone")  # outside of the turn: it may take long

    def remove_image(self, engine: ImageEngine, key: str, used: float) -> None:
        """Remove an image; silent when it is gone.

        Parameters
        ----------
        used: when the engine was told last that it is wanted.

        Raises
        ------
        InUse: a container needs it, or it was asked for less than GRACE ago.
        """
        with self._in_turn(fcntl.LOCK_EX, self._image_turn):
            self._check(key, max(self.used(key), used))
            engine.remove_image(key)
            (self._notes / digest(key)).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove what killed processes left half made, and the notes of what is long gone."""
        sweep(self._folder)
        with suppress(FileNotFoundError):
            for note in self._notes.iterdir():
                if note.stat().st_mtime < time.time() - _FORGET:
                    note.unlink(missing_ok=True)

    def _check(self, key: str, used: float) -> None:
        if used > time.time() - GRACE:
            raise InUse(f"The environment {key} was asked for a moment ago.")

    @contextmanager
    def _in_turn(self, how: int, lock: Path) -> Iterator[None]:
        """Askers together, removers one by one and never among askers; in all processes."""
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)
