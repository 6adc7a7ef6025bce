"""What an instance keeps on disk: its venv, its home, its token.

The venv is three links and a `.pth` file: packages of the environment are found through the
`.pth`, what the user installs lands in the venv itself. It outlives the container, so installed
packages survive stop, start and re-creation, and making it costs milliseconds.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from modelyard_server.core.paths import Paths
from modelyard_server.engines.spec import Runtime

_PIP = '#!/bin/sh\nexec "$(dirname "$0")/python" -m pip "$@"\n'


class WorkDir:
    """`DIR/.modelyard/compute/<name>/`.

    Parameters
    ----------
    owner: uid and gid that the instance's programs run as.
    """

    def __init__(self, paths: Paths, name: str, owner: tuple[int, int]) -> None:
        self.root = paths.compute / name
        self.venv = self.root / "venv"
        self.home = self.root / "home"
        self.token = self.root / "token"
        self._owner = owner

    @property
    def python(self) -> Path:
        """The venv's interpreter."""
        return self.venv / "bin" / "python"

    def make(self, runtime: Runtime, pip_conf: str) -> None:
        """Create or mend everything but the token.

        Parameters
        ----------
        pip_conf: pip's configuration in the venv.
        """
        site = self.venv / "lib" / f"python{runtime.python_version}" / "site-packages"
        binaries = self.venv / "bin"
        for folder in (site, binaries, self.home):
            folder.mkdir(parents=True, exist_ok=True)
        (self.venv / "pyvenv.cfg").write_text(
            f"home = {Path(runtime.python).parent}\n"
            "include-system-site-packages = false\n"
            f"version = {runtime.python_version}\n"
        )
        for name in ("python", "python3", f"python{runtime.python_version}"):
            _link(binaries / name, runtime.python)
        (site / "_modelyard.pth").write_text("".join(f"{path}\n" for path in runtime.paths))
        (self.venv / "pip.conf").write_text(pip_conf)
        (self.venv / "pip.conf").chmod(0o600)  # an index's address may hold a password
        for name in ("pip", "pip3"):
            (binaries / name).write_text(_PIP)
            (binaries / name).chmod(0o755)
        self._give()

    def write_token(self, token: str) -> None:
        """Store the instance's token, readable by its programs and us alone."""
        descriptor = os.open(self.token, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(token)
        if os.getuid() == 0:
            os.chown(self.token, *self._owner)

    def disk(self) -> int:
        """Bytes below it."""
        total = 0
        for folder, _, files in os.walk(self.root):
            for file in files:
                try:
                    total += (Path(folder) / file).lstat().st_blocks * 512
                except FileNotFoundError:
                    continue  # a program of the instance removed it meanwhile
        return total

    def remove(self) -> None:
        """Delete it all; silent when it is gone."""
        shutil.rmtree(self.root, ignore_errors=True)

    def _give(self) -> None:
        # Only what we write ourselves: what the user installed is the user's already.
        if os.getuid() != 0:
            return
        os.chown(self.root, *self._owner)
        for top in (self.venv, self.home, self.venv / "pip.conf"):
            os.chown(top, *self._owner)
        for folder in ("bin", "lib"):
            for where, folders, files in os.walk(self.venv / folder):
                for entry in (*folders, *files):
                    os.lchown(Path(where) / entry, *self._owner)
                os.chown(where, *self._owner)
                if Path(where).name == "site-packages":
                    folders.clear()


def _link(link: Path, target: str) -> None:
    if link.is_symlink() and str(link.readlink()) == target:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(target)
