"""What the server costs while nothing happens, and what one look at an engine costs.

Bars (issue "Ground"): with 200 instances, 50 of them running in containers, and 10,000 ended runs,
<= 100 ms of CPU a look and <= 1% of a core at rest; <= 100 MB more memory than Jupyter alone.
Needs Docker and the base image (`modelyard image base`).

python benchmarks/control_plane.py [--running 50] [--seconds 60]
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from sqlalchemy import text

from modelyard.schema.compute import Instance
from modelyard_server.compute.spec import KIND
from modelyard_server.compute.store import ComputeStore
from modelyard_server.core.converge import Lane
from modelyard_server.db.session import Database
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.spec import Phase
from tests.server_support import RunningServer, free_port, wait_for

INSTANCES = 200
RUNS = 10_000


class _Domain:
    """The compute domain's look, without its deeds."""

    kinds = (KIND,)

    def __init__(self, store: ComputeStore, workspace: str) -> None:
        self._store = store
        self._prefix = f"modelyard-{workspace[:8]}-{KIND}-"

    def rows(self, engine: str) -> object:
        return self._store.wanted(engine)

    def containers(self, row: object) -> tuple[str]:
        return (f"{self._prefix}{row.name}",)  # type: ignore[attr-defined]

    def due(self, row: object, seen: dict[str, object]) -> bool:
        there = seen.get(f"{self._prefix}{row.name}")  # type: ignore[attr-defined]
        runs = there is not None and there.phase is Phase.RUNNING  # type: ignore[attr-defined]
        return runs != (row.desired == "running")  # type: ignore[attr-defined]

    def converge(self, _key: str) -> None:
        return None

    def owner(self, container: object) -> str:
        return container.name  # type: ignore[attr-defined]

    def changed(self, _key: str) -> None:
        return None


def fill(db: Database, running: int) -> None:
    """Rows of stopped instances and of ended runs."""
    store = ComputeStore(db)
    for number in range(INSTANCES - running):
        store.add(
            Instance(
                name=f"old-{number}", size="small", cpus=1, memory=1 << 30, gpus=0, image="",
                engine="docker", state="stopped", desired="stopped", created=1.0,
            )
        )  # fmt: skip
    with db.session() as session:
        experiment = session.execute(
            text("INSERT INTO experiment (name, note, created) VALUES ('old', '', 1)")
        )
        key = experiment.lastrowid  # type: ignore[attr-defined]
        columns = [row[1] for row in session.execute(text("PRAGMA table_info(run)"))]
        known = {"uid": None, "experiment_id": key, "name": "r", "status": "finished"}
        rows = [{**known, "uid": uuid.uuid4().hex} for _ in range(RUNS)]
        needed = session.execute(text("PRAGMA table_info(run)")).all()
        for _, name, kind, required, default, primary in needed:
            if required and default is None and not primary and name not in known:
                blank = "" if "CHAR" in kind.upper() else "{}" if kind.upper() == "JSON" else 0
                for row in rows:
                    row[name] = blank
        names = [name for name in rows[0] if name in columns]
        holes = ", ".join(f":{name}" for name in names)
        session.execute(text(f"INSERT INTO run ({', '.join(names)}) VALUES ({holes})"), rows)


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used, children excluded."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    """Megabytes of memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def plain_jupyter(folder: Path, seconds: float) -> tuple[float, float]:
    """Memory and share of a core of JupyterLab without Modelyard."""
    process = subprocess.Popen(
        [
            sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
            f"--ServerApp.root_dir={folder}", f"--ServerApp.port={free_port()}",
            "--ServerApp.jpserver_extensions={'jupyterlab': True, 'modelyard_server': False}",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        time.sleep(10)
        before = cpu_seconds(process.pid)
        time.sleep(seconds)
        return resident(process.pid), (cpu_seconds(process.pid) - before) / seconds
    finally:
        process.terminate()
        process.wait()


def look_cost(server: RunningServer) -> list[float]:
    """Milliseconds of CPU of looks in a process of their own, kept answers included."""
    engine = DockerEngine()
    db = Database(server.paths.database)
    workspace = server.paths.workspace_id
    domain = _Domain(ComputeStore(db), workspace)
    lane = Lane("bench", domain, engine, workspace, print, logging.getLogger("bench"))  # type: ignore[arg-type]
    lane.begin = lambda _key: None  # type: ignore[method-assign]
    costs = []
    for _ in range(12):
        before = time.process_time()
        lane.look()
        costs.append((time.process_time() - before) * 1000)
        time.sleep(0.2)
    lane.stop()
    db.close()
    return costs


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--running", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as folder:
        memory, idle = plain_jupyter(Path(folder), 10)
        server = RunningServer(Path(folder) / "ws", "docker")
        try:
            server.start()
            server.stop()
            db = Database(server.paths.database)
            fill(db, arguments.running)
            db.close()
            compute = server.start().workspace().compute
            for number in range(arguments.running):
                compute.create(f"live-{number}")
            wait_for(
                lambda: sum(i.info.state == "running" for i in compute.list()) == arguments.running,
                600,
                "all run",
            )
            assert server.process is not None
            pid = server.process.pid
            time.sleep(20)
            costs = look_cost(server)
            before = cpu_seconds(pid)
            time.sleep(arguments.seconds)
            share = (cpu_seconds(pid) - before) / arguments.seconds
            warm = statistics.median(costs[1:])
            print(f"{INSTANCES} instances, {arguments.running} running, {RUNS:,} ended runs")
            print(f"a look: first {costs[0]:.0f} ms of CPU, then {warm:.1f} ms (bar 100)")
            print(f"at rest: {100 * share:.2f}% of a core (bar 1); Lab alone {100 * idle:.2f}%")
            print(f"memory: {resident(pid):.0f} MB; Lab alone {memory:.0f} MB (bar +100)")
        finally:
            server.sweep()


if __name__ == "__main__":
    main()
