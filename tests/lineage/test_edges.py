"""What rests on what, and that what is live is never pulled away, races or not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from modelyard.errors import InUse, NotFound
from modelyard.schema.lineage import ENDPOINT, RUN, Thing, version_thing
from modelyard_server.db.session import Database
from modelyard_server.lineage.edges import live_on, release, set_bases
from modelyard_server.lineage.manager import LineageManager
from tests.lineage_support import register, serve
from tests.registry.conftest import Bench


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "x.db")
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "workspace")
    yield made
    made.registry.stop()
    made.db.close()


def test_edges_are_what_was_said_last(db: Database) -> None:
    lineage = LineageManager(db=db)
    register(db, "m", 1, "r")
    serve(db, "e", ("m", 1), ("m", 2))
    serve(db, "e", ("m", 1), ("m", 2))
    assert lineage.resting(ENDPOINT, "model_version", ["m:1", "m:2"]) == {
        "m:1": ["e"],
        "m:2": ["e"],
    }
    serve(db, "e", ("m", 1))
    up = lineage.edges(Thing(kind=RUN, id="r"), up=True)
    assert [(e.thing.id, e.on.id) for e in up] == [("m:1", "r"), ("e", "m:1")]
    down = lineage.edges(Thing(kind=ENDPOINT, id="e"), up=False)
    assert [(e.thing.id, e.on.id) for e in down] == [("e", "m:1"), ("m:1", "r")]
    with db.session() as session:
        assert live_on(session, Thing(kind=RUN, id="r")) == [
            [version_thing("m", 1), Thing(kind=ENDPOINT, id="e")]
        ]
        release(session, [Thing(kind=ENDPOINT, id="e")])
        assert live_on(session, Thing(kind=RUN, id="r")) == []


def test_a_circle_ends(db: Database) -> None:
    one, two = Thing(kind="step", id="1"), Thing(kind="step", id="2")
    with db.session() as session:
        set_bases(session, one, [two])
        set_bases(session, two, [one])
        assert live_on(session, one) == []
    assert len(LineageManager(db=db).edges(one, up=True)) == 2


def test_an_older_workspace_gets_its_edges(tmp_path: Path) -> None:
    db = Database(tmp_path / "old.db")
    db.migrate("0004")
    rows = [
        "INSERT INTO model VALUES ('m', 1, 1, '', '{}')",
        *(
            "INSERT INTO model_version (name, version, created, flavor, tags, note, run_id, "
            "run_name, experiment, path, size, digest, python, requirements, files) VALUES "
            f"('m', {number}, 1, 'custom', '{{}}', '', '{run}', '', '', '', 0, '', '', '[]', '[]')"
            for number, run in ((1, "r"), (2, ""), (3, "s"))
        ),
    ]
    for name, desired in (("live", "running"), ("going", "deleted")):
        rows.append(
            "INSERT INTO endpoint VALUES "
            f"('{name}', '{name}', {len(rows)}, '{desired}', '', 1, 1, '{name}-1')"
        )
        for number, state in ((1, "running"), (2, "failed"), (3, "building")):
            rows.append(
                "INSERT INTO deployment (id, endpoint, model, version, state, created, size, "
                "cpus, memory, script, requirements, env) VALUES "
                f"('{name}-{number}', '{name}', 'm', {number}, '{state}', "
                "1, '', 1, 1, '', '[]', '')"
            )
    with db.session() as session:
        for row in rows:
            session.execute(text(row.replace(":", r"\:")))
    db.migrate()
    lineage = LineageManager(db=db)
    assert lineage.resting("model_version", RUN, ["r", "s", ""]) == {"r": ["m:1"], "s": ["m:3"]}
    versions = ["m:1", "m:2", "m:3"]
    assert lineage.resting(ENDPOINT, "model_version", versions) == {
        "m:1": ["live"],
        "m:3": ["live"],
    }
    db.close()


def test_of_a_deployment_and_a_deletion_that_race_one_is_refused(bench: Bench) -> None:
    """Never both: an endpoint that rests on a version that is gone."""
    for turn in range(1, 21):
        bench.registry.register("m", bench.request())
        start = threading.Barrier(2)

        def deploy(version: int = turn, start: threading.Barrier = start) -> bool:
            start.wait()
            try:
                with bench.db.session() as session:
                    bench.registry.require(session, "m", version)
                    base = version_thing("m", version)
                    set_bases(session, Thing(kind=ENDPOINT, id="e"), [base])
            except NotFound:
                return False
            return True

        def delete(version: int = turn, start: threading.Barrier = start) -> bool:
            start.wait()
            try:
                bench.registry.delete("m", version)
            except InUse:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            outcomes = [pool.submit(deploy), pool.submit(delete)]
            assert sorted(each.result() for each in outcomes) == [False, True]
        serve(bench.db, "e")


def test_a_version_that_goes_lets_go_of_its_run(bench: Bench) -> None:
    bench.registry.register("m", bench.request())
    register(bench.db, "m", 1, "r")
    bench.registry.delete("m", 1)
    assert LineageManager(db=bench.db).edges(Thing(kind=RUN, id="r"), up=True) == []
