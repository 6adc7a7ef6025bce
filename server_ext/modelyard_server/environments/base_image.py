"""The image that environments are built on: from a registry, or from Debian's packages."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import deque
from pathlib import Path

from modelyard.errors import EngineUnavailable, NotFound, NotPermitted
from modelyard.schema.common import Progress
from modelyard_server.engines.base import ImageEngine, Report

# What instances need besides the environment's own packages; a terminal without `ps` and `less`
# is no pleasure, and the CA certificates are what `pip` in a kernel checks the index with.
_PACKAGES = "python3,python3-venv,ca-certificates,procps,less"
_UNPRIVILEGED = "chmod 755 $1/root"  # a workspace may lie below it, seen by another user
_FALLBACK_SUITE = "bookworm"
_LINES = 20


def fetch_base(engine: ImageEngine, tag: str, registry_image: str, report: Report) -> None:
    """Pull `registry_image` and name it `tag`.

    Raises
    ------
    EngineUnavailable: no registry answers, or it has no such image; the hint says what else.
    """
    try:
        engine.pull(registry_image, report)
    except NotFound as error:
        raise EngineUnavailable(
            f"There is no base image, and {registry_image} could not be pulled.",
            hint="Build one from Debian's packages: sudo modelyard image base",
        ) from error
    engine.tag_image(registry_image, tag)


def build_base(engine: ImageEngine, tag: str, report: Report) -> None:
    """Make `tag` from the packages of the Debian or Ubuntu this machine runs (about a minute).

    Raises
    ------
    NotPermitted: we are not root.
    EngineUnavailable: mmdebstrap is not installed, or the package mirror does not answer.
    """
    if os.getuid() != 0:
        raise NotPermitted(
            "Building a base image needs root.", hint="Run: sudo modelyard image base"
        )
    if shutil.which("mmdebstrap") is None:
        raise EngineUnavailable(
            "Building a base image needs mmdebstrap.", hint="Run: sudo apt-get install mmdebstrap"
        )
    with tempfile.TemporaryDirectory(prefix="modelyard-base-") as folder:
        archive = Path(folder) / "rootfs.tar"
        _debootstrap(archive, report)
        report(Progress(phase="building", message="Loading the image"))
        engine.load_rootfs(archive, tag, {})


def _debootstrap(archive: Path, report: Report) -> None:
    suite, components = _suite()
    report(Progress(phase="fetching", message=f"Fetching the packages of {suite}"))
    command = [
        "mmdebstrap", "--variant=minbase", f"--components={components}",
        f"--include={_PACKAGES}", f"--customize-hook={_UNPRIVILEGED}", suite, str(archive),
    ]  # fmt: skip
    said: deque[str] = deque(maxlen=_LINES)
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        for line in process.stderr or ():
            said.append(line.rstrip())
            if line.startswith("I: "):
                report(Progress(phase="building", message=line[3:].strip().rstrip(".")))
    if process.returncode:
        raise EngineUnavailable(
            "Building a base image failed: " + "\n".join(said),
            hint="Does `apt-get update` work on this machine?",
        )


def _suite() -> tuple[str, str]:
    """The release this machine runs, whose packages its mirrors have; and where Python is in it."""
    release: dict[str, str] = {}
    for line in Path("/etc/os-release").read_text().splitlines():
        key, _, value = line.partition("=")
        release[key] = value.strip('"')
    suite = release.get("VERSION_CODENAME", _FALLBACK_SUITE)
    return suite, "main,universe" if release.get("ID") == "ubuntu" else "main"
