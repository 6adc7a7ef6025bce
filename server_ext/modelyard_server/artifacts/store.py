"""Files of runs and models, behind a small protocol.

A key is a relative path with '/'. A file appears under its key complete or not at all, is
read-only, and shares no byte with what any program of a user can write to (copies.py).
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Protocol, runtime_checkable

from modelyard.errors import (
    FREES_SPACE,
    AlreadyExists,
    Conflict,
    InvalidInput,
    NotFound,
    StorageFull,
)
from modelyard.schema.tracking import ArtifactInfo
from modelyard_server.artifacts.copies import READ_ONLY, copy_file
from modelyard_server.artifacts.keys import DRAFTS, check_key


class Writer(Protocol):
    """A file in the making; it is used by one thread at a time."""

    def write(self, data: bytes) -> None:
        """Append. StorageFull when the disk is full; the draft is gone then."""
        ...

    def commit(self, *, durable: bool = True) -> ArtifactInfo:
        """Make it appear under its key, with its SHA-256; replaces an earlier file whole.

        Parameters
        ----------
        durable: wait until it would survive a power cut; spare that for many small files that
            can be had again.
        """
        ...

    def abort(self) -> None:
        """Leave nothing behind. Silent after `commit` or `abort`."""
        ...


@runtime_checkable
class ArtifactStore(Protocol):
    """Keeps files by key. Every method blocks, and raises InvalidInput for a bad key."""

    def writer(self, key: str) -> Writer:
        """Begin a file. Conflict when a directory has the key, or a file one of its parents."""
        ...

    def open(self, key: str) -> BufferedReader:
        """Open for reading. NotFound when there is no such file."""
        ...

    def path(self, key: str) -> Path:
        """Where the file or directory lies on this machine, whether it exists or not."""
        ...

    def stat(self, key: str) -> ArtifactInfo:
        """One file or directory; `path` is the key. NotFound when there is none."""
        ...

    def exists(self, key: str) -> bool:
        """Whether a file or directory has the key."""
        ...

    def list(self, prefix: str, *, recursive: bool = False) -> list[ArtifactInfo]:
        """What lies below a directory, sorted, with paths relative to it.

        One level with the sizes of directories summed up, or (`recursive`) all files. Empty
        when there is no such directory.
        """
        ...

    def size(self, prefix: str) -> int:
        """Bytes of all files below it; 0 when there is nothing."""
        ...

    def copy_tree(self, source: str, target: str) -> list[ArtifactInfo]:
        """Copy a file or directory so that `target` appears complete or not at all.

        Returns
        -------
        The files of `target` with their SHA-256, sorted, with paths relative to it; of a single
        file, its name.

        Raises
        ------
        NotFound: there is no `source`. AlreadyExists: there is a `target`.
        """
        ...

    def delete_tree(self, key: str) -> None:
        """Remove a file or directory with all that is in it; silent when there is none."""
        ...


@contextmanager
def _disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(
                "The disk that holds the artifacts is full.",
                hint=FREES_SPACE,
            ) from error
        if error.errno in (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY):
            raise Conflict(
                "A file and a directory cannot have the same path.", field="path"
            ) from error
        raise


class _LocalWriter:
    """A draft beside the tree, renamed into place."""

    def __init__(self, draft: Path, target: Path, key: str) -> None:
        self._draft = draft
        self._target = target
        self._key = key
        self._hash = hashlib.sha256()
        self._size = 0
        self._file: FileIO | None = draft.open("wb", buffering=0)

    def write(self, data: bytes) -> None:
        if self._file is None:
            raise ValueError("write() after commit() or abort()")
        try:
            with _disk():
                view = memoryview(data)
                while view:
                    view = view[self._file.write(view) :]
        except BaseException:
            self.abort()
            raise
        self._hash.update(data)
        self._size += len(data)

    def commit(self, *, durable: bool = True) -> ArtifactInfo:
        if self._file is None:
            raise ValueError("commit() after commit() or abort()")
        try:
            with _disk():
                if durable:
                    os.fsync(self._file.fileno())
                modified = os.fstat(self._file.fileno()).st_mtime
                os.fchmod(self._file.fileno(), READ_ONLY)
                self._target.parent.mkdir(parents=True, exist_ok=True)
                self._draft.replace(self._target)
                if durable:
                    _sync_directory(self._target.parent)
        finally:
            self.abort()
        return ArtifactInfo(
            path=self._key,
            is_dir=False,
            size=self._size,
            modified=modified,
            sha256=self._hash.hexdigest(),
        )

    def abort(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._draft.unlink(missing_ok=True)


class LocalArtifactStore:
    """The store on a local (or network) file system.

    Parameters
    ----------
    root: its directory, made if missing. One store object writes to it: drafts that an earlier
        one left when it was killed are removed.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True)
        self.root = root.resolve()
        self._drafts = self.root / DRAFTS
        shutil.rmtree(self._drafts, ignore_errors=True)
        self._drafts.mkdir(exist_ok=True)

    def writer(self, key: str) -> Writer:
        target = self.path(key)
        if target.is_dir():
            raise Conflict(f"'{key}' is a directory.", field="path")
        for parent in target.relative_to(self.root).parents:
            if (self.root / parent).is_file():
                raise Conflict(f"'{parent}' is a file, not a directory.", field="path")
        with _disk():
            return _LocalWriter(self._draft(), target, key)

    def open(self, key: str) -> BufferedReader:
        try:
            return self.path(key).open("rb")
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            raise _missing(key) from error

    def path(self, key: str) -> Path:
        check_key(key)
        path = self.root / key
        # A symlink is never ours; one that leads out must not be followed.
        if not path.resolve().is_relative_to(self.root):
            raise InvalidInput(f"{key!r} leads out of the artifact store.", field="path")
        return path

    def stat(self, key: str) -> ArtifactInfo:
        path = self.path(key)
        try:
            found = path.stat()
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _missing(key) from error
        is_dir = stat.S_ISDIR(found.st_mode)
        size = _tree_size(path) if is_dir else found.st_size
        return ArtifactInfo(path=key, is_dir=is_dir, size=size, modified=found.st_mtime)

    def exists(self, key: str) -> bool:
        return self.path(key).exists()

    def list(self, prefix: str, *, recursive: bool = False) -> list[ArtifactInfo]:
        folder = self.path(prefix)
        if not folder.is_dir():
            return []
        found = _walk(folder, "") if recursive else _entries(folder)
        return sorted(found, key=lambda info: (not info.is_dir, info.path))

    def size(self, prefix: str) -> int:
        path = self.path(prefix)
        return path.stat().st_size if path.is_file() else _tree_size(path)

    def copy_tree(self, source: str, target: str) -> list[ArtifactInfo]:
        origin, destination = self.path(source), self.path(target)
        if not origin.exists():
            raise _missing(source)
        if destination.exists():
            raise AlreadyExists(f"There is a '{target}' already.", field="path")
        draft = self._draft()
        try:
            with _disk():
                files = list(_copy_tree(origin, draft, origin.name if origin.is_file() else ""))
                destination.parent.mkdir(parents=True, exist_ok=True)
                draft.rename(destination)
                _sync_directory(destination.parent)
        except BaseException:
            _remove(draft)
            raise
        return sorted(files, key=lambda info: info.path)

    def delete_tree(self, key: str) -> None:
        path = self.path(key)
        doomed = self._draft()
        # Gone from its key at once; a crash in the middle leaves only a draft.
        with suppress(FileNotFoundError, NotADirectoryError):
            path.rename(doomed)
        _remove(doomed)

    def _draft(self) -> Path:
        return self._drafts / uuid.uuid4().hex


def _missing(key: str) -> NotFound:
    return NotFound(f"There is no file '{key.rpartition('/')[2]}'.", field="path")


def _info(entry: os.DirEntry[str], path: str) -> ArtifactInfo:
    found = entry.stat(follow_symlinks=False)
    is_dir = entry.is_dir(follow_symlinks=False)
    size = _tree_size(Path(entry.path)) if is_dir else found.st_size
    return ArtifactInfo(path=path, is_dir=is_dir, size=size, modified=found.st_mtime)


def _plain(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """Files and directories; symlinks and special files are not ours to serve."""
    with os.scandir(folder) as entries:
        for entry in entries:
            is_plain = entry.is_dir(follow_symlinks=False) or entry.is_file(follow_symlinks=False)
            if is_plain and entry.name != DRAFTS:
                yield entry


def _entries(folder: Path) -> Iterator[ArtifactInfo]:
    for entry in _plain(folder):
        yield _info(entry, entry.name)


def _walk(folder: Path | str, prefix: str) -> Iterator[ArtifactInfo]:
    for entry in _plain(folder):
        path = f"{prefix}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{path}/")
        else:
            yield _info(entry, path)


def _tree_size(folder: Path) -> int:
    return sum(info.size for info in _walk(folder, "")) if folder.is_dir() else 0


def _copy_tree(source: Path, target: Path, path: str) -> Iterator[ArtifactInfo]:
    """Copy what has `path` below the tree's root; an empty one is the root itself."""
    if source.is_file():
        sha256 = copy_file(source, target)
        found = target.stat()
        yield ArtifactInfo(
            path=path, is_dir=False, size=found.st_size, modified=found.st_mtime, sha256=sha256
        )
        return
    target.mkdir()
    for entry in _plain(source):
        inner = f"{path}/{entry.name}" if path else entry.name
        yield from _copy_tree(Path(entry.path), target / entry.name, inner)
    _sync_directory(target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync_directory(folder: Path) -> None:
    """Make a rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
