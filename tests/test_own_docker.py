"""Tests that bring their own Docker leave nothing, even if they are killed."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from modelyard_server.engines.docker import DockerEngine
from tests.own_docker import own_docker, remove_leftover_cgroups, require_root
from tests.server_support import wait_for

pytestmark = pytest.mark.docker

_CODE = """
import sys, time
from pathlib import Path
from tests.own_docker import OwnDocker, sleeper
docker = OwnDocker(Path(sys.argv[1]))
spec = sleeper("w" * 32, [], "exec sleep " + sys.argv[2])
docker.engine.create(spec)
docker.engine.start(spec.container)
print("runs", flush=True)
time.sleep(600)
"""


def _running(text: str) -> bool:
    """Whether there is a process with that in its command."""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if text.encode() in file.read_bytes().replace(b"\0", b" "):
                return True
        except OSError:
            continue  # it has ended meanwhile
    return False


def _left_of(pid: int) -> list[Path]:
    """Groups of processes of a test that has ended, which the next one removes as it starts."""
    remove_leftover_cgroups()
    top = Path("/sys/fs/cgroup")
    name = f"modelyard-test-{pid}-*"
    return [*top.glob(name), *top.glob(f"*/{name}")]


def test_what_a_killed_test_started_ends_with_it(tmp_path: Path) -> None:
    require_root()
    seconds = f"6{secrets.randbelow(10**8):08}"  # tells the container's program from all others
    argv = [sys.executable, "-c", _CODE, str(tmp_path), seconds]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as test:
        try:
            assert test.stdout is not None
            assert test.stdout.readline() == "runs\n"
            wait_for(lambda: _running(f"sleep {seconds}"), 10, "its container runs")
            assert _running(f"--data-root={tmp_path}/data")
        finally:
            test.kill()
    wait_for(
        lambda: not _running(f"sleep {seconds}") and not _running(str(tmp_path)),
        20,
        "neither its daemon nor its container runs",
    )
    assert str(tmp_path) not in Path("/proc/self/mountinfo").read_text()
    wait_for(lambda: not _left_of(test.pid), 20, "its groups of processes are removed")


def test_the_machines_network_stays(tmp_path: Path, docker_engine: DockerEngine) -> None:
    """A dockerd without a bridge removes the one that it finds."""
    bridge = Path("/sys/class/net/docker0/ifindex")
    if not bridge.exists():
        pytest.skip("This machine's Docker has no docker0.")
    before = bridge.read_text()
    with own_docker(tmp_path) as docker:
        assert docker.engine.info().available
    assert bridge.exists() and bridge.read_text() == before
