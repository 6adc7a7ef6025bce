"""Every holder of a token has a spool folder; what lies in another's is none of a run's."""

from __future__ import annotations

import json
import logging
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from sqlalchemy import text

from modelyard.schema.tracking import RunCreate
from modelyard.tracking.sink import Sink
from modelyard.tracking.spool import Record
from modelyard.tracking.writer import Writer, line
from modelyard_server.core.holder import holder_id
from modelyard_server.db.session import Database
from modelyard_server.services import Services
from tests.tracking.conftest import Bench

A, B = holder_id("instance", "a"), holder_id("instance", "b")


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What tracking has logged so far."""
    caplog.set_level(logging.WARNING)
    return lambda: [record.getMessage() for record in caplog.records]


def folder(bench: Bench, holder: str) -> Path:
    found = bench.paths.spool_of(holder)
    found.mkdir(exist_ok=True)
    return found


def begin(bench: Bench, holder: str) -> tuple[str, Writer]:
    id = uuid.uuid4().hex
    writer = Writer(Sink(folder(bench, holder), id), {})
    bench.manager.create_run(RunCreate(id=id, experiment="e", spool=True), holder)
    return id, writer


def look_again(bench: Bench) -> None:
    bench.manager._tailer._looked = 0.0
    bench.manager.step()


def test_a_run_is_read_from_its_creators_folder_alone(
    bench: Bench, logged: Callable[[], list[str]]
) -> None:
    id, writer = begin(bench, A)
    forged = folder(bench, B) / f"{id}.jsonl"
    forged.write_bytes(line(Record(m={"forged": 1.0})) * 100)
    (bench.paths.spool / f"{id}.jsonl").write_bytes(forged.read_bytes())  # where all once wrote
    writer.metric("true", 1.0, None)
    for _ in range(3):
        look_again(bench)
    assert list(bench.manager.fresh_run(id).metrics) == ["true"]
    assert forged.exists()
    assert [message for message in logged() if id in message and B in message] == [
        f"spool/{B}: '{id}.jsonl' is none of its runs and is ignored"
    ]
    forged.unlink()
    forged.mkdir()  # pauses nobody else either
    writer.metric("true", 2.0, None)
    look_again(bench)
    assert bench.manager.run(id).metrics["true"].count == 2
    writer.sink.close()
    look_again(bench)
    assert bench.manager.run(id).status == "failed"
    assert list(folder(bench, A).iterdir()) == []


def test_another_holders_end_and_lock_change_nothing(bench: Bench) -> None:
    id, writer = begin(bench, A)
    elsewhere = Sink(folder(bench, B), id)  # another process that holds a lock of that name
    elsewhere.write(b'{"f":{"status":"finished"}}\n')
    look_again(bench)
    assert bench.manager.run(id).status == "running"
    writer.sink.close()
    look_again(bench)
    assert bench.manager.run(id).status == "failed"
    elsewhere.close()


def test_foreign_things_are_named_once_and_not_without_end(
    bench: Bench, logged: Callable[[], list[str]]
) -> None:
    id, writer = begin(bench, A)
    place = folder(bench, A)
    (place / "notes.txt").write_text("x")
    (place / f"{uuid.uuid4().hex}.jsonl" / "x").mkdir(parents=True)
    (place / "home").symlink_to("/")
    for _ in range(3):
        look_again(bench)
    assert len(logged()) == 3
    for number in range(100):
        (place / f"{number}\n{'x' * 200}").touch()
    look_again(bench)
    assert len(logged()) < 30
    assert all("\n" not in message and len(message) < 250 for message in logged())
    writer.metric("a", 1.0, None)
    assert list(bench.manager.fresh_run(id).metrics) == ["a"]
    writer.sink.close()


def test_a_run_begun_without_a_server_is_its_holders(bench: Bench) -> None:
    id = uuid.uuid4().hex
    sink = Sink(folder(bench, B), id)
    sink.write(line(Record(r=RunCreate(id=id, experiment="e", spool=True))))
    look_again(bench)
    assert bench.manager.run(id).status == "running"
    sink.write(line(Record(m={"a": 1.0})))
    (folder(bench, A) / f"{id}.jsonl").write_bytes(line(Record(m={"forged": 1.0})) * 9)
    assert list(bench.manager.fresh_run(id).metrics) == ["a"]
    sink.close()


def test_an_active_run_of_an_older_server_goes_on_where_it_was(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "workspace")
    bench.db.close()
    bench.paths.database.unlink()
    old = Database(bench.paths.database)
    old.migrate("0008")
    id = uuid.uuid4().hex
    with old.session() as session:  # as it was written then
        session.execute(
            text("INSERT INTO experiment (id, name, note, created, updated) VALUES (1,'e','',1,1)")
        )
        session.execute(
            text(
                "INSERT INTO run (uid, experiment_id, name, status, created, compute, note, error,"
                " parent, source_kind, source_name, python, spool, offset, log_size, heard)"
                " VALUES (:uid, 1, 'r', 'running', 1, 'a', '', '',"
                " '', 'script', '', '', 1, 0, 0, :now)"
            ),
            {"uid": id, "now": time.time()},
        )
    old.close()
    sink = Sink(bench.paths.spool, id)
    writer = Writer(sink, {})
    writer.metric("a", 1.0, None)
    bench.reopen()
    bench.manager.step()
    assert list(bench.manager.run(id).metrics) == ["a"]
    writer.metric("a", 2.0, None)
    sink.close()
    look_again(bench)
    run = bench.manager.run(id)
    assert (run.status, run.metrics["a"].count) == ("failed", 2)
    assert list(bench.paths.spool.glob("*.jsonl")) == []
    bench.db.close()


@pytest.fixture
def send(http_server_client: Any, jp_base_url: str) -> Any:
    """Ask with one of our own tokens; gives the decoded answer."""

    async def fetch(token: str, verb: str, path: str, body: Any = None) -> Any:
        answer = await http_server_client.fetch(
            f"{jp_base_url}modelyard/api/v1/{path}",
            method=verb,
            headers={"Authorization": f"Bearer {token}"},
            body=None if body is None else json.dumps(body),
        )
        return json.loads(answer.body)

    return fetch


async def test_a_token_leads_to_its_own_folder(
    jp_fetch: Any, jp_serverapp: ServerApp, send: Any
) -> None:
    services: Services = jp_serverapp.web_app.settings["modelyard"]
    first = services.tokens.issue("instance", "a")
    second = services.tokens.issue("instance", "b")
    places = [Path((await send(token, "GET", "status"))["spool"]) for token in (first, second)]
    jupyter = json.loads((await jp_fetch("modelyard/api/v1", "status")).body)["spool"]
    assert len({*places, Path(jupyter)}) == 3
    assert all(place.parent == services.paths.spool for place in (*places, Path(jupyter)))
    id = uuid.uuid4().hex
    for place in places:
        place.mkdir()
    await send(first, "POST", "runs", {"id": id, "experiment": "e", "spool": True})
    own = Sink(places[0], id)
    own.write(line(Record(m={"true": 1.0})))
    forged = Sink(places[1], id)
    forged.write(line(Record(m={"forged": 1.0})) * 9)
    # Asking as another holder, or again, does not move the run.
    await send(second, "POST", "runs", {"id": id, "experiment": "e", "spool": True})
    assert list((await send(second, "GET", f"runs/{id}"))["metrics"]) == ["true"]
    own.close()
    forged.close()


async def test_kernels_of_the_servers_machine_share_jupyters_folder(
    jp_fetch: Any, jp_serverapp: ServerApp, send: Any
) -> None:
    services: Services = jp_serverapp.web_app.settings["modelyard"]
    jupyter = json.loads((await jp_fetch("modelyard/api/v1", "status")).body)["spool"]
    token = services.tokens.issue("instance", "(local)")
    assert (await send(token, "GET", "status"))["spool"] == jupyter
    assert services.paths.spool_of("local") == Path(jupyter)
