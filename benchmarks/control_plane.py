"""What the server costs while nothing happens: CPU, memory, and one turn of its loops.

Bars (issue "Ground for the next ten domains"): with 200 instances, 50 of them running in
containers, and 10,000 ended runs, <= 100 ms of CPU a turn and <= 1% of a core at rest. DESIGN.md
section 5: <= 100 MB more memory than JupyterLab alone. CPU seconds, not time: others on the machine
change them little. Needs Docker and the base image (`modelyard image base`).

python benchmarks/control_plane.py [--running 50] [--seconds 60]
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from traitlets.config import LoggingConfigurable

from benchmarks._machine import cpu_seconds, load, resident
from benchmarks._rows import add_ended_runs
from modelyard.schema.compute import InstanceInfo
from modelyard_server.compute.store import ComputeStore
from modelyard_server.core.events import Events
from modelyard_server.core.paths import Paths
from modelyard_server.db.session import Database
from modelyard_server.engines.choose import open_engines
from modelyard_server.engines.spec import Phase
from modelyard_server.services import build
from tests.server_support import RunningServer, free_port, wait_for

INSTANCES = 200
RUNS = 10_000
TURNS = 20


def fill(db: Database, stopped: int) -> None:
    """Rows of stopped instances and of ended runs."""
    store = ComputeStore(db)
    for number in range(stopped):
        store.add(
            InstanceInfo(
                name=f"old-{number}", size="small", cpus=1, memory=1 << 30, gpus=0, image="",
                engine="docker", state="stopped", desired="stopped", created=1.0,
            )
        )  # fmt: skip
    add_ended_runs(db, RUNS)


@contextmanager
def plain_jupyter(folder: Path) -> Iterator[int]:
    """JupyterLab without Modelyard; gives its process id."""
    port = free_port()
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            f"--ServerApp.root_dir={folder}", f"--ServerApp.port={port}",
            "--ServerApp.jpserver_extensions={'jupyterlab': True, 'modelyard_server': False}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_for(lambda: _answers(port), 60, "JupyterLab answers")
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api", trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def at_rest(pid: int, seconds: float) -> tuple[float, float]:
    """Share of a core that a process takes, and its megabytes after that."""
    before, begun = cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    return (cpu_seconds(pid) - before) / (time.monotonic() - begun), resident(pid)


class Turns:
    """Turns of the compute domain on Docker, in this process; the workspace has no server then."""

    def __init__(self, paths: Paths) -> None:
        self._app = LoggingConfigurable()  # for configuration and log, as the server has them
        self._services = build(
            paths, open_engines(paths), "docker", Events(id), dict, "/", self._app
        )
        self._workspace = paths.workspace_id
        self._lane = self._services.compute._converger.lane("docker")
        self._engine = self._services.engines.of("docker")

    def __call__(self) -> float:
        """Milliseconds of CPU of one turn, the work that it begins included."""
        names = [instance.name for instance in self._services.compute.list()]
        before = time.process_time()
        self._lane.look()
        wait_for(lambda: not any(map(self._lane.workers.busy, names)), 300, "all is done")
        return (time.process_time() - before) * 1000

    def containers(self) -> list[str]:
        """Names of the containers that run."""
        states = self._engine.list(self._workspace)
        return [state.container for state in states if state.phase is Phase.RUNNING]

    def stop(self, container: str) -> None:
        """Stop a container behind the domain's back."""
        self._engine.stop(container, 0)

    def close(self) -> None:
        """Leave the workspace to the next server."""
        self._services.stop(everything=False)


def measure_turns(paths: Paths, running: int) -> None:
    """Print what turns cost."""
    turns = Turns(paths)
    try:
        first = turns()
        turns()
        same = [turns() for _ in range(TURNS)]
        containers = turns.containers()
        assert len(containers) == running
        changed = []
        for container in containers[:TURNS]:  # another each time: who dies often is left off
            turns.stop(container)
            changed.append(turns())
        print(f"a server's first turn, which adopts everything: {first:.0f} ms of CPU; {load()}")
        print(
            f"a turn, nothing has changed: {statistics.median(same):.1f} ms (bar 100), "
            f"worst of {TURNS} {max(same):.1f}"
        )
        print(
            f"a turn that starts a container again: {statistics.median(changed):.1f} ms, "
            f"worst of {TURNS} {max(changed):.1f}"
        )
    finally:
        turns.close()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--running", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as folder:
        with plain_jupyter(Path(folder)) as pid:
            time.sleep(5)
            idle, memory = at_rest(pid, arguments.seconds / 2)
        server = RunningServer(Path(folder) / "ws", "docker")
        try:
            db = Database(server.paths.database)
            db.migrate()
            fill(db, INSTANCES - arguments.running)
            db.close()
            workspace = server.start().workspace()
            for number in range(arguments.running):
                workspace.compute.create(f"live-{number}", size="small")
            wait_for(
                lambda: (
                    [i.state for i in workspace.compute.list()].count("running")
                    == arguments.running
                ),
                600,
                "all run",
            )
            print(f"{INSTANCES} instances, {arguments.running} running, {RUNS:,} ended runs")
            assert server.process is not None
            time.sleep(10)
            share, _ = at_rest(server.process.pid, arguments.seconds)
            print(
                f"at rest: {100 * share:.2f}% of a core (bar 1); "
                f"JupyterLab alone {100 * idle:.2f}%; {load()}"
            )
            server.stop()
            workspace = server.start().workspace()
            time.sleep(10)
            assert server.process is not None
            fresh = resident(server.process.pid)
            for _ in range(20):
                workspace.compute.list()
                workspace.runs.list(limit=100)
            used = resident(server.process.pid)
            print(
                f"memory: {fresh:.0f} MB started, {used:.0f} MB after lists were asked for; "
                f"JupyterLab alone {memory:.0f} MB (bar +100)"
            )
            server.stop()
            measure_turns(server.paths, arguments.running)
        finally:
            server.sweep()


if __name__ == "__main__":
    main()
