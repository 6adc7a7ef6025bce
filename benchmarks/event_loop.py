"""How late Jupyter's event loop is while instances start and 10,000 points/s arrive.

Bar (DESIGN.md section 5): p99 <= 50 ms. A probe inside the server (loop_probe.py) notes how late
each of its timers, 5 ms apart, is. Beside it the same with nothing going on. Images are not built
meanwhile: the environment is cached.

python benchmarks/event_loop.py [--engine docker] [--seconds 20]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.server_support import RunningServer

_WRITER = """
import sys, time
from modelyard import Workspace
run = Workspace().experiment("load").start_run()
end = time.monotonic() + float(sys.argv[1])
step = 0
with run:
    while time.monotonic() < end:
        begun = time.monotonic()
        for _ in range(100):
            run.log("loss", 1.0 / (step + 1), step=step)
            step += 1
        time.sleep(max(0.0, 0.01 - (time.monotonic() - begun)))
print(step)
"""


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of them lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", default="docker")
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as folder:
        probe = Path(folder) / "late.txt"
        config = Path(folder) / "config" / "jupyter_server_config.d"
        config.mkdir(parents=True)
        enabled = {"ServerApp": {"jpserver_extensions": {"benchmarks.loop_probe": True}}}
        (config / "probe.json").write_text(json.dumps(enabled))
        os.environ["JUPYTER_CONFIG_PATH"] = str(config.parent)
        os.environ["LOOP_PROBE"] = str(probe)
        server = RunningServer(Path(folder) / "ws", arguments.engine)
        try:
            compute = server.start().workspace().compute
            compute.create("warm", wait=True, timeout=600)
            time.sleep(5)
            probe.write_text("")
            time.sleep(10)
            rest = [float(line) for line in probe.read_text().splitlines()]
            over = threading.Event()

            def churn() -> None:
                number = 0
                while not over.is_set():
                    compute.create(f"i-{number}", wait=True, timeout=120).delete(force=True)
                    number += 1
                print(f"instances made and deleted meanwhile: {number}")

            churning = threading.Thread(target=churn)
            churning.start()
            probe.write_text("")
            done = subprocess.run(
                [sys.executable, "-c", _WRITER, str(arguments.seconds)],
                env=server.environment(),
                check=True,
                capture_output=True,
                text=True,
            )
            loaded = [float(line) for line in probe.read_text().splitlines()]
            over.set()
            churning.join()
            points = int(done.stdout.split()[-1])
            print(f"points logged: {points:,} in {arguments.seconds:.0f} s")
            for what, values in (("at rest", rest), ("under load", loaded)):
                print(
                    f"{what}: p50 {percentile(values, 0.5):.1f} ms, p99 "
                    f"{percentile(values, 0.99):.1f} ms, worst {max(values):.1f} ms (bar: p99 50)"
                )
        finally:
            server.sweep()


if __name__ == "__main__":
    main()
