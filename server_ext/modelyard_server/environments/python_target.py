"""What packages are resolved for: the Python inside an image, or this server's own."""

from __future__ import annotations

import sys

import msgspec

from modelyard.errors import InvalidInput
from modelyard_server.engines.base import ImageEngine

# Asks a Python about itself. Old ones must understand it too, to be told that they are too old.
_PROBE = """\
import json, os, platform, site, sys
read = lambda path: open(path).read() if os.path.exists(path) else ""
print(json.dumps({
    "python": sys.executable,
    "version": "%d.%d" % sys.version_info[:2],
    "machine": platform.machine(),
    "glibc": platform.libc_ver()[1],
    "passwd": read("/etc/passwd"),
    "packages": [path for path in site.getsitepackages() if os.path.isdir(path)],
}))
"""

_OLDEST = (3, 9)
# uv knows these: see `uv pip compile --help`.
_GLIBC = (17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40)


class PythonTarget(msgspec.Struct, kw_only=True, frozen=True):
    """A Python, and the platform whose wheels it takes."""

    python: str
    """Path of the interpreter."""
    version: str
    """`3.11`"""
    platform: str = ""
    """As uv names it; empty: this machine's."""
    image_id: str = ""
    """Content id of the image it is in; empty: this machine."""
    passwd: str = ""
    """`/etc/passwd` of the image."""
    packages: tuple[str, ...] = ()
    """Directories of the packages that the image itself brings."""


class _Answer(msgspec.Struct):
    python: str
    version: str
    machine: str
    glibc: str
    passwd: str
    packages: list[str]


def local_target() -> PythonTarget:
    """The server's own interpreter, without the virtual environment around it."""
    base = getattr(sys, "_base_executable", "") or sys.executable
    return PythonTarget(python=base, version=f"{sys.version_info.major}.{sys.version_info.minor}")


def image_target(engine: ImageEngine, image: str) -> PythonTarget:
    """The Python of an image.

    Raises
    ------
    NotFound: there is no such image.
    InvalidInput: it has no Python, or one that is too old.
    """
    image_id = engine.image_id(image)
    try:
        output = engine.run_once(image, ["python3", "-c", _PROBE])
        answer = msgspec.json.decode(output.strip().splitlines()[-1].encode(), type=_Answer)
    except (InvalidInput, msgspec.MsgspecError, IndexError) as error:
        raise InvalidInput(
            f"The image '{image}' has no usable Python.",
            hint="Choose an image in which `python3` runs, such as python:3.12-slim.",
            field="image",
        ) from error
    if tuple(map(int, answer.version.split("."))) < _OLDEST:
        raise InvalidInput(
            f"The Python of the image '{image}' is too old: {answer.version}.",
            hint=f"Choose an image with Python {_OLDEST[0]}.{_OLDEST[1]} or newer.",
            field="image",
        )
    return PythonTarget(
        python=answer.python,
        version=answer.version,
        platform=_platform(answer.machine, answer.glibc),
        image_id=image_id,
        passwd=answer.passwd,
        packages=tuple(answer.packages),
    )


def _platform(machine: str, glibc: str) -> str:
    """uv's name of a platform; wheels for a newer glibc than the image's would not load."""
    if not glibc:
        return f"{machine}-unknown-linux-musl"
    minor = int(glibc.split(".")[1])
    newest = max((each for each in _GLIBC if each <= minor), default=_GLIBC[0])
    return f"{machine}-manylinux_2_{newest}"
