"""What the server makes of logged points: taking, keeping and showing them; and lists of runs.

Bars (DESIGN.md section 5): >= 100,000 points/s, <= 12 bytes a point, a 1,000,000-point metric for a
chart of 1,000 pixels in <= 30 ms, a page of 100 of 20,000 runs ordered by a metric in <= 25 ms. In
this process, without HTTP: the manager on a real database, spools as the SDK writes them.

python benchmarks/tracking_store.py [--points 1000000] [--runs 20000]
"""

from __future__ import annotations

import argparse
import math
import random
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from benchmarks._machine import load
from benchmarks._rows import add_ended_runs
from modelyard.schema.tracking import RunInfo
from modelyard.tracking.spool import spool_name
from tests.tracking.conftest import Bench


def cost(action: Callable[[], object], rounds: int = 15) -> str:
    """What an action takes: medians of time and of this thread's CPU."""
    taken, used = [], []
    for _ in range(rounds):
        begun, cpu = time.perf_counter(), time.thread_time()
        action()
        taken.append((time.perf_counter() - begun) * 1000)
        used.append((time.thread_time() - cpu) * 1000)
    return f"{statistics.median(taken):.1f} ms ({statistics.median(used):.1f} of CPU)"


def logged(bench: Bench, value: Callable[[int], float], points: int) -> RunInfo:
    """A run whose spool holds so many points, none of them read by the server yet."""
    run, _ = bench.spooled()
    with (bench.spool / spool_name(run.id)).open("w") as spool:
        for step in range(points):
            spool.write(f'{{"t":{1.7e9 + step / 1000},"m":{{"loss":{value(step)}}},"s":{step}}}\n')
    return run


def taken(bench: Bench, run: RunInfo, points: int) -> tuple[float, float]:
    """Points that the manager takes from a spool: a second, and a second of CPU."""
    begun, used = time.perf_counter(), time.process_time()
    while True:
        bench.manager.step()
        summary = bench.manager.run(run.id).metrics.get("loss")
        if summary is not None and summary.count == points:
            elapsed, cpu = time.perf_counter() - begun, time.process_time() - used
            return points / elapsed, points / cpu


def stored(bench: Bench) -> int:
    """Bytes of the database."""
    with closing(sqlite3.connect(bench.paths.database)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size, free, page = (
            db.execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_count", "freelist_count", "page_size")
        )
    return (size - free) * page


def points(folder: Path, count: int) -> None:
    """Print what a metric of many points costs."""
    noise = random.Random(1)
    kinds: dict[str, Callable[[int], float]] = {
        "a loss of six digits": lambda step: round(
            math.exp(-step / count) + noise.gauss(0, 0.01), 6
        ),
        "noise of full precision": lambda _step: noise.random(),
    }
    for name, value in kinds.items():
        bench = Bench(folder / name)
        run = logged(bench, value, count)
        before = stored(bench)
        rate, of_cpu = taken(bench, run, count)
        size = (stored(bench) - before) / count
        chart = cost(lambda b=bench, r=run: b.manager.history(r.id, "loss", 1000))
        print(
            f"{count:,} points, {name}: {rate:,.0f} points/s (bar 100,000), {of_cpu:,.0f} a second "
            f"of CPU, {size:.1f} bytes a point (bar 12), chart of 1,000 pixels {chart} "
            f"(bar 30); {load()}"
        )
        bench.db.close()


def pages(folder: Path, count: int) -> None:
    """Print what lists of many runs cost."""
    bench = Bench(folder / "runs")
    add_ended_runs(bench.db, count)
    page = cost(lambda: bench.manager.runs(order_by="metric.accuracy", limit=100))
    one = cost(lambda: finished_run(bench), rounds=100)
    print(
        f"{count:,} runs: a page of 100 ordered by a metric {page} (bar 25); create + "
        f"metric + finish {one}; {load()}"
    )
    bench.db.close()


def finished_run(bench: Bench) -> None:
    """A run with one metric, from its creation to its end."""
    run = bench.run()
    bench.manager.ingest(run.id, 0, b'{"m":{"accuracy":0.5},"s":0}\n{"f":{"status":"finished"}}\n')


def main() -> None:
    """See the module's description."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=20_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as folder:
        points(Path(folder), options.points)
        pages(Path(folder), options.runs)


if __name__ == "__main__":
    main()
