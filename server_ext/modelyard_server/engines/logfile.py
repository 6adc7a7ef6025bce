"""A container's output in a file of our own: read from any byte on, however much there is of it.

The file grows only. What is old is punched out of it, so that every byte keeps its place: the file
system gives its blocks back and `SEEK_DATA` tells where the rest begins. Programs in the container
may put anything in its place, so no link is followed and nothing but a plain file is read.
"""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from modelyard_server.engines.spec import LogPiece

PIECE = 1 << 20
"""Bytes that are read at once, at most."""

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def piece(file: Path, offset: int) -> LogPiece | None:
    """Text from byte `offset` on, at most `PIECE` bytes; None where there is no such file.

    It begins later where that is no longer kept, and at 0 where the file has become shorter: it is
    another one then. A character that is written in part so far is left for the next piece.
    """
    with _opened(file) as (descriptor, size):
        if descriptor is None:
            return None
        begin = offset if offset <= size else 0
        with suppress(OSError):  # ENXIO: nothing follows; EINVAL: a file system without holes
            begin = max(begin, os.lseek(descriptor, begin, os.SEEK_DATA))
        data = os.pread(descriptor, PIECE, begin)
    if begin > offset:  # behind a hole: what is left of a line, after the zeros of its block
        cut = data.find(b"\n") + 1
        begin, data = begin + cut, data[cut:]
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    text = decoder.decode(data)
    cut = len(decoder.getstate()[0])
    return LogPiece(text=text, offset=begin, next=begin + len(data) - cut)


def end(file: Path, lines: int) -> LogPiece | None:
    """The last lines, at most `PIECE` bytes of them; None where there is no such file."""
    with _opened(file) as (descriptor, size):
        if descriptor is None:
            return None
        begin = max(0, size - PIECE)
        data = os.pread(descriptor, PIECE, begin)
    kept = b"".join(data.splitlines(keepends=True)[-lines:] if lines > 0 else [])
    at = begin + len(data)
    return LogPiece(text=kept.decode(errors="replace"), offset=at - len(kept), next=at)


@contextmanager
def _opened(file: Path) -> Iterator[tuple[int | None, int]]:
    """A descriptor and the size; None and 0 where it is no plain file."""
    try:
        descriptor = os.open(file, _READ)
    except OSError:
        yield None, 0
        return
    try:
        found = os.fstat(descriptor)
        plain = stat.S_ISREG(found.st_mode)
        yield (descriptor, found.st_size) if plain else (None, 0)
    finally:
        os.close(descriptor)
