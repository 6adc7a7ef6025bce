"""Files in folders that programs in containers may change while we look.

A program on an instance may put a link or a pipe wherever it can write. A server that is root and
followed it would overwrite, give away or read files of the host. So nothing here follows a link
below the folder it was given, every file appears by rename, and no read blocks or is without limit.
"""

from __future__ import annotations

import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Beneath:
    """A folder held open: what it is called meanwhile does not matter. Made by `beneath`.

    Parameters
    ----------
    descriptor: of the folder.
    owner: uid and gid that get what is made here, when the server is root.
    """

    def __init__(self, descriptor: int, owner: tuple[int, int]) -> None:
        self._at = descriptor
        self._owner = owner

    @contextmanager
    def folder(self, *names: str) -> Iterator[Beneath]:
        """A folder below this one, made (with those between) if missing.

        Raises
        ------
        OSError: one of the names is a link or a file.
        """
        opened: list[int] = []
        try:
            inner = self
            for name in names:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=inner._at)
                opened.append(os.open(name, _FOLDER, dir_fd=inner._at))
                inner = Beneath(opened[-1], self._owner)
                inner.give()
            yield inner
        finally:
            for descriptor in opened:
                os.close(descriptor)

    def give(self) -> None:
        """Hand the folder itself to the owner."""
        found = os.fstat(self._at)
        if os.getuid() == 0 and (found.st_uid, found.st_gid) != self._owner:
            os.fchown(self._at, *self._owner)

    def write(self, name: str, content: str, mode: int = 0o664) -> None:
        """Replace a file; whatever had the name is gone, and what it pointed to untouched."""
        draft = _draft(name)
        descriptor = os.open(draft, _NEW, 0o600, dir_fd=self._at)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                if os.getuid() == 0:
                    os.fchown(descriptor, *self._owner)
                os.fchmod(descriptor, mode)
                file.write(content)
            self._rename(draft, name)
        except BaseException:
            self._drop(draft)
            raise

    def link(self, name: str, target: str) -> None:
        """Make `name` a symbolic link to `target`."""
        with suppress(OSError):  # missing, or no link
            if os.readlink(name, dir_fd=self._at) == target:
                return
        draft = _draft(name)
        os.symlink(target, draft, dir_fd=self._at)
        try:
            if os.getuid() == 0:
                os.chown(draft, *self._owner, dir_fd=self._at, follow_symlinks=False)
            self._rename(draft, name)
        except BaseException:
            self._drop(draft)
            raise

    def _rename(self, draft: str, name: str) -> None:
        os.replace(draft, name, src_dir_fd=self._at, dst_dir_fd=self._at)

    def _drop(self, draft: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=self._at)


@contextmanager
def beneath(folder: Path, owner: tuple[int, int]) -> Iterator[Beneath]:
    """Open a folder whose own place nobody but us can change.

    Raises
    ------
    OSError: it is not there, or is a link.
    """
    descriptor = os.open(folder, _FOLDER)
    try:
        yield Beneath(descriptor, owner)
    finally:
        os.close(descriptor)


def read_plain(file: Path, limit: int) -> bytes:
    """The first `limit` bytes of a regular file.

    Raises
    ------
    OSError: it is not there, or is a link, a pipe or a device.
    """
    descriptor = os.open(file, _READ)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{file} is not a plain file.")
        return os.pread(descriptor, limit, 0)
    finally:
        os.close(descriptor)


def _draft(name: str) -> str:
    return f".{name}.{uuid.uuid4().hex}.tmp"
