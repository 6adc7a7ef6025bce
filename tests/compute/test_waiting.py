"""Instances that wait for GPUs: what they tell meanwhile, their places, and who is passed over.

The engine is the real process engine, with turns taken by hand; a file that is there everywhere
stands for the one GPU of the machine.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelyard.errors import InvalidInput, NotEnoughDevices
from modelyard.schema.compute import InstanceCreate, InstanceMove
from modelyard_server.compute import reconcile
from modelyard_server.core import lane as lanes
from modelyard_server.core.paths import Paths
from modelyard_server.engines.devices_inventory import DeviceInventory, Found
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import Holding
from tests.compute.test_interleavings import Bench
from tests.compute.test_interleavings import environments as environments
from tests.server_support import wait_for

GPU = f"gpu-{secrets.token_hex(4)}"


class OneDevice:
    def read(self) -> list[Found]:
        return [Found(id=GPU, name="Made up", kind="path", paths=("/dev/null",))]


class OtherEngine(ProcessEngine):
    """A second one in the same server."""

    name = "other"

    def __init__(self, paths: Paths) -> None:
        super().__init__(SameHost(paths), paths.root / "other")

    def given(self) -> list[Holding]:
        """The first one tells of all processes of this user."""
        return []


class Waiting(Bench):
    """Instances that all want the one GPU, and everything that was told of them."""

    def __init__(self, root: Path, environments: Path) -> None:
        super().__init__(root, environments, DeviceInventory(OneDevice()), OtherEngine)
        self.told: list[tuple[str, str]] = []
        self.manager._events.updated = self._told  # type: ignore[method-assign]

    def _told(self, _domain: str, name: str, item: Any) -> None:
        shown = item.error.message if item.error else item.progress and item.progress.message
        self.told.append((name, shown or ""))

    def ask(self, name: str, *, queue: bool = True) -> None:
        """Create one and let it go as far as it comes."""
        self.manager.create(InstanceCreate(name=name, gpus=1, queue=queue))
        self.idle()

    def retry(self, name: str) -> None:
        """What the lane does when a pause is over."""
        self.lane.begin(name)
        self.idle()

    def stop(self, name: str) -> None:
        self.manager.stop_instance(name)
        self.turn()
        assert self.manager.get(name).state == "stopped"

    def holder(self) -> str:
        return "".join(h.name for d in self.manager._devices.list() for h in d.holders)

    def says(self, name: str) -> str:
        progress = self.manager.get(name).progress
        return progress.message if progress is not None and progress.phase == "waiting" else ""


@pytest.fixture
def bench(tmp_path: Path, environments: Path) -> Iterator[Waiting]:
    bench = Waiting(tmp_path / "ws", environments)
    yield bench
    bench.manager.stop()
    for engine in bench.manager._engines:
        for state in engine.list(bench.paths.workspace_id):
            engine.remove(state.container)
    bench.db.close()


def test_it_says_calmly_for_whom_it_waits(bench: Waiting) -> None:
    bench.ask("a")
    bench.ask("b")
    assert bench.says("b") == "Waits for 1 GPU; held by a (1)"
    assert bench.manager.get("b").error is None
    since = bench.manager.get("b").progress.since
    bench.told.clear()
    for _ in range(3):
        bench.retry("b")
    assert bench.told == []  # nothing is new, and nobody is told
    bench.ask("c")
    assert bench.says("c") == "Waits for 1 GPU; held by a (1); b (1) is first"
    bench.told.clear()
    bench.stop("a")
    bench.retry("b")
    bench.retry("c")
    assert bench.holder() == "b"
    texts = [text for name, text in bench.told if name == "c"]
    assert texts == ["Waits for 1 GPU; held by b (1)"]
    bench.retry("c")
    assert bench.says("c") == texts[-1] and bench.manager.get("c").progress.since > since


def test_a_change_of_a_container_ends_the_wait(
    bench: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not its pause: that is far longer than the deadline."""
    monkeypatch.setattr(reconcile, "FIRST_LOOK", 1000.0)
    monkeypatch.setattr(reconcile, "LAST_LOOK", 1000.0)
    monkeypatch.setattr(lanes, "INTERVAL", 1000.0)
    bench.ask("a")
    bench.ask("b")
    bench.manager.start()
    bench.manager.stop_instance("a")
    wait_for(lambda: bench.manager.get("a").state == "stopped", 20, "a is stopped")
    assert bench.says("b")
    bench.lane.wake()  # as an engine does that reports changes
    wait_for(lambda: bench.manager.get("b").state == "running", 20, "b has its turn")


def test_one_that_was_stopped_goes_to_the_end_of_the_line(bench: Waiting) -> None:
    bench.ask("old")
    bench.ask("b")
    bench.stop("old")
    bench.manager.start_instance("old")  # created first, but b has waited for longer
    bench.turn()
    assert bench.says("old") == "Waits for 1 GPU; b (1) is first"
    bench.retry("b")
    assert bench.holder() == "b"
    requested = bench.manager.get("b").requested
    bench.manager.start_instance("b")  # it runs: nothing is asked for
    assert bench.manager.get("b").requested == requested


def test_what_runs_keeps_its_gpu_whoever_is_before_it(bench: Waiting) -> None:
    """As when a server begins anew, and looks at all that runs."""
    bench.ask("a")
    bench.ask("b")
    bench.manager._store.update("b", requested=1.0)
    bench.retry("a")
    assert bench.holder() == "a"
    assert bench.manager.get("a").state == "running" and not bench.says("a")


def test_one_that_cannot_go_on_keeps_no_gpu_from_the_others(
    bench: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.ask("a")
    bench.ask("broken")
    bench.ask("c")
    real = bench.manager._instances.converge

    def converge(key: str) -> Any:
        if key == "broken":
            raise RuntimeError("always")
        return real(key)

    monkeypatch.setattr(bench.manager._instances, "converge", converge)
    bench.retry("broken")
    bench.stop("a")
    bench.retry("c")
    assert bench.holder() == "c"
    monkeypatch.undo()  # mended, it has its old place
    bench.retry("broken")
    bench.ask("d")
    bench.stop("c")
    bench.retry("d")
    assert bench.holder() == ""
    bench.retry("broken")
    assert bench.holder() == "broken"


def test_one_of_an_engine_that_is_gone_keeps_no_gpu_from_the_others(bench: Waiting) -> None:
    bench.ask("a")
    bench.ask("gone")
    bench.manager._store.update("gone", engine="kubernetes")
    bench.stop("a")
    bench.ask("c", queue=False)
    assert bench.holder() == "c"
    with pytest.raises(NotEnoughDevices, match="held by instance 'c'"):
        bench.ask("d", queue=False)


def test_whatever_becomes_of_it_its_gpu_comes_free(
    bench: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_spec: Any) -> None:
        raise InvalidInput("It cannot be made.")

    with monkeypatch.context() as patch:
        patch.setattr(bench.engine, "create", fail)
        bench.ask("failed")
    assert bench.manager.get("failed").state == "failed" and bench.holder() == ""

    with monkeypatch.context() as patch:
        patch.setattr(reconcile, "verify", lambda *_: fail(None))
        bench.ask("silent")  # it ran, but its GPU did not answer inside
    assert bench.manager.get("silent").state == "failed" and bench.holder() == ""

    bench.ask("a")
    bench.ask("queued")
    bench.manager.delete("queued")
    bench.turn()
    bench.ask("c")
    assert bench.says("c") == "Waits for 1 GPU; held by a (1)"
    bench.manager.delete("a")
    bench.turn()
    bench.retry("c")
    assert bench.holder() == "c"


def test_one_that_moves_leaves_no_gpu_behind(bench: Waiting) -> None:
    bench.ask("a")
    bench.stop("a")
    bench.manager.move("a", InstanceMove(engine="other", force=True))
    bench.ask("b")
    assert bench.holder() == "b"
    bench.stop("b")
    bench.manager.start_instance("a")
    other = bench.manager._converger.lane("other")
    other.look()
    other.workers.settle(60)
    assert bench.holder() == "a" and bench.manager.get("a").state == "running"
    bench.turn()  # what is left of it where it was belongs to nothing
    assert {each.name for each in bench.engine.list(bench.paths.workspace_id)} == {"b"}
    bench.manager.delete("a")
    other.look()
    other.workers.settle(60)
    bench.manager.start_instance("b")
    bench.turn()
    assert bench.holder() == "b"
