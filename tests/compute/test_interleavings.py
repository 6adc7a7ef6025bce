"""Two who act on one name at once: what is stopped at every step, and let go on in a chosen order.

The engine is the real process engine; its calls stop where a test says, and the lane's turns are
taken by hand.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelyard.errors import EngineUnavailable, InUse
from modelyard.schema.compute import InstanceCreate
from modelyard_server.compute.manager import ComputeManager
from modelyard_server.compute.reconcile import CRASHES
from modelyard_server.compute.spec import container_name
from modelyard_server.core.events import Events
from modelyard_server.core.paths import Paths
from modelyard_server.core.tokens import Tokens
from modelyard_server.db.session import Database
from modelyard_server.engines.base import EngineLost
from modelyard_server.engines.devices import Devices
from modelyard_server.engines.devices_inventory import DeviceInventory
from modelyard_server.engines.engines import Engines
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import ContainerSpec, Phase
from modelyard_server.environments.manager import EnvironmentManager
from tests.server_support import wait_for


class Gate:
    """Where a call waits until the test lets it go on."""

    def __init__(self) -> None:
        self._arrived = threading.Event()
        self._open = threading.Event()

    def pass_through(self) -> None:
        self._arrived.set()
        assert self._open.wait(60)

    def wait_for_arrival(self) -> None:
        assert self._arrived.wait(60)

    def open(self) -> None:
        self._open.set()


class SteppedEngine(ProcessEngine):
    """The process engine; before or after a call of a given name it waits at a gate, once."""

    def __init__(self, paths: Paths) -> None:
        super().__init__(SameHost(paths), paths.engine)
        self.before: dict[str, Gate] = {}
        self.after: dict[str, Gate] = {}

    def _stepped(self, name: str, call: Callable[[], Any]) -> Any:
        if gate := self.before.pop(name, None):
            gate.pass_through()
        found = call()
        if gate := self.after.pop(name, None):
            gate.pass_through()
        return found

    def list(self, workspace: str) -> Any:
        return self._stepped("list", lambda: super(SteppedEngine, self).list(workspace))

    def remove(self, container: str) -> None:
        self._stepped("remove", lambda: super(SteppedEngine, self).remove(container))

    def create(self, spec: ContainerSpec) -> None:
        self._stepped("create", lambda: super(SteppedEngine, self).create(spec))


class Bench:
    """A compute manager whose loop is not started."""

    def __init__(
        self,
        root: Path,
        environments: Path,
        inventory: DeviceInventory | None = None,
        other: Callable[[Paths], ProcessEngine] | None = None,
    ) -> None:
        self.paths = Paths(root).make()
        self.paths.environments = environments
        self.engine = SteppedEngine(self.paths)
        engines = [*([other(self.paths)] if other else []), self.engine]
        self.db = Database(self.paths.database)
        self.db.migrate()
        self.manager = ComputeManager(
            db=self.db,
            paths=self.paths,
            engines=Engines(engines),
            environments=EnvironmentManager(
                paths=self.paths, default_packages=[], kernel_packages=["msgspec"]
            ),
            tokens=Tokens(self.db),
            devices=Devices(inventory or DeviceInventory(), lambda: engines, root / "devices.lock"),
            events=Events(lambda _payload: None),
        )
        self.lane = self.manager._converger.lane("process")

    def running(self, name: str) -> bool:
        state = self.engine.inspect(container_name(self.paths, name))
        return state is not None and state.phase is Phase.RUNNING

    def create(self, name: str) -> None:
        self.manager.create(InstanceCreate(name=name))
        wait_for(lambda: self.manager.get(name).state == "running", 120, "it runs")
        self.idle()

    def idle(self) -> None:
        self.lane.workers.settle(120)

    def turn(self) -> None:
        self.lane.look()
        self.idle()


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def bench(tmp_path: Path, environments: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "ws", environments)
    yield made
    made.manager.stop()
    made.idle()
    for state in made.engine.list(made.paths.workspace_id):
        made.engine.remove(state.container)
    made.db.close()


def _aside(action: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=action)
    thread.start()
    return thread


def test_a_container_removed_between_create_and_start_is_made_again(bench: Bench) -> None:
    gate = bench.engine.after["create"] = Gate()
    bench.manager.create(InstanceCreate(name="a"))
    aside = _aside(bench.turn)
    gate.wait_for_arrival()
    bench.engine.remove(container_name(bench.paths, "a"))
    gate.open()
    aside.join()
    assert bench.manager.get("a").state == "running"
    assert bench.running("a")


def test_a_list_from_before_the_rows_destroys_no_new_instance(bench: Bench) -> None:
    """The look has the old container on its list; meanwhile it goes, and its name comes again."""
    bench.create("a")
    bench.manager.delete("a")
    gate = bench.engine.after["list"] = Gate()
    look = _aside(bench.lane.look)
    gate.wait_for_arrival()
    bench.lane.begin("a")  # the removal, while the look still holds its list
    wait_for(lambda: not bench.manager.list(), 60, "the row is gone")
    bench.idle()
    bench.create("a")
    gate.open()
    look.join(60)
    bench.idle()
    assert bench.running("a")
    assert bench.manager.get("a").state == "running"
    bench.turn()
    assert bench.running("a")


def test_an_orphan_that_has_an_owner_by_now_stays(bench: Bench) -> None:
    """A container without a row is on the list; before it is swept, an instance has its name."""
    bench.create("a")
    bench.manager._store.update("a", desired="deleted", state="deleting")
    bench.manager._store.remove_deleted("a")  # as if its row had been lost
    busy = Gate()
    bench.lane.workers.submit("a", busy.pass_through)  # whatever is in hand for that name
    busy.wait_for_arrival()
    gate = bench.engine.after["list"] = Gate()
    look = _aside(bench.lane.look)
    gate.wait_for_arrival()
    bench.manager.create(InstanceCreate(name="a"))
    busy.open()
    bench.idle()
    gate.open()
    look.join(60)
    bench.idle()
    bench.turn()
    wait_for(lambda: bench.manager.get("a").state == "running", 60, "it runs")
    bench.idle()
    assert bench.running("a")


def test_an_orphan_is_removed(bench: Bench) -> None:
    bench.create("a")
    bench.manager._store.update("a", desired="deleted", state="deleting")
    bench.manager._store.remove_deleted("a")
    bench.turn()
    assert bench.engine.list(bench.paths.workspace_id) == []


def test_a_second_removal_reads_the_row_again(bench: Bench) -> None:
    """Removal queued twice: the second comes to its turn when the name is somebody else's."""
    bench.create("a")
    bench.manager.delete("a")
    gate = bench.engine.before["remove"] = Gate()
    bench.lane.begin("a")
    gate.wait_for_arrival()
    bench.lane.look()  # would queue the removal once more
    gate.open()
    bench.idle()
    assert bench.manager.list() == []
    bench.create("a")
    bench.lane.begin("a")  # the second one, late
    bench.idle()
    assert bench.running("a")


def test_deleting_while_it_is_being_made_leaves_nothing(bench: Bench) -> None:
    gate = bench.engine.before["create"] = Gate()
    bench.manager.create(InstanceCreate(name="a"))
    gate.wait_for_arrival()
    bench.manager.delete("a")
    gate.open()
    bench.idle()
    bench.turn()
    assert bench.manager.list() == []
    assert bench.engine.list(bench.paths.workspace_id) == []


def test_stopping_while_it_is_being_made_leaves_it_stopped(bench: Bench) -> None:
    gate = bench.engine.before["create"] = Gate()
    bench.manager.create(InstanceCreate(name="a"))
    gate.wait_for_arrival()
    bench.manager.stop_instance("a")
    gate.open()
    bench.idle()
    bench.turn()
    assert bench.manager.get("a").state == "stopped"
    assert not bench.running("a")


def _between(bench: Bench, act: Callable[[], object]) -> None:
    """Let `act` happen after the next wish has looked at the row, and before it writes."""
    store = bench.manager._store
    decide = store.decide

    def late(*args: Any) -> Any:
        store.decide = decide  # type: ignore[method-assign]
        act()
        return decide(*args)

    store.decide = late  # type: ignore[method-assign]


def test_a_second_stop_after_the_first_was_done(bench: Bench) -> None:
    bench.create("a")
    bench.manager.stop_instance("a")
    _between(bench, bench.turn)
    assert bench.manager.stop_instance("a").state == "stopped"


def test_a_stop_in_the_middle_of_a_start(bench: Bench) -> None:
    gate = bench.engine.before["create"] = Gate()
    bench.manager.create(InstanceCreate(name="a"))
    gate.wait_for_arrival()
    _between(bench, lambda: bench.manager.stop_instance("a"))
    bench.manager.start_instance("a")
    gate.open()
    bench.idle()
    bench.turn()
    found = bench.manager.get("a")
    assert (found.state, found.error) == ("running", None)


def test_a_deletion_in_the_middle_of_a_start(bench: Bench) -> None:
    bench.create("a")
    _between(bench, lambda: bench.manager.delete("a"))
    with pytest.raises(InUse, match="is being deleted"):
        bench.manager.start_instance("a")
    bench.turn()
    assert bench.manager.list() == []


def test_one_bad_instance_holds_up_no_other(bench: Bench) -> None:
    bench.create("a")
    bench.create("b")
    bench.manager.stop_instance("a")
    bench.manager.stop_instance("b")
    stop = bench.engine.stop

    def broken(container: str, timeout: float = 10.0) -> None:
        if container == container_name(bench.paths, "a"):
            raise RuntimeError("a fault of ours")
        stop(container, timeout)

    bench.engine.stop = broken  # type: ignore[method-assign]
    bench.turn()
    assert bench.manager.get("b").state == "stopped"
    assert "unexpectedly" in (bench.manager.get("a").error or pytest.fail("no error")).message
    bench.engine.stop = stop  # type: ignore[method-assign]
    bench.lane.wake("a")
    bench.turn()
    assert bench.manager.get("a").state == "stopped"
    assert bench.manager.get("a").error is None


def test_a_running_instance_survives_a_newer_specification(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an upgrade: Start on what runs must not end its kernels."""
    bench.create("cpu-1")
    before = bench.engine.inspect(container_name(bench.paths, "cpu-1"))
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    bench.turn()
    bench.manager.start_instance("cpu-1")
    bench.turn()
    assert bench.manager.get("cpu-1").state == "running"
    assert bench.engine.inspect(container_name(bench.paths, "cpu-1")) == before
    bench.manager.restart_instance("cpu-1")
    bench.turn()
    after = bench.engine.inspect(container_name(bench.paths, "cpu-1"))
    assert before and after and after.spec_hash != before.spec_hash
    assert bench.manager.get("cpu-1").state == "running"


def _once(bench: Bench, name: str, error: Exception) -> None:
    """Let the next call of that name raise."""
    call = getattr(bench.engine, name)

    def fails(*args: Any) -> Any:
        setattr(bench.engine, name, call)
        raise error

    setattr(bench.engine, name, fails)


def test_a_restart_is_no_crash_whatever_happens_meanwhile(bench: Bench) -> None:
    bench.create("a")
    for _ in range(CRASHES):
        bench.manager.restart_instance("a")
        _once(bench, "start", EngineLost("The engine is gone."))
        bench.turn()
        bench.lane.wake("a")
        bench.turn()
        found = bench.manager.get("a")
        assert (found.state, found.exit) == ("running", None)


def test_what_ends_while_its_engine_is_away_did_not_crash(bench: Bench) -> None:
    bench.create("a")
    for _ in range(CRASHES + 1):
        _once(bench, "list", EngineLost("The engine is gone."))
        bench.turn()
        bench.engine.stop(container_name(bench.paths, "a"), 0)
        bench.turn()
        assert bench.manager.get("a").state == "running"


def test_one_that_runs_is_not_failed_by_what_is_wrong_for_a_moment(bench: Bench) -> None:
    bench.create("a")
    bench.lane._adopted.clear()  # as a new server begins
    environments = bench.manager._instances._environments
    kernel = environments.kernel

    def unavailable(*_args: Any) -> Any:
        raise EngineUnavailable("The packages could not be fetched.")

    environments.kernel = unavailable  # type: ignore[method-assign]
    bench.turn()
    found = bench.manager.get("a")
    assert found.state == "running" and found.error is not None
    environments.kernel = kernel  # type: ignore[method-assign]
    bench.lane.wake("a")
    bench.turn()
    found = bench.manager.get("a")
    assert (found.state, found.error) == ("running", None)
