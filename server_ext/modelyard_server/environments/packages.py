"""From requirements to a directory of packages: parse, resolve once, install whole."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from modelyard.errors import InvalidInput
from modelyard.schema.common import Progress
from modelyard_server.engines.base import Report
from modelyard_server.environments.drafts import draft
from modelyard_server.environments.python_target import PythonTarget
from modelyard_server.environments.uv import run_uv


def parsed(requirements: Iterable[str]) -> list[str]:
    """Requirements in one order and spelling, without our own package, which is added otherwise.

    Raises
    ------
    InvalidInput: a line is no requirement. (Options such as `-r FILE` are none: they would make
        the server read files.)
    """
    found: set[str] = set()
    for line in requirements:
        text = re.sub(r"(^|\s)#.*", "", line).strip()
        if not text:
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise InvalidInput(
                f"'{text}' is not a package requirement.",
                hint="Write them as in requirements.txt: numpy, numpy>=2 or numpy==2.1.0.",
                field="requirements",
            ) from error
        if canonicalize_name(requirement.name) != "modelyard":
            found.add(str(requirement))
    return sorted(found)


def digest(*parts: str) -> str:
    """SHA-256 over texts, 16 hex digits."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


class Lock(msgspec.Struct, kw_only=True, frozen=True):
    """The exact packages that satisfy a request."""

    text: str
    """`name==version` lines."""
    path: Path
    """Where it is kept."""

    @property
    def count(self) -> int:
        """Number of packages."""
        return sum(1 for line in self.text.splitlines() if line.strip())


def resolve(requirements: Sequence[str], target: PythonTarget, locks: Path, report: Report) -> Lock:
    """Find the exact packages that satisfy the requirements.

    The answer to a request is kept in `locks`: an environment stays what it is, and making it
    again asks no index.
    """
    kept = locks / f"{digest(target.version, target.platform, *requirements)}.txt"
    if not kept.is_file():
        report(Progress(phase="resolving", message="Resolving packages"))
        with draft(locks) as work:
            (work / "requirements.in").write_text("".join(f"{line}\n" for line in requirements))
            run_uv(
                [
                    "pip", "compile", "requirements.in", "--output-file", "lock.txt",
                    "--no-header", "--no-annotate", *_for(target),
                ],
                report,
                work=work,
            )  # fmt: skip
            (work / "lock.txt").replace(kept)
    return Lock(text=kept.read_text(), path=kept)


def install(lock: Lock, target: PythonTarget, site: Path, report: Report) -> None:
    """Put the packages of a lock into the directory `site`, which must not exist.

    Raises
    ------
    InvalidInput: one of them is no longer there; the lock is forgotten, so that the next try
        resolves anew.
    """
    report(Progress(phase="fetching", message=f"Fetching {lock.count} packages"))
    try:
        run_uv(
            [
                "pip", "install", "--requirements", str(lock.path), "--target", str(site),
                "--no-deps", *_for(target),
            ],
            report,
            work=site.parent,
        )  # fmt: skip
    except InvalidInput:
        lock.path.unlink(missing_ok=True)
        raise
    site.mkdir(exist_ok=True)  # uv makes none for an empty lock
    _mend_scripts(site / "bin", target.python)


def _for(target: PythonTarget) -> list[str]:
    arguments = ["--python", sys.executable, "--only-binary", ":all:"]
    if target.platform:
        arguments += ["--python-version", target.version, "--python-platform", target.platform]
    return arguments


def _mend_scripts(folder: Path, python: str) -> None:
    """Let console scripts begin with the target's interpreter: uv wrote ours.

    The files may be hard links into uv's cache, so they are replaced, not changed.
    """
    if not folder.is_dir():
        return
    for script in folder.iterdir():
        content = script.read_bytes()
        first, _, rest = content.partition(b"\n")
        if first.startswith(b"#!") and b"python" in first:
            draft = script.with_name(f".{script.name}")
            draft.write_bytes(b"#!" + python.encode() + b"\n" + rest)
            draft.chmod(0o755)
            draft.replace(script)
