"""Directories that appear under their name only when they are complete."""

from __future__ import annotations

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard.schema.common import Progress
from modelyard_server.engines.base import Report

_PREFIX = "draft-"
"""Followed by the pid of the process that is making it."""


@contextmanager
def draft(folder: Path) -> Iterator[Path]:
    """A directory below `folder` to make something in; gone afterwards, unless it was renamed."""
    path = folder / f"{_PREFIX}{os.getpid()}-{uuid.uuid4().hex}"
    path.mkdir(parents=True)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def sweep(folder: Path) -> None:
    """Remove what a process left in `folder` that was killed in the middle."""
    for path in folder.glob(f"{_PREFIX}*"):
        pid = path.name.removeprefix(_PREFIX).partition("-")[0]
        if not Path(f"/proc/{pid}").exists():
            shutil.rmtree(path, ignore_errors=True)


def is_draft(path: Path) -> bool:
    """Whether a directory is one that is being made."""
    return path.name.startswith(_PREFIX)


@contextmanager
def once(lock_file: Path, report: Report) -> Iterator[None]:
    """Let one caller in at a time, among threads and processes; the others wait, and say so."""
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock_file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(Progress(phase="building", message="Waiting: it is already being prepared"))
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
