"""A root-owned tar stream of directories and small files, made while it is read."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from modelyard.errors import ServerError

_CHUNK = 1 << 20
_SKIPPED = "__pycache__"


class Layer:
    """What is added on top of an image.

    Parameters
    ----------
    trees: path inside the image -> directory here, copied with all that is in it.
    files: path inside the image -> content of a small file.
    opened: directories of the image that any user must be able to enter (mode 755).
    """

    def __init__(
        self,
        trees: Mapping[str, Path] | None = None,
        files: Mapping[str, bytes] | None = None,
        opened: tuple[str, ...] = (),
    ) -> None:
        self._trees = trees or {}
        self._files = files or {}
        self._opened = opened

    def stream(self, sent: Callable[[int], None]) -> Iterator[bytes]:
        """The tar in pieces of about 1 MiB; `sent` is told the bytes made so far.

        Raises
        ------
        ServerError: a file cannot be read. (An OSError would look like a lost connection to whoever
            sends the stream.)
        """
        total = 0
        try:
            for piece in self._gathered():
                yield piece
                total += len(piece)
                sent(total)
        except OSError as error:
            raise ServerError(f"A file of the new image cannot be read: {error}.") from error

    def _gathered(self) -> Iterator[bytes]:
        buffer = bytearray()
        for piece in self._pieces():
            buffer += piece
            if len(buffer) >= _CHUNK:
                yield bytes(buffer)
                buffer.clear()
        buffer += tarfile.NUL * (2 * tarfile.BLOCKSIZE)
        yield bytes(buffer)

    def _pieces(self) -> Iterator[bytes]:
        made: set[str] = set()
        for name in self._opened:
            made.add(name.strip("/"))
            yield _header(name, tarfile.DIRTYPE, 0o755)
        for name, content in self._files.items():
            yield from _parents(name, made)
            yield _header(name, tarfile.REGTYPE, 0o644, size=len(content))
            yield from _padded(io.BytesIO(content), len(content))
        for name, tree in self._trees.items():
            yield from _parents(name, made)
            yield from _tree(name, tree)


def _parents(name: str, made: set[str]) -> Iterator[bytes]:
    # An entry's missing parents would be made with the daemon's umask; and one that the image has
    # keeps its mode only if it is not named here, so only ours below /opt are.
    parents = [str(each).strip("/") for each in reversed(PurePosixPath(name).parents)]
    for parent in parents:
        if parent.startswith("opt/") and parent not in made:
            made.add(parent)
            yield _header(parent, tarfile.DIRTYPE, 0o755)


def _tree(name: str, root: Path) -> Iterator[bytes]:
    for folder, folders, files in os.walk(root, onerror=_refuse):
        folders[:] = sorted(each for each in folders if each != _SKIPPED)
        inside = PurePosixPath(name) / Path(folder).relative_to(root).as_posix()
        yield _header(str(inside), tarfile.DIRTYPE, 0o755, mtime=Path(folder).stat().st_mtime)
        for each in (*[f for f in folders if (Path(folder) / f).is_symlink()], *sorted(files)):
            yield from _entry(str(inside / each), Path(folder) / each)


def _refuse(error: OSError) -> None:
    raise error  # os.walk would leave out what it cannot read


def _entry(name: str, path: Path) -> Iterator[bytes]:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        yield _header(name, tarfile.SYMTYPE, 0o777, link=str(path.readlink()))
    elif stat.S_ISREG(found.st_mode):
        mode = 0o755 if found.st_mode & stat.S_IXUSR else 0o644
        yield _header(name, tarfile.REGTYPE, mode, size=found.st_size, mtime=found.st_mtime)
        with path.open("rb") as content:
            yield from _padded(content, found.st_size)


def _padded(content: io.BufferedIOBase, size: int) -> Iterator[bytes]:
    left = size
    while left:
        piece = content.read(min(left, _CHUNK))
        if not piece:
            raise OSError(f"A file shrank by {left} bytes while it was copied.")
        left -= len(piece)
        yield piece
    yield tarfile.NUL * (-size % tarfile.BLOCKSIZE)


def _header(
    name: str, kind: bytes, mode: int, *, size: int = 0, mtime: float = 0, link: str = ""
) -> bytes:
    # Whole seconds: Python compares a .pyc with its source's time in seconds.
    info = tarfile.TarInfo(name.strip("/"))
    info.type, info.mode, info.size, info.mtime, info.linkname = kind, mode, size, int(mtime), link
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
