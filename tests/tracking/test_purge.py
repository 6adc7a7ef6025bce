"""Deleting runs for ever frees what they took."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from modelyard.errors import InUse, NotFound, WrongState
from modelyard.schema.tracking import RunCreate, RunInfo
from tests.lineage_support import register, serve
from tests.tracking.conftest import Bench

_TABLES = ("run", "run_tag", "run_param", "metric", "metric_tail", "metric_chunk", "run_purge")


def full(bench: Bench, experiment: str = "e") -> RunInfo:
    """An ended run with something in every table, an artifact and an output."""
    run = bench.run(experiment, tags={"t": "1"}, params={"p": "2"})
    writer = bench.manager.files.writer(run.id, "a/model.bin")
    writer.write(b"x" * 1000)
    writer.commit()
    bench.post(
        run, b'{"m":{"loss":0.5},"s":1,"t":1.0}\n{"o":"hello"}\n{"f":{"status":"finished"}}\n'
    )
    return bench.manager.run(run.id)


def rows(bench: Bench) -> dict[str, int]:
    """How many rows of runs there are."""
    with bench.db.session(reading=True) as session:
        counts = {t: session.scalar(text(f"SELECT count(*) FROM {t}")) or 0 for t in _TABLES}
    return {table: count for table, count in counts.items() if count}


def folder(bench: Bench, run: RunInfo) -> Path:
    """Where a run's artifacts lie."""
    return bench.store.path(f"runs/{run.id}")


def age(bench: Bench, table: str, seconds: float) -> None:
    """Let deletions have happened earlier."""
    with bench.db.session() as session:
        session.execute(text(f"UPDATE {table} SET deleted = deleted - {seconds}"))


@pytest.mark.parametrize("hidden", [False, True])
def test_nothing_is_left_of_a_run_deleted_for_ever(bench: Bench, hidden: bool) -> None:
    run = full(bench)
    assert {"run", "run_tag", "run_param", "metric", "metric_chunk"} <= set(rows(bench))
    assert folder(bench, run).is_dir()
    if hidden:
        bench.manager.delete_run(run.id)
    bench.manager.delete_run(run.id, forever=True)
    assert rows(bench) == {}
    assert not folder(bench, run).exists()
    assert bench.spool_files() == []
    with pytest.raises(NotFound):
        bench.manager.restore_run(run.id)
    with pytest.raises(NotFound):
        bench.manager.delete_run(run.id, forever=True)


def test_a_run_that_is_active_or_served_stays_whole(bench: Bench) -> None:
    active = bench.run()
    with pytest.raises(WrongState, match="not ended"):
        bench.manager.delete_run(active.id, forever=True)
    run = full(bench)
    bench.manager.delete_run(run.id)
    register(bench.db, "m", 1, run.id)
    serve(bench.db, "bc", ("m", 1))
    with pytest.raises(InUse, match="'bc'"):
        bench.manager.delete_run(run.id, forever=True)
    age(bench, "run", 31 * 86400)
    bench.manager.purge_step()
    assert folder(bench, run).is_dir()
    assert bench.manager.restore_run(run.id).tags == {"t": "1"}


def test_files_that_cannot_be_removed_go_with_a_later_server(bench: Bench) -> None:
    run = full(bench)
    drafts = bench.store.root / ".drafts"
    where = folder(bench, run)
    remove = bench.store.delete_tree

    def crash(key: str) -> None:
        raise OSError(f"{key}: stale handle")

    bench.store.delete_tree = crash
    bench.manager.delete_run(run.id, forever=True)
    assert rows(bench) == {"run_purge": 1} and where.is_dir()
    assert any("stale handle" in each for each in bench.manager.problems())
    with pytest.raises(WrongState, match="for ever"):
        bench.manager.create_run(RunCreate(id=run.id, experiment="e"))
    bench.store.delete_tree = remove
    bench.db.close()
    bench.reopen()
    bench.manager.purge_step()
    assert rows(bench) == {} and not where.exists()
    assert not drafts.exists() or not list(drafts.iterdir())


def test_old_deletions_go_by_themselves(bench: Bench) -> None:
    old, new, kept = full(bench), full(bench), full(bench)
    bench.manager.delete_run(old.id)
    age(bench, "run", 31 * 86400)
    bench.manager.delete_run(new.id)
    bench.manager.purge_after = 0
    bench.manager.purge_step()
    assert folder(bench, old).is_dir()
    bench.manager.purge_after = 30 * 86400
    bench.manager.purge_step()
    assert [folder(bench, run).is_dir() for run in (old, new, kept)] == [False, True, True]


def test_an_experiment_deleted_long_ago_goes_with_its_runs(bench: Bench) -> None:
    run, kept = full(bench, "old"), full(bench, "kept")
    bench.manager.experiments.delete(run.experiment_id)
    bench.manager.purge_step()
    assert folder(bench, run).is_dir()
    age(bench, "experiment", 31 * 86400)
    bench.reopen()
    bench.manager.purge_step()
    bench.manager.purge_step()
    assert not folder(bench, run).exists() and folder(bench, kept).is_dir()
    assert bench.manager.experiments.list(deleted=True) == []
    assert bench.run("old").experiment == "old"
