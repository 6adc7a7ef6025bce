"""Docker and local processes in use at once, in one server; Docker is at the end of a wire."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, NamedTuple

import pytest
from sklearn.linear_model import LinearRegression

from modelyard.compute import ComputeInstance
from modelyard.endpoints import Endpoint
from modelyard.errors import EngineUnavailable, InUse, NotAuthenticated
from modelyard_server.compute.spec import KIND
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.engines import Engines
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import Phase
from modelyard_server.serving.spec import HOLDER, SCORING, endpoint_of
from tests.both_engines.lab_kernel import LabKernel
from tests.docker_support import sweep
from tests.server_support import RunningServer, wait_for
from tests.serving.bench import line, post
from tests.serving.load import load
from tests.wire import Wire, docker_address

pytestmark = [
    pytest.mark.docker,
    pytest.mark.slow,
    pytest.mark.xdist_group("at-once"),  # one server for all of them
]

ENGINES = ("docker", "process")
ROW = {"data": [[1, 2]]}

_MEET = """
import os, pathlib, time
mine, other = pathlib.Path("at-{mine}"), pathlib.Path("at-{other}")
mine.write_text("here")
end = time.monotonic() + 60
while not other.exists() and time.monotonic() < end:
    time.sleep(0.02)
from modelyard import Workspace
with Workspace().experiment("at-once").start_run(name="{mine}") as run:
    for step in range(100):
        run.log("loss", 1 / (step + 1), step=step)
print(os.environ["MODELYARD_COMPUTE"], other.read_text())
"""


@pytest.fixture(scope="module")
def docker(base_image: str, reach: SameHost) -> DockerEngine:
    """The machine's Docker, past the wire."""
    return DockerEngine(reach, f"unix://{docker_address()}")


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory, docker: DockerEngine) -> Iterator[Wire]:
    """What the server takes for the machine's Docker."""
    wire = Wire(tmp_path_factory.mktemp("wire") / "docker.sock", docker_address())
    wire.mend()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", f"unix://{wire.path}")
        yield wire


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, wire: Wire, docker: DockerEngine
) -> Iterator[RunningServer]:
    """The one server; each test leaves it running."""
    server = RunningServer(tmp_path_factory.mktemp("at-once") / "ws", "auto")
    try:
        yield server.start()
    finally:
        wire.mend()
        server.stop()
        sweep(docker, server.paths.workspace_id)
        server.sweep()


@pytest.fixture(scope="module")
def engines(server: RunningServer, docker: DockerEngine) -> Engines:
    """Both engines, past the wire."""
    return Engines([docker, ProcessEngine(docker.reach, server.paths.engine)])


@pytest.fixture(scope="module")
def made_instances(server: RunningServer) -> dict[str, ComputeInstance]:
    compute = server.workspace().compute
    made = {engine: compute.create(f"on-{engine}", engine=engine) for engine in ENGINES}
    return {engine: instance.wait("running", 300) for engine, instance in made.items()}


@pytest.fixture
def instances(
    server: RunningServer, made_instances: dict[str, ComputeInstance]
) -> dict[str, ComputeInstance]:
    """A running instance on each engine; both were asked for before either was there."""
    compute = server.workspace().compute
    return {
        engine: compute.get(instance.name).wait("running", 60)
        for engine, instance in made_instances.items()
    }


@pytest.fixture(scope="module")
def made_endpoints(server: RunningServer) -> list[str]:
    ws = server.workspace()
    for slope in (1.0, 2.0):
        model: LinearRegression = line(slope)
        ws.models.register("line", model=model)
    made = [ws.endpoints.deploy(f"e-{engine}", "line:1", engine=engine) for engine in ENGINES]
    return [endpoint.wait(300).name for endpoint in made]


@pytest.fixture
def endpoints(server: RunningServer, made_endpoints: list[str]) -> dict[str, Endpoint]:
    """An endpoint with `line:1` on each engine; both were asked for before either was there."""
    of = server.workspace().endpoints
    found = [of.get(name) for name in made_endpoints]
    found = [e if e.model == "line:1" else of.deploy(e.name, "line:1") for e in found]
    return dict(zip(ENGINES, [endpoint.wait(60) for endpoint in found], strict=True))


class There(NamedTuple):
    """A container or process that an engine has."""

    engine: str
    owner: str
    """The instance or endpoint."""
    phase: str
    started: float | None


def _there(server: RunningServer, engines: Engines, kind: str) -> list[There]:
    """What the engines have of a kind."""
    return sorted(
        There(
            engine.name,
            endpoint_of(state) if kind == SCORING else state.name,
            state.phase,
            state.started,
        )
        for engine in engines
        for state in engine.list(server.paths.workspace_id)
        if state.kind == kind
    )


def _answer(endpoint: Endpoint, key: str = "") -> tuple[int, Any]:
    return post(endpoint.url, ROW, key or endpoint.keys[0])


def _predicts(value: float) -> tuple[int, Any]:
    return (200, {"predictions": [pytest.approx(value)]})


def test_each_is_on_its_own_engine(
    server: RunningServer,
    engines: Engines,
    instances: dict[str, ComputeInstance],
    endpoints: dict[str, Endpoint],
) -> None:
    for kind, prefix in ((KIND, "on"), (SCORING, "e")):
        expected = [(engine, f"{prefix}-{engine}", Phase.RUNNING) for engine in ENGINES]
        wait_for(
            lambda k=kind, e=expected: [each[:3] for each in _there(server, engines, k)] == e,
            30,
            "each engine has its own and nothing else",
        )
    assert {engine: instance.info.engine for engine, instance in instances.items()} == {
        engine: engine for engine in ENGINES
    }
    assert {engine: endpoint.info.engine for engine, endpoint in endpoints.items()} == {
        engine: engine for engine in ENGINES
    }
    told = server.cli("status")
    assert [(e["name"], e["available"], e["default"]) for e in told["engines"]] == [
        ("docker", True, True),
        ("process", True, False),
    ]
    seen = [(each["kind"], each["name"]) for each in told["containers"]]
    for engine in ENGINES:
        assert (KIND, f"on-{engine}") in seen
        assert [name for kind, name in seen if kind == SCORING and name.startswith(f"e-{engine}-")]


def test_kernels_at_once(server: RunningServer, instances: dict[str, ComputeInstance]) -> None:
    with ExitStack() as stack:
        kernels = {
            engine: stack.enter_context(LabKernel(server, instance.kernelspec))
            for engine, instance in instances.items()
        }
        asked = {
            engine: kernels[engine].ask(_MEET.format(mine=engine, other=other))
            for engine, other in zip(ENGINES, reversed(ENGINES), strict=True)
        }
        # Each waits for the other's file: one after the other, neither would end.
        for engine, kernel in kernels.items():
            assert kernel.answer(asked[engine]) == f"on-{engine} here"

        endless = {
            engine: kernel.ask("print('begun', flush=True)\nwhile True: pass")
            for engine, kernel in kernels.items()
        }
        for engine, kernel in kernels.items():  # an interrupt before that is lost
            assert kernel.answer(endless[engine], until="begun") == "begun"
        kernels["docker"].interrupt()
        assert kernels["docker"].answer(endless["docker"]) == "KeyboardInterrupt"
        assert kernels["docker"].run("1 + 1") == "2"  # while the other is still busy
        kernels["process"].interrupt()
        assert kernels["process"].answer(endless["process"]) == "KeyboardInterrupt"
        for instance in instances.values():
            wait_for(lambda i=instance: i.refresh().info.kernels == 1, 15, "its kernel is counted")
            with pytest.raises(InUse, match="kernel is alive"):
                instance.stop()
    runs = server.workspace().runs.list(experiment="at-once")
    assert {run.name: run.info.compute for run in runs} == {
        engine: instance.name for engine, instance in instances.items()
    }
    for run in runs:
        assert run.info.status == "finished"
        assert len(run.history("loss").values) == 100


def test_endpoints_are_updated_at_once_and_lose_nothing(
    server: RunningServer, endpoints: dict[str, Endpoint]
) -> None:
    keys = {engine: endpoint.keys[0] for engine, endpoint in endpoints.items()}
    for engine, endpoint in endpoints.items():
        assert _answer(endpoint) == _predicts(3)
        other = next(keys[each] for each in ENGINES if each != engine)
        assert _answer(endpoint, other)[0] == NotAuthenticated.status
    with ExitStack() as stack:
        loads = [
            stack.enter_context(load(endpoint.info.port, keys[engine], clients=2))
            for engine, endpoint in endpoints.items()
        ]
        deploy = server.workspace().endpoints.deploy
        updated = [deploy(endpoint.name, "line:2") for endpoint in endpoints.values()]
        for endpoint in updated:
            endpoint.wait(60)
        for failures, answered in loads:
            seen = sum(answered)
            wait_for(lambda f=failures, a=answered, s=seen: f or sum(a) > s + 50, 30, "it answers")
    assert [failures for failures, _ in loads] == [[], []]
    for before, after in zip(endpoints.values(), updated, strict=True):
        assert (after.url, after.keys) == (before.url, before.keys)
        assert _answer(after) == _predicts(6)


def test_docker_away_and_back(
    server: RunningServer,
    wire: Wire,
    engines: Engines,
    instances: dict[str, ComputeInstance],
    endpoints: dict[str, Endpoint],
) -> None:
    ws = server.workspace()
    before = _there(server, engines, KIND)
    serving = _on(_there(server, engines, SCORING), "docker")
    with ExitStack() as stack:
        kernels = [
            stack.enter_context(LabKernel(server, instance.kernelspec))
            for instance in instances.values()
        ]
        for kernel in kernels:
            kernel.run("kept = 41")

        wire.cut()
        wait_for(
            lambda: instances["docker"].refresh().info.state == "unreachable", 30, "it says so"
        )
        wait_for(lambda: endpoints["docker"].refresh().info.error, 30, "so does the endpoint")
        with pytest.raises(EngineUnavailable):
            ws.compute.create("refused", engine="docker")
        # Local processes do not mind: kernels, new instances, changes of endpoints.
        assert instances["process"].refresh().info.state == "running"
        there = ws.compute.create("meanwhile", engine="process", wait=True, timeout=60)
        there.delete()
        assert ws.endpoints.deploy("e-process", "line:2").wait(60).info.error is None
        assert _answer(endpoints["process"]) == _predicts(6)
        # What runs in containers does not need Docker to answer either.
        assert _answer(endpoints["docker"]) == _predicts(3)
        assert [kernel.run("kept + 1") for kernel in kernels] == ["42", "42"]

        wire.mend()
        assert instances["docker"].wait("running", 60).info.error is None
        wait_for(lambda: endpoints["docker"].refresh().info.error is None, 30, "the error is gone")
        assert [kernel.run("kept + 2") for kernel in kernels] == ["43", "43"]
    assert _there(server, engines, KIND) == before, "none was started anew"
    assert _on(_there(server, engines, SCORING), "docker") == serving


def _on(there: list[There], engine: str) -> list[There]:
    return [each for each in there if each.engine == engine]


def test_killed_and_started_again(
    server: RunningServer,
    engines: Engines,
    instances: dict[str, ComputeInstance],
    endpoints: dict[str, Endpoint],
) -> None:
    kinds = (KIND, SCORING, HOLDER)
    wait_for(lambda: len(_there(server, engines, SCORING)) == 2, 30, "the old ones are gone")
    before = {kind: _there(server, engines, kind) for kind in kinds}
    keys = {engine: endpoint.keys[0] for engine, endpoint in endpoints.items()}
    server.kill()
    for engine, endpoint in endpoints.items():
        assert _answer(endpoint, keys[engine]) == _predicts(3)
    ws = server.start().workspace()
    for engine in ENGINES:
        found = ws.compute.get(instances[engine].name).wait("running", 60)
        with LabKernel(server, found.kernelspec) as kernel:
            assert kernel.run("6 * 7") == "42"
        endpoint = ws.endpoints.get(endpoints[engine].name).wait(60)
        assert (endpoint.info.engine, endpoint.keys[0]) == (engine, keys[engine])
        assert _answer(endpoint) == _predicts(3)
    assert {kind: _there(server, engines, kind) for kind in kinds} == before


def test_down_and_up(
    server: RunningServer,
    engines: Engines,
    instances: dict[str, ComputeInstance],
    endpoints: dict[str, Endpoint],
) -> None:
    wait_for(lambda: len(_there(server, engines, SCORING)) == 2, 30, "the old ones are gone")
    stopped = server.cli("down")["stopped"]
    for what in ("instance on", "scoring e"):
        for engine in ENGINES:
            assert [each for each in stopped if each.startswith(f"{what}-{engine}")], stopped
    for kind in (KIND, SCORING):
        assert {each.phase for each in _there(server, engines, kind)} == {Phase.EXITED}
    ws = server.start().workspace()
    with ThreadPoolExecutor() as threads:
        back = list(
            threads.map(
                lambda instance: ws.compute.get(instance.name).wait("running", 60),
                instances.values(),
            )
        )
    assert [instance.info.engine for instance in back] == list(ENGINES)
    for endpoint in endpoints.values():
        wait_for(lambda e=endpoint: _comes_back(e), 60, "it answers again")


def _comes_back(endpoint: Endpoint) -> bool:
    try:
        return _answer(endpoint) == _predicts(3)
    except OSError:
        return False
