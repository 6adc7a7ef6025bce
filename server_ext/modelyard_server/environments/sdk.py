"""The SDK for kernels and scoring containers: a copy of this server's own `modelyard` package.

A copy, because the package may lie in a directory with everything else that is installed here,
and because a kernel that runs must not change when the server is upgraded.
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import modelyard
from modelyard_server.environments.drafts import draft


def package_dir() -> Path:
    """Where the `modelyard` package of this server lies."""
    return Path(modelyard.__path__[0])


@cache
def package_digest() -> str:
    """SHA-256 over names and contents of the package's files, 16 hex digits.

    Looked at once: while a server runs, the environments it makes do not change.
    """
    total = hashlib.sha256()
    root = package_dir()
    for path in _files(root):
        total.update(path.relative_to(root).as_posix().encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def folder_name() -> str:
    """What the directory of the copy is called."""
    return f"sdk-{package_digest()}"


def copy_package(folder: Path) -> Path:
    """The directory below `folder` that holds the copy, made if it is not there."""
    target = folder / folder_name()
    if target.is_dir():
        return target
    with draft(folder) as work:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(package_dir(), work / "modelyard", ignore=ignored)
        _describe(work)
        # Another thread may have been faster, with the same copy.
        with suppress(OSError):
            work.rename(target)
    return target


def _describe(folder: Path) -> None:
    """What `importlib.metadata.version("modelyard")` reads."""
    try:
        number = version("modelyard")
    except PackageNotFoundError:
        number = "0.0.0"
    info = folder / f"modelyard-{number}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: modelyard\nVersion: {number}\n")
    (info / "INSTALLER").write_text("modelyard\n")


def _files(root: Path) -> list[Path]:
    found = (path for path in root.rglob("*") if "__pycache__" not in path.parts)
    return sorted(path for path in found if path.is_file())
