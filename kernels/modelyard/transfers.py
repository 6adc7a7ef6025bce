"""Many files to the server and back, with a line of progress when it takes long."""

from __future__ import annotations

import hashlib
import sys
import time
from collections.abc import Mapping, Sequence
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from modelyard.client import Client
from modelyard.errors import InvalidInput, ServerError
from modelyard.schema.tracking import ArtifactInfo

_BIG = 50 << 20
"""Bytes below which nothing is shown: it is done before one could read it."""

_EVERY = 0.2
"""Seconds between updates of the line."""


class TransferLine:
    """`Uploading model: 120 of 300 MB`, on one line; silent for little.

    Parameters
    ----------
    what: 'Uploading model'.
    total: bytes in all.
    """

    def __init__(self, what: str, total: int) -> None:
        self._what = what
        self._total = total
        self._done = 0
        self._shown = 0.0

    def __enter__(self) -> TransferLine:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._shown:
            sys.stdout.write("\n")

    def add(self, count: int) -> None:
        """So many bytes more have been moved."""
        self._done += count
        now = time.monotonic()
        if self._total < _BIG or (now - self._shown < _EVERY and self._done < self._total):
            return
        self._shown = now
        sys.stdout.write(f"\r{self._what}: {self._done >> 20} of {self._total >> 20} MiB")
        sys.stdout.flush()


class _Counted:
    """A file that tells how much of it has been read."""

    def __init__(self, stream: BufferedReader, line: TransferLine) -> None:
        self._stream = stream
        self._line = line

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._line.add(len(data))
        return data


def files_below(folder: Path) -> dict[str, Path]:
    """All files of a directory by their path within it, with '/'.

    Raises
    ------
    InvalidInput: it holds no file.
    """
    found = {
        file.relative_to(folder).as_posix(): file
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }
    if not found:
        raise InvalidInput(f"'{folder}' holds no files.", field="path")
    return found


def upload_files(client: Client, url: str, files: Mapping[str, Path], what: str) -> None:
    """PUT each file to `url/PATH`.

    Parameters
    ----------
    files: path at the server -> file here.
    what: for the line of progress: 'Uploading model'.

    Raises
    ------
    InvalidInput: a file cannot be read.
    """
    try:
        total = sum(file.stat().st_size for file in files.values())
        with TransferLine(what, total) as line:
            for path, file in files.items():
                with file.open("rb") as stream:
                    counted = cast(BinaryIO, _Counted(stream, line))
                    client.upload(f"{url}/{quote(path)}", counted, ArtifactInfo)
    except OSError as error:
        raise InvalidInput(
            f"'{error.filename or what}' cannot be read: {error.strerror or error}.", field="path"
        ) from error
    except UnicodeError as error:
        raise InvalidInput(f"{what}: a file's name is not text.", field="path") from error


def download_files(
    client: Client, url: str, files: Sequence[ArtifactInfo], folder: Path, what: str
) -> None:
    """GET `url/PATH` for each file into `folder`, and compare its SHA-256.

    Raises
    ------
    ServerError: what arrived is not what was stored; nothing of that file is kept.
    """
    with TransferLine(what, sum(file.size for file in files)) as line:
        for file in files:
            target = folder / _within(file.path)
            client.download(f"{url}/{quote(file.path)}", target, progress=line.add)
            if file.sha256 and _sha256(target) != file.sha256:
                target.unlink()
                raise ServerError(
                    f"'{file.path}' did not arrive as it was stored.",
                    hint="Try again; if it stays so, the server's disk is damaged.",
                )


def _within(path: str) -> PurePosixPath:
    """A server that is not ours must not write elsewhere."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        raise ServerError(f"The server sent a path that leads elsewhere ('{path[:80]}').")
    return parts


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(cast(Any, stream), "sha256").hexdigest()
