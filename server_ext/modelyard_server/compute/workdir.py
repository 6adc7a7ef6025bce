"""What an instance keeps on disk: its venv, its home, its token, and where its runs log.

The venv is three links and a `.pth` file: packages of the environment are found through the
`.pth`, what the user installs lands in the venv itself. It outlives the container, so installed
packages survive stop, start and re-creation, and making it costs milliseconds.

The instance's programs may change all of it at any time: see `core.beneath`.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from modelyard_server.core.beneath import beneath, read_plain, remove_tree
from modelyard_server.core.holder import holder_id
from modelyard_server.core.measure import Measuring
from modelyard_server.engines.reach import Reach
from modelyard_server.engines.spec import Place, Runtime, Volume

LOG = "log.txt"
"""What its container writes, in its part of the volume `work`."""

_TOKEN_BYTES = 4096

_MOST = 1_000_000
"""Files and folders that are measured while somebody waits: some ten seconds' worth."""

_PTH = "_modelyard.pth"
_PTH_BYTES = 64 << 10

_PIP = '#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n'


class WorkDir:
    """The instance's part of the volume `work`.

    Parameters
    ----------
    owner: uid and gid that the instance's programs run as.
    """

    def __init__(self, reach: Reach, name: str, owner: tuple[int, int]) -> None:
        self.root = reach.here(self.place(name))
        self.venv = self.root / "venv"
        self.home = self.root / "home"
        self.token = self.root / "token"
        self._spool = reach.here(Place(Volume.SPOOL, holder_id("instance", name)))
        self._owner = owner

    @staticmethod
    def place(name: str) -> Place:
        """Where it lies."""
        return Place(Volume.WORK, name)

    def make(self, runtime: Runtime, pip_conf: str) -> None:
        """Create or mend everything but the token.

        Parameters
        ----------
        pip_conf: pip's configuration in the venv.
        """
        version = runtime.python_version
        with beneath(self.root, self._owner) as root:
            root.give()
            root.give_file(LOG)  # another engine's programs may have another user
            with root.folder("home"):
                pass
            with root.folder("venv") as venv:
                venv.write(
                    "pyvenv.cfg",
                    f"home = {Path(runtime.python).parent}\n"
                    "include-system-site-packages = false\n"
                    f"version = {version}\n",
                )
                venv.write("pip.conf", pip_conf, 0o600)  # an index's address may hold a password
            with root.folder("venv", "bin") as binaries:
                for name in ("python", "python3", f"python{version}"):
                    binaries.link(name, runtime.python)
                for name in ("pip", "pip3"):
                    binaries.write(name, _PIP, 0o775)
            with root.folder("venv", "lib", f"python{version}", "site-packages") as site:
                site.write(_PTH, "".join(f"{path}\n" for path in runtime.paths))

    def package_paths(self) -> list[Path]:
        """Directories that the venv takes packages from; none before it is made."""
        found: list[Path] = []
        for file in self.venv.glob(f"lib/python*/site-packages/{_PTH}"):
            with suppress(OSError):
                text = read_plain(file, _PTH_BYTES).decode(errors="replace")
                found += [Path(line) for line in text.splitlines() if line.startswith("/")]
        return found

    def read_token(self) -> str:
        """The instance's token; empty when there is none."""
        try:
            return read_plain(self.token, _TOKEN_BYTES).decode()
        except (OSError, UnicodeDecodeError):
            return ""

    def write_token(self, token: str) -> None:
        """Store the instance's token, readable by its programs and us alone."""
        with beneath(self.root, self._owner) as root:
            root.write(self.token.name, token, 0o600)

    def disk(self) -> int:
        """Bytes of all that is in it; less where somebody made more than a million files."""
        return Measuring(most=_MOST).of(self.root).bytes

    def remove(self) -> None:
        """Delete it all; silent when it is gone. What its runs logged is read first."""
        remove_tree(self.root)
        with suppress(OSError):  # not read yet
            self._spool.rmdir()
