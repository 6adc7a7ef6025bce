"""Two servers with a workspace each give out the devices of one machine, at the same time."""

from __future__ import annotations

import json
import re
import secrets
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from modelyard.errors import ModelyardError, NotEnoughDevices, WaitTimeout
from tests.server_support import RunningServer, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("two-servers")]

GPUS = [f"gpu-{secrets.token_hex(4)}-{number}" for number in range(4)]
"""Holders are looked for on the whole machine, where other tests run at the same time."""

_CONFIG = """\
import os, pathlib, signal
from modelyard_server.engines.process import ProcessEngine

c.DeviceInventory.devices = {devices}
c.EnvironmentManager.default_packages = []
c.EnvironmentManager.kernel_packages = ["msgspec"]

start = ProcessEngine.start

def dying(self, container):
    try:
        pathlib.Path({mark!r}).unlink()
    except FileNotFoundError:
        return start(self, container)
    os.kill(os.getpid(), signal.SIGKILL)

ProcessEngine.start = dying
"""


class Two:
    """Both servers. One that is about to start a container dies if `mark` is there."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "die"
        devices = [{"id": id, "name": "Made up", "paths": ["/dev/null"]} for id in GPUS]
        config = _CONFIG.format(devices=json.dumps(devices), mark=str(self.mark))
        (folder / "jupyter_server_config.py").write_text(config)
        self.servers = [RunningServer(folder / name, "process") for name in ("one", "two")]

    def holders(self, of: RunningServer) -> dict[str, list[str]]:
        """Device -> names of those that hold it, as one of the servers says."""
        devices = of.workspace().compute.devices()
        return {each.id: [holder.name for holder in each.holders] for each in devices}

    def held(self) -> int:
        return sum(len(names) for names in self.holders(self.servers[0]).values())

    def clear(self) -> None:
        """Delete all instances; nothing is held then."""
        for server in self.servers:
            for instance in server.workspace().compute.list():
                instance.delete(wait=False, force=True)
        wait_for(
            lambda: not any(s.workspace().compute.list() for s in self.servers), 60, "all are gone"
        )
        assert self.held() == 0


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Two]:
    folder = tmp_path_factory.mktemp("two-servers")
    both = Two(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_CONFIG_PATH", str(folder))
        try:
            with ThreadPoolExecutor() as threads:
                list(threads.map(RunningServer.start, both.servers))
            yield both
        finally:
            for server in both.servers:
                server.sweep()


@pytest.fixture
def two(both: Two) -> Iterator[Two]:
    yield both
    both.clear()


def test_fifty_at_once(two: Two) -> None:
    """Each wants one device or two, and is served or refused; nobody is given what another has."""
    done = threading.Event()
    shared: list[Any] = []

    def watch(server: RunningServer) -> None:
        while not done.wait(0.05):
            shared.extend(each for each in two.holders(server).items() if len(each[1]) > 1)

    def ask(number: int) -> tuple[int, str]:
        """How many it got, or why it got none."""
        gpus = 1 + number // 2 % 2
        compute = two.servers[number % 2].workspace().compute
        try:
            compute.create(f"n{number}", gpus=gpus, wait=True, queue=False, timeout=60)
        except ModelyardError as error:
            return 0, error.message
        return gpus, ""

    watchers = [threading.Thread(target=watch, args=(server,)) for server in two.servers]
    for each in watchers:
        each.start()
    try:
        with ThreadPoolExecutor(50) as threads:
            got = list(threads.map(ask, range(50)))
    finally:
        done.set()
        for each in watchers:
            each.join()
    assert shared == []
    for gpus, refusal in got:
        named = re.search(r"is held by instance 'n\d+'|n\d+ \(\d\).* asked first", refusal)
        assert gpus or named, refusal
    assert 1 <= sum(gpus for gpus, _ in got) == two.held() <= 4
    assert two.holders(two.servers[0]) == two.holders(two.servers[1])


def test_whoever_waits_queues(two: Two, capsys: pytest.CaptureFixture[str]) -> None:
    """Also for what an instance of another workspace holds."""
    first, second = (server.workspace().compute for server in two.servers)
    holder = first.create("holder", gpus=4, wait=True)
    with pytest.raises(NotEnoughDevices, match="held by instance 'holder'"):
        second.create("hasty", gpus=1)
    with pytest.raises(NotEnoughDevices, match="held by instance 'holder'"):
        second.create("hasty", gpus=1, wait=True, queue=False)
    with pytest.raises(WaitTimeout):
        second.create("patient", gpus=2, wait=True, timeout=3)
    assert "Waits for 2 GPUs; held by holder (4)" in capsys.readouterr().out
    assert not second.create("plain", wait=False).info.queue
    holder.stop(wait=False)
    patient = second.get("patient").wait("running", 60)
    assert patient.info.queue and two.held() == 2


def test_a_server_killed_between_create_and_start(two: Two) -> None:
    """What it had chosen is free at once, and it takes its turn when it is back."""
    alive, dying = two.servers
    two.mark.touch()
    dying.workspace().compute.create("theirs", gpus=4, queue=True)
    assert dying.process is not None
    dying.process.wait(60)
    assert two.held() == 0
    ours = alive.workspace().compute.create("ours", gpus=3, wait=True, queue=False, timeout=60)
    dying.start()
    theirs = dying.workspace().compute.get("theirs")
    wait_for(
        lambda: theirs.refresh().info.progress and theirs.info.progress.phase == "waiting",
        60,
        "it waits",
    )
    assert theirs.info.progress.message == "Waits for 4 GPUs; held by ours (3)"
    ours.delete()
    theirs.wait("running", 60)
    assert all(names == ["theirs"] for names in two.holders(alive).values())
