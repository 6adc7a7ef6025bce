"""How late Jupyter's event loop is while instances start and 10,000 points/s arrive.

Bar (DESIGN.md section 5): p99 <= 50 ms. A probe inside the server (_loop_probe.py) sleeps 5 ms
again and again and notes how late it wakes. A loop that is held up for long wakes it once only,
while requests would have come all the time: so the delay is that of requests that come every 5 ms,
each waiting for what is left of it. Where others keep the machine busy, much of it is waiting for a
core, which the kernel counts; it is shown with and without. Browsers listen meanwhile, as many as
`--browsers` says. Images are not built: the environment is cached.

python benchmarks/event_loop.py [--engine docker|process] [--seconds 30] [--browsers 2]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import redirect_stdout
from pathlib import Path

import websocket

from benchmarks._loop_probe import STEP
from benchmarks._machine import load, percentile
from tests.server_support import RunningServer

RATE = 10_000

_WRITER = """
import sys, time
from modelyard import Workspace
seconds, rate = float(sys.argv[1]), int(sys.argv[2])
with Workspace().experiment("load").start_run() as run:
    begun = time.monotonic()
    step = 0
    while (now := time.monotonic() - begun) < seconds:
        while step < now * rate:
            run.log("loss", 1.0 / (step + 1), step=step)
            step += 1
        time.sleep(0.005)
print(step)
"""


def listen(server: RunningServer) -> websocket.WebSocket:
    """A browser's connection to Jupyter's events, read until it is closed."""
    address = f"{server.url.replace('http', 'ws', 1)}api/events/subscribe"
    header = [f"Authorization: token {server.token}"]
    connection = websocket.create_connection(address, header=header)

    def read() -> None:
        try:
            while connection.recv():
                pass
        except (OSError, websocket.WebSocketException):
            return

    threading.Thread(target=read, daemon=True).start()
    return connection


class Churn:
    """Makes instances and deletes them, one after the other, until the end of `with`."""

    def __init__(self, server: RunningServer) -> None:
        self.made = 0
        self._compute = server.workspace().compute
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Churn:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.is_set():
            self._compute.create(f"i-{self.made}", wait=True, timeout=120).delete(force=True)
            self.made += 1


def delays(probe: Path, since: float, until: float) -> tuple[list[float], list[float]]:
    """Milliseconds that requests would have waited: as it was, and with a core always free."""
    seen: list[float] = []
    own: list[float] = []
    for line in probe.read_text().splitlines():
        at, late, for_core = map(float, line.split())
        if since <= at <= until:
            seen += _met(late)
            own += _met(late - for_core)
    return seen, own


def _met(late: float) -> list[float]:
    """Milliseconds that each request waits, of those that come while the loop is late."""
    found = [max(late, 0.0) * 1000]
    while (late := late - STEP) > 0:
        found.append(late * 1000)
    return found


def show(what: str, measured: tuple[list[float], list[float]]) -> None:
    """Print percentiles."""
    print(f"{what}; {load()}")
    for kind, values in zip(("as it was", "without waiting for a core"), measured, strict=True):
        print(
            f"  {kind}: p50 {percentile(values, 0.5):.1f} ms, p99 {percentile(values, 0.99):.1f} "
            f"ms (bar 50), worst {max(values):.0f} ms"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="docker", choices=["docker", "process"])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--browsers", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as folder:
        probe = Path(folder) / "late.txt"
        config = Path(folder) / "config" / "jupyter_server_config.d"
        config.mkdir(parents=True)
        enabled = {"ServerApp": {"jpserver_extensions": {"benchmarks._loop_probe": True}}}
        (config / "probe.json").write_text(json.dumps(enabled))
        os.environ["JUPYTER_CONFIG_PATH"] = str(config.parent)
        os.environ["LOOP_PROBE"] = str(probe)
        server = RunningServer(Path(folder) / "ws", arguments.engine)
        try:
            server.start().workspace().compute.create("warm", wait=True, timeout=600)
            browsers = [listen(server) for _ in range(arguments.browsers)]
            time.sleep(5)
            moments = [time.time()]
            time.sleep(10)
            moments.append(time.time())
            # The SDK shows how each instance gets on.
            with redirect_stdout(io.StringIO()), Churn(server) as churn:
                done = subprocess.run(
                    [sys.executable, "-c", _WRITER, str(arguments.seconds), str(RATE)],
                    env=server.environment(),
                    check=True,
                    capture_output=True,
                    text=True,
                )
                moments.append(time.time())
            for browser in browsers:
                browser.close()
            server.stop()
            points = int(done.stdout.split()[-1]) / arguments.seconds
            show("at rest", delays(probe, moments[0], moments[1]))
            show(
                f"{points:,.0f} points/s, {churn.made} instances made and deleted on "
                f"{arguments.engine}, {arguments.browsers} browsers",
                delays(probe, moments[1], moments[2]),
            )
        finally:
            server.sweep()


if __name__ == "__main__":
    main()
