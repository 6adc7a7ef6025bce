"""Copies that share no byte with their source, and a digest that notices when one differs.

A hard link is no copy: whoever may write to one name writes to the other. Stored files are
handed to code of users only as what is made here.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
from pathlib import Path

_FICLONE = 0x40049409  # <linux/fs.h>; the fcntl module names it from Python 3.12 on
_BLOCK = 1 << 20

READ_ONLY = 0o444
"""Of every stored file: it is replaced or removed, never changed."""


def copy_file(source: Path, target: Path) -> str:
    """Make `target`, which is not there yet: the bytes of `source`, read-only, safe on the disk.

    The two share blocks where the file system can (a reflink: the first write to either parts
    them), else every byte is copied. Either way the bytes are read once.

    Returns
    -------
    SHA-256 of what `target` holds, in hex.

    Raises
    ------
    OSError: `source` is missing or no plain file, there is a `target`, or the disk is full;
        nothing of `target` is left then.
    """
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(reading)
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "It is not a plain file", str(source))
        writing = os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            digest = _fill(reading, writing)
            os.fchmod(writing, READ_ONLY | found.st_mode & 0o111)
            os.utime(writing, ns=(found.st_atime_ns, found.st_mtime_ns))
            os.fsync(writing)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
        finally:
            os.close(writing)
    finally:
        os.close(reading)
    return digest


def _fill(reading: int, writing: int) -> str:
    try:
        fcntl.ioctl(writing, _FICLONE, reading)
    except OSError:  # another file system, or one that cannot
        return _copy(reading, writing)
    with os.fdopen(os.dup(writing), "rb") as cloned:
        return hashlib.file_digest(cloned, "sha256").hexdigest()


def _copy(reading: int, writing: int) -> str:
    digest = hashlib.sha256()
    while piece := os.read(reading, _BLOCK):
        digest.update(piece)
        view = memoryview(piece)
        while view:
            view = view[os.write(writing, view) :]
    return digest.hexdigest()
