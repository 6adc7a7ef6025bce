"""What a call of `run.log` costs: nanoseconds, beside a bare append of the same bytes.

python benchmarks/tracking_log.py [calls]
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from modelyard.client import Client
from modelyard.schema import tracking
from modelyard.tracking.recording import Recording
from modelyard.tracking.run import Run
from modelyard.tracking.sink import Sink
from modelyard.tracking.writer import Writer

BAR = 10_000


def nanoseconds(call: Callable[[int], object], calls: int) -> float:
    """The median over ten rounds of a call's mean."""
    rounds = []
    for _ in range(10):
        begin = time.perf_counter_ns()
        for number in range(calls // 10):
            call(number)
        rounds.append((time.perf_counter_ns() - begin) / (calls // 10))
    return statistics.median(rounds)


def main() -> None:
    """Print the figures."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    with tempfile.TemporaryDirectory() as folder:
        info = tracking.RunInfo(
            id="0" * 32, experiment_id=1, experiment="e", name="n", status="running", created=0.0
        )
        sink = Sink(Path(folder), info.id)
        recording = Recording(Writer(sink, {}), "")
        run = Run(Client("http://localhost:1"), info, recording)
        run.log("loss", 0.5)
        line = b'{"t":1700000000.123456,"m":{"loss":0.123456},"s":123456}\n'
        file = os.open(Path(folder) / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        bare = nanoseconds(lambda _: os.write(file, line), calls)
        auto = nanoseconds(lambda n: run.log("loss", n * 0.5), calls)
        given = nanoseconds(lambda n: run.log("loss", n * 0.5, step=n), calls)
        several = nanoseconds(lambda n: run.log_metrics({"a": 1.0, "b": n}, step=n), calls)
        recording.close()
    print(f"bare append                {bare:8.0f} ns")
    print(
        f"run.log(key, value)        {auto:8.0f} ns   (bar {BAR}; {auto / bare:.1f}x a bare append)"
    )
    print(f"run.log(key, value, step)  {given:8.0f} ns")
    print(f"run.log_metrics(2 keys)    {several:8.0f} ns")


if __name__ == "__main__":
    main()
