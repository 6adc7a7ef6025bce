"""A Docker daemon of a test's own: other programs on its PATH, other settings, another version.

It runs in PID, mount and network namespaces of its own, which the kernel ends with the test's
process, however that ends: no container, mount or process is left. The machine's daemon is not
touched: the data lie in memory, and so does /run, where daemons meet. Needs root; no network.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from modelyard_server.core.paths import Paths
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import ContainerSpec, LeasedDevice
from tests.server_support import wait_for

IMAGE = "gpu-paths:1"
_IN_IMAGE = ("sh", "sleep", "ls")
# In a network namespace: `--bridge=none` removes the docker0 that it finds, which is the machine's.
_START = """\
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs "$1/data"
exec dockerd --host="unix://$1/docker.sock" --config-file="$1/daemon.json" \
    --data-root="$1/data" --exec-root=/run/docker --pidfile=/run/docker.pid \
    --containerd-namespace=modelyard-test --containerd-plugins-namespace=modelyard-test-plugins \
    --cgroup-parent="/$2" --exec-opt native.cgroupdriver=cgroupfs \
    --bridge=none --iptables=false --ip6tables=false --ip-forward=false
"""
_GRACE = 20
_CGROUPS = Path("/sys/fs/cgroup")


class OwnDocker:
    """A daemon that runs.

    Parameters
    ----------
    root: an empty folder of the test, with a short path: a socket is in it.
    path: folders before PATH, for dockerd and what it starts.
    settings: its daemon.json.
    """

    def __init__(self, root: Path, path: str = "", settings: Mapping[str, object] = {}) -> None:
        remove_leftover_cgroups()
        self.root = root
        self.cgroup = f"modelyard-test-{os.getpid()}-{root.name}"
        self.base_url = f"unix://{root}/docker.sock"
        (root / "data").mkdir()
        (root / "daemon.json").write_text(json.dumps(settings))
        where = os.pathsep.join(filter(None, (path, os.environ["PATH"])))
        begin = shlex.split(
            "setpriv --pdeathsig KILL unshare --mount --pid --net --fork --mount-proc"
        )
        with (root / "dockerd.log").open("w") as log:
            self._process = subprocess.Popen(
                [*begin, "--kill-child=KILL", "sh", "-c", _START, "sh", str(root), self.cgroup],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "PATH": where},
            )  # fmt: skip
        self.engine = DockerEngine(SameHost(Paths(root / "ws")), self.base_url)
        try:
            wait_for(self._answers, 60, "the test's dockerd answers")
            self.engine.load_rootfs(_rootfs(root / "image.tar"), IMAGE, {})
        except BaseException:
            self.close()
            raise

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise AssertionError(
                f"dockerd ended:\n{(self.root / 'dockerd.log').read_text()[-4000:]}"
            )
        return self.engine.info().available

    def sweep(self, workspace: str) -> None:
        """Remove the containers of a workspace."""
        for state in self.engine.list(workspace):
            self.engine.remove(state.container)

    def close(self) -> None:
        """End it and everything in it."""
        self._process.kill()  # unshare; --kill-child then ends the namespaces
        self._process.wait(_GRACE)
        wait_for(lambda: _removed(self.cgroup), _GRACE, "its groups of processes are empty")


def remove_leftover_cgroups() -> None:
    """Remove those of killed tests: the kernel ends the processes in them, and leaves them."""
    names = {each.name for each in _CGROUPS.glob("*/modelyard-test-*")}
    names |= {each.name for each in _CGROUPS.glob("modelyard-test-*")}
    for name in names:
        if not Path("/proc", name.split("-")[2]).exists():
            _removed(name)


def _removed(cgroup: str) -> bool:
    """Whether a group and those in it are gone, in whatever hierarchy; removes empty ones."""
    there = [*_CGROUPS.glob(f"*/{cgroup}"), *_CGROUPS.glob(cgroup)]
    for top in there:
        # Another worker may be at it, too: `walk` does not mind that folders vanish.
        for folder, _, _ in os.walk(top, topdown=False):
            with contextlib.suppress(OSError):
                Path(folder).rmdir()
    return not any(top.exists() for top in there)


def _rootfs(archive: Path) -> Path:
    """A root file system of this machine's own shell and a few programs."""
    with tarfile.open(archive, "w", dereference=True) as tar:
        for name in _IN_IMAGE:
            program = f"/bin/{name}"
            said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True)
            libraries = [word for word in said.stdout.split() if word.startswith("/")]
            for file in [program, *libraries]:
                if file.lstrip("/") not in tar.getnames():
                    tar.add(file)
        for folder in ("tmp", "dev", "proc", "sys", "etc"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
    return archive


def sleeper(
    workspace: str, devices: list[LeasedDevice], first: str = ":", name: str = "one"
) -> ContainerSpec:
    """A container that runs a shell command, then sleeps; it has devices."""
    return ContainerSpec(
        workspace=workspace,
        kind="instance",
        name=name,
        command=["sh", "-c", f"{first}; exec sleep 600"],
        image=IMAGE,
        networks=["none"],
        devices=devices,
    )


def require_root() -> None:
    """A daemon of one's own needs root; without, the test is skipped, or fails in CI."""
    if os.geteuid():
        reason = "A Docker daemon of the test's own needs root."
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)


@contextlib.contextmanager
def own_docker(
    root: Path, path: str = "", settings: Mapping[str, object] = {}
) -> Iterator[OwnDocker]:
    """A daemon for a block."""
    require_root()
    docker = OwnDocker(root, path, settings)
    try:
        yield docker
    finally:
        docker.close()
