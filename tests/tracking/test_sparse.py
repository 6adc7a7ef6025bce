"""Spools that say they are huge, that are huge, or that are many: each run has its turn."""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path

import pytest

from modelyard.schema.tracking import RunCreate
from modelyard.tracking.sink import Sink
from modelyard.tracking.spool import Record
from modelyard.tracking.writer import Writer, line
from modelyard_server.core.holder import holder_id
from modelyard_server.tracking import spools, strays, tailer
from modelyard_server.tracking.spools import Spool
from tests.tracking.conftest import Bench

TERABYTE = 1 << 40


def look_again(bench: Bench) -> None:
    bench.manager._tailer._looked = 0.0
    bench.manager.step()


def test_a_terabyte_of_nothing_is_passed_over(bench: Bench) -> None:
    sparse, first = bench.spooled()
    fine, second = bench.spooled()
    first.metric("a", 1, None)
    os.truncate(first.sink.path, TERABYTE)
    second.metric("a", 1, None)
    first.metric("a", 2, None)  # after the hole
    bench.manager.step()
    assert bench.manager.run(fine.id).metrics["a"].last == 1
    assert bench.manager.fresh_run(sparse.id).metrics["a"].count == 2
    os.truncate(first.sink.path, 2 * TERABYTE)  # and at the end
    first.sink.close()
    second.sink.close()
    look_again(bench)
    assert [bench.manager.run(run.id).status for run in (sparse, fine)] == ["failed"] * 2
    assert bench.spool_files() == []


def test_data_between_holes_is_read(bench: Bench) -> None:
    run, writer = bench.spooled()
    wanted = 40
    with writer.sink.path.open("r+b") as file:
        for number in range(wanted):
            file.seek(number << 30)
            file.write(line(Record(m={"a": float(number)}, s=number)))
    assert writer.sink.path.stat().st_blocks * 512 < 1 << 20
    while bench.manager._runs.position(run.id).offset < writer.sink.size:
        bench.manager.step()
    assert bench.manager.history(run.id, "a").values == list(range(wanted))
    writer.sink.close()


def test_zeros_that_are_on_disk_are_left_out(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spools, "PIECE", 1 << 10)
    monkeypatch.setattr(spools, "LINE_LIMIT", 1 << 14)
    run, writer = bench.spooled()
    writer.sink.write(b"\0" * 100_000 + b"\n")
    writer.metric("a", 1, None)
    assert bench.manager.fresh_run(run.id).metrics["a"].last == 1
    writer.sink.close()


@pytest.mark.parametrize("killed", [False, True])
def test_a_long_spool_leaves_the_others_their_turn(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, killed: bool
) -> None:
    monkeypatch.setattr(spools, "PIECE", 1 << 10)
    monkeypatch.setattr(tailer, "PIECE", 1 << 10)
    monkeypatch.setattr(tailer, "TURN", 1 << 12)
    long, first = bench.spooled()
    other, second = bench.spooled()
    for number in range(2000):
        first.metric("a", number, number)
    second.metric("a", 1, None)
    size = first.sink.size
    if killed:
        first.sink.close()
    look_again(bench)
    assert bench.manager.run(other.id).metrics["a"].last == 1
    assert 0 < bench.manager._runs.position(long.id).offset < size // 4
    assert bench.manager.run(long.id).status == "running"
    while bench.manager._runs.position(long.id).offset < size:
        look_again(bench)
    look_again(bench)
    assert bench.manager.history(long.id, "a").values == list(range(2000))
    assert bench.manager.run(long.id).status == ("failed" if killed else "running")
    first.sink.close()
    second.sink.close()


def test_what_begins_no_run_is_read_once_and_again_when_it_changes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    head = Spool.head

    def counted(self: Spool) -> bytes:
        data = head(self)
        reads.append(len(data))
        return data

    monkeypatch.setattr(Spool, "head", counted)
    (bench.spool / f"{uuid.uuid4().hex}.jsonl").write_bytes(b"x" * (3 << 20))
    id = uuid.uuid4().hex
    sink = Sink(bench.spool, id)
    begin = line(Record(r=RunCreate(id=id, experiment="e", spool=True)))
    sink.write(begin[:10])
    for _ in range(5):
        look_again(bench)
    assert sorted(reads) == [10, spools.HEAD]
    sink.write(begin[10:])
    look_again(bench)
    assert bench.manager.run(id).status == "running"
    sink.close()


def test_old_junk_goes_and_what_is_written_stays(bench: Bench) -> None:
    old, held = bench.spool / f"{uuid.uuid4().hex}.jsonl", Sink(bench.spool, uuid.uuid4().hex)
    old.write_bytes(b"x\n")
    held.write(b"x\n")
    look_again(bench)
    assert old.exists()
    long_ago = time.time() - 2 * strays._ORPHAN
    for path in (old, held.path):
        os.utime(path, (long_ago, long_ago))
    look_again(bench)
    look_again(bench)
    assert (old.exists(), held.path.exists()) == (False, True)
    held.close()
    look_again(bench)
    assert not held.path.exists()


def test_many_strays_of_one_holder_hide_no_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strays, "LOOKS", 10)
    busy, quiet = (bench.paths.spool_of(holder_id("instance", name)) for name in "ab")
    for folder in (busy, quiet):
        folder.mkdir()
    for _ in range(35):
        (busy / f"{uuid.uuid4().hex}.jsonl").write_bytes(b"x\n")
    ids = [_begin(folder) for folder in (busy, quiet)]
    look_again(bench)
    assert bench.manager.run(ids[1]).status in ("running", "failed")
    for _ in range(4):
        look_again(bench)
    assert bench.manager.run(ids[0]).status in ("running", "failed")


def _begin(folder: Path) -> str:
    """A run begun without a server, whose process is gone."""
    id = uuid.uuid4().hex
    sink = Sink(folder, id)
    sink.write(line(Record(r=RunCreate(id=id, experiment="e", spool=True))))
    Writer(sink, {}).metric("a", 1, None)
    sink.close()
    return id
