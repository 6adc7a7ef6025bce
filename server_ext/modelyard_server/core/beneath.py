"""Files in folders that programs in containers may change while we look.

A program on an instance may put a link or a pipe wherever it can write. A server that is root and
followed it would overwrite, give away or read files of the host. So nothing here follows a link
below the folder it was given, every file appears by rename, what lies in the way is moved aside,
no read blocks or is without limit, and no path is so deep that it cannot be walked.
"""

from __future__ import annotations

import errno
import os
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_IN_THE_WAY = (errno.ENOTDIR, errno.ELOOP, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST)
"""What the system says when something of another kind has a name that we want."""
_ATTEMPTS = 3
"""A program that puts something in our way more often than this, at once, has its way."""


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

        A link or a file that has its name is moved aside: to `.aside-NAME-…` in the same folder.

        Raises
        ------
        OSError: it cannot be made.
        """
        opened: list[int] = []
        try:
            inner = self
            for name in names:
                opened.append(inner._open_folder(name))
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

    def give_file(self, name: str) -> None:
        """Hand a plain file to the owner; one that has another name elsewhere stays whose it is."""
        with suppress(OSError):  # missing, or a link
            descriptor = os.open(name, _READ, dir_fd=self._at)
            try:
                found = os.fstat(descriptor)
                if os.getuid() == 0 and stat.S_ISREG(found.st_mode) and found.st_nlink == 1:
                    os.fchown(descriptor, *self._owner)
            finally:
                os.close(descriptor)

    def write(self, name: str, content: str, mode: int = 0o664) -> None:
        """Replace a file; a link that had the name is gone, and what it pointed to untouched.

        A folder that has the name is moved aside.
        """
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
        """Make `name` a symbolic link to `target`; a folder that has the name is moved aside."""
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

    def _open_folder(self, name: str) -> int:
        for attempt in range(1, _ATTEMPTS + 1):
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=self._at)
            try:
                return os.open(name, _FOLDER, dir_fd=self._at)
            except OSError as error:
                if error.errno not in _IN_THE_WAY or attempt == _ATTEMPTS:
                    raise
                self._aside(name)
        raise AssertionError

    def _rename(self, draft: str, name: str) -> None:
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                os.replace(draft, name, src_dir_fd=self._at, dst_dir_fd=self._at)
                return
            except OSError as error:
                if error.errno not in _IN_THE_WAY or attempt == _ATTEMPTS:
                    raise
                self._aside(name)

    def _aside(self, name: str) -> None:
        """Give what has a name another one: it may be of use to whoever put it there."""
        aside = f".aside-{name}-{uuid.uuid4().hex}"
        with suppress(FileNotFoundError):
            os.rename(name, aside, src_dir_fd=self._at, dst_dir_fd=self._at)

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


def remove_tree(folder: Path) -> None:
    """Delete a folder with all that is below it; silent about what cannot be deleted.

    A path may be deeper than descriptors, memory or the system's longest path allow. So every
    folder is emptied in one place: its subfolders move up into a bin, where their turn comes.
    """
    try:
        root = os.open(folder, _FOLDER)
    except OSError:
        with suppress(OSError):
            folder.unlink()  # it is a link
        return
    bin = f".gone-{uuid.uuid4().hex}"
    try:
        with suppress(OSError):
            os.mkdir(bin, 0o700, dir_fd=root)
            into = os.open(bin, _FOLDER, dir_fd=root)
            try:
                _remove_below(root, into, bin)
            finally:
                os.close(into)
            os.rmdir(bin, dir_fd=root)
    finally:
        os.close(root)
    with suppress(OSError):
        folder.rmdir()


def _remove_below(root: int, into: int, bin: str) -> None:
    """Empty `root`, but for the bin in it, which `into` is a descriptor of; then empty the bin."""
    made = _empty(root, into, 0, keep=bin)
    done = 0
    while done < made:
        name = str(done)
        with suppress(OSError):
            at = os.open(name, _FOLDER, dir_fd=into)
            try:
                made = _empty(at, into, made)
            finally:
                os.close(at)
            os.rmdir(name, dir_fd=into)
        done += 1


def _empty(at: int, into: int, made: int, keep: str = "") -> int:
    """Unlink the files of a folder and move its subfolders; gives the next name that is free."""
    with os.scandir(at) as entries:
        for entry in entries:
            if entry.name == keep:
                continue
            with suppress(OSError):
                if entry.is_dir(follow_symlinks=False):
                    os.rename(entry.name, str(made), src_dir_fd=at, dst_dir_fd=into)
                    made += 1
                else:
                    os.unlink(entry.name, dir_fd=at)
    return made


def _draft(name: str) -> str:
    return f".{name}.{uuid.uuid4().hex}.tmp"
