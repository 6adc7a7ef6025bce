"""Spools are followed; dead writers are noticed; a server's absence loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelyard.schema.tracking import RunCreate, RunFinish
from modelyard.tracking.sink import Sink
from modelyard.tracking.spool import End, Record
from modelyard.tracking.writer import Writer, line
from modelyard_server.tracking import tailer
from modelyard_server.tracking.store.runs import RunStore
from tests.tracking.conftest import Bench


def follow(bench: Bench, until: Callable[[], Any]) -> None:
    """Do what the loop does until something is so."""
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline
        bench.manager.step()
        time.sleep(0.01)


def status(bench: Bench, id: str) -> str:
    return bench.manager.run(id).status


def test_what_is_logged_is_followed_and_the_spool_goes(bench: Bench) -> None:
    run, writer = bench.spooled()
    for value in range(3000):
        writer.metric("a", value, None)
    writer.params({"C": "1"})
    follow(bench, lambda: "a" in bench.manager.run(run.id).metrics)
    assert bench.manager.history(run.id, "a").values == list(range(3000))
    writer.metric("a", -1, None)
    writer.end(End(status="finished"))
    done = bench.manager.finish_run(run.id, RunFinish(offset=writer.sink.size))
    assert (done.status, done.metrics["a"].min, done.metrics["a"].step) == ("finished", -1, 3000)
    writer.sink.close()
    assert bench.spool_files() == []


def test_a_reader_finds_what_was_just_logged(bench: Bench) -> None:
    run, writer = bench.spooled()
    writer.metric("a", 1.5, 7)
    writer.output("hi\n", 1)
    assert bench.manager.fresh_run(run.id).metrics["a"].last == 1.5
    writer.metric("a", 2.5, 8)
    assert bench.manager.history(run.id, "a").steps == [7, 8]
    assert bench.manager.output(run.id, 0).text == "hi\n"
    writer.sink.close()


CHILD = """
import sys
import time
from pathlib import Path
from modelyard.tracking.sink import Sink
from modelyard.tracking.writer import Writer
writer = Writer(Sink(Path(sys.argv[1]), sys.argv[2]), {})
print("ready", flush=True)
sys.stdin.readline()
number = 0
while True:
    writer.metric("a", number, number)
    number += 1
    if number % 100 == 0:
        print(number, flush=True)
        time.sleep(0.005)
"""


def child(bench: Bench, id: str, program: str = CHILD) -> subprocess.Popen[str]:
    """A process that logs to a run."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(bench.spool), id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def begin(process: subprocess.Popen[str]) -> int:
    """Let it log, and give how many points it surely has logged."""
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write("go\n")
    process.stdin.flush()
    return [int(process.stdout.readline()) for _ in range(20)][-1]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_killed_process_loses_no_point_and_its_run_fails(bench: Bench, restarted: bool) -> None:
    id = uuid.uuid4().hex
    process = child(bench, id)
    bench.manager.create_run(RunCreate(id=id, experiment="e", spool=True))
    logged = begin(process)
    bench.manager.step()
    assert status(bench, id) == "running"
    if restarted:  # the process dies while no server is there
        bench.db.close()
    process.send_signal(signal.SIGKILL)
    process.wait()
    if restarted:
        bench.reopen()
        bench.manager.start()
    follow(bench, lambda: status(bench, id) == "failed")
    run = bench.manager.run(id)
    assert run.error.startswith("The kernel died") and run.ended is not None
    values = bench.manager.history(id, "a").values
    assert len(values) >= logged and values == list(range(len(values)))
    assert bench.spool_files() == []


def test_a_server_that_was_away_reads_on_and_the_run_lives(bench: Bench) -> None:
    run, writer = bench.spooled()
    writer.metric("a", 1, None)
    bench.manager.step()
    bench.db.close()
    writer.metric("a", 2, None)
    bench.reopen()
    bench.manager.start()
    writer.metric("a", 3, None)
    follow(bench, lambda: bench.manager.run(run.id).metrics["a"].count == 3)
    assert bench.manager.history(run.id, "a").values == [1, 2, 3]
    assert status(bench, run.id) == "running"
    writer.sink.close()


def test_the_end_is_in_the_spool_when_no_server_hears_it(bench: Bench) -> None:
    run, writer = bench.spooled()
    writer.end(End(status="cancelled", error="KeyboardInterrupt"))
    writer.sink.close()
    follow(bench, lambda: status(bench, run.id) != "running")
    assert (status(bench, run.id), bench.spool_files()) == ("cancelled", [])


def test_a_run_begun_without_a_server_is_made_later(bench: Bench) -> None:
    ended = bench.ended()
    bench.manager.experiments.delete(ended.experiment_id)
    id = uuid.uuid4().hex
    sink = Sink(bench.spool, id)
    body = RunCreate(id=id, experiment="e", name="later", params={"C": "1"}, spool=True)
    sink.write(line(Record(r=body)))
    Writer(sink, {}).metric("a", 4, 2)
    follow(bench, lambda: any(r.id == id for r in bench.manager.runs().runs))
    follow(bench, lambda: "a" in bench.manager.run(id).metrics)
    run = bench.manager.run(id)
    assert (run.name, run.params, run.status) == ("later", {"C": "1"}, "running")
    sink.close()


def test_a_forked_child_does_not_keep_a_dead_run_alive(bench: Bench) -> None:
    program = """
import os, signal, sys, time
from pathlib import Path
from modelyard.tracking.sink import Sink
sink = Sink(Path(sys.argv[1]), sys.argv[2])
os.register_at_fork(after_in_child=sink.forked)
child = os.fork()
if child == 0:
    signal.pause()
print("ready", flush=True)
print(child, flush=True)
signal.pause()
"""
    id = uuid.uuid4().hex
    process = child(bench, id, program)
    assert process.stdout is not None
    grandchild = int(process.stdout.readline())
    try:
        bench.manager.create_run(RunCreate(id=id, experiment="e", spool=True))
        bench.manager.step()
        assert status(bench, id) == "running"
        process.kill()
        process.wait()
        follow(bench, lambda: status(bench, id) == "failed")
    finally:
        os.kill(grandchild, signal.SIGKILL)


def test_a_silent_run_elsewhere_fails(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bench.run()
    bench.manager.step()
    assert status(bench, run.id) == "running"
    monkeypatch.setattr(tailer, "SILENCE", 0.0)
    follow(bench, lambda: status(bench, run.id) == "failed")
    assert "no sign of life" in bench.manager.run(run.id).error


def test_links_and_pipes_in_the_spool_are_not_followed(bench: Bench, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text('{"o":"secret"}\n')
    run, writer = bench.spooled()
    for id in (run.id, uuid.uuid4().hex):
        path = bench.spool / f"{id}.jsonl"
        path.unlink(missing_ok=True)
        path.symlink_to(secret)
    os.mkfifo(bench.spool / f"{uuid.uuid4().hex}.jsonl")
    (bench.spool / f"{uuid.uuid4().hex}.jsonl").write_bytes(b"\xff" * 100)
    (bench.spool / "README").write_text("x")
    bench.manager.step()
    assert bench.manager.output(run.id, 0).text == ""
    writer.sink.close()
    follow(bench, lambda: status(bench, run.id) == "failed")
    assert secret.exists()


def test_one_broken_spool_does_not_hold_up_the_others(bench: Bench) -> None:
    broken, first = bench.spooled()
    fine, second = bench.spooled()
    (bench.paths.logs / "runs" / f"{broken.id}.txt").mkdir(
        parents=True
    )  # its output cannot be written
    first.output("x\n", 1)
    second.metric("a", 1, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.manager.log, "disabled", True)
        follow(bench, lambda: "a" in bench.manager.run(fine.id).metrics)
    first.sink.close()
    second.sink.close()


def test_the_database_is_left_alone_while_no_run_has_a_writer(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.ended()
    bench.manager.step()
    asked: list[int] = []
    ask = RunStore.writing
    monkeypatch.setattr(RunStore, "writing", lambda self: (asked.append(1), ask(self))[1])
    for _ in range(100):
        bench.manager.step()
    assert len(asked) <= 20  # once, and once more for each second that this has taken
    run, writer = bench.spooled()
    writer.metric("a", 1.5, None)
    bench.manager.step()
    assert bench.manager.run(run.id).metrics["a"].count == 1
