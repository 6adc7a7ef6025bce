"""Rows that cannot be read, or belong to an engine that the server does not have."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from modelyard.errors import EngineUnavailable
from modelyard.schema.compute import InstanceCreate
from modelyard_server.compute import kernelspecs
from tests.compute.test_interleavings import Bench
from tests.server_support import wait_for


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def bench(tmp_path: Path, environments: Path) -> Iterator[Bench]:
    """Instances 'bad' and 'good', both running; turns are taken by hand."""
    made = Bench(tmp_path / "ws", environments)
    made.create("bad")
    made.create("good")
    made.turn()
    yield made
    made.manager.stop()
    made.idle()
    for state in made.engine.list(made.paths.workspace_id):
        made.engine.remove(state.container)
    made.db.close()


def _write(bench: Bench, statement: str) -> None:
    with bench.db.session() as session:
        session.execute(text(statement))


@pytest.mark.parametrize(
    "damage",
    ["state = 'hibernating'", "exit = '{'", "cpus = 'many'", "desired = 'asleep'"],
)
def test_a_bad_row_is_shown_left_alone_and_deleted(bench: Bench, damage: str) -> None:
    _write(bench, f"UPDATE compute_instance SET {damage} WHERE name = 'bad'")
    found = bench.manager.get("bad")
    assert found.state == "failed" and found.error is not None
    assert "cannot be read" in found.error.message
    assert [each.name for each in bench.manager.list()] == ["bad", "good"]

    bench.manager.stop_instance("good")
    bench.turn()
    assert bench.manager.get("good").state == "stopped"
    assert bench.running("bad")  # nobody swept it
    bench.manager.create(InstanceCreate(name="another"))
    bench.idle()

    bench.manager.start()  # a server that starts with such a row starts; turns are its own now
    bench.manager.delete("bad")
    wait_for(lambda: [i.name for i in bench.manager.list()] == ["another", "good"], 60, "it goes")
    assert not bench.running("bad")


def test_one_of_an_unknown_state_can_be_started(bench: Bench) -> None:
    _write(bench, "UPDATE compute_instance SET state = 'hibernating' WHERE name = 'bad'")
    bench.manager.start_instance("bad")
    bench.turn()
    found = bench.manager.get("bad")
    assert (found.state, found.error) == ("running", None)


def test_an_instance_on_an_engine_that_is_not_there(bench: Bench) -> None:
    _write(bench, "UPDATE compute_instance SET engine = 'kubernetes' WHERE name = 'bad'")
    found = bench.manager.get("bad")
    assert found.state == "unreachable" and found.error is not None
    assert "no engine 'kubernetes'" in found.error.message and "force" in found.error.hint
    for act in (bench.manager.stop_instance, bench.manager.restart_instance, bench.manager.delete):
        with pytest.raises(EngineUnavailable, match="force"):
            act("bad")
    assert bench.manager.get("bad").desired == "running"  # nothing was noted

    assert bench.manager.delete("bad", force=True).state == "deleting"
    assert [each.name for each in bench.manager.list()] == ["good"]
    assert not (bench.paths.compute / "bad").exists()
    assert not (kernelspecs._folder() / kernelspecs.spec_name(bench.paths, "bad")).exists()
