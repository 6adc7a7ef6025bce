"""The server killed at any moment of an endpoint's life, and what the next one makes of it."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.schema.serving import DeployRequest
from modelyard_server.serving.spec import SCORING, endpoint_of
from tests.serving.bench import LIGHT, Bench, post, until
from tests.serving.killed import PHASES


@pytest.fixture
def bench(engine_name: str, tmp_path: Path, cache: Path) -> Iterator[Bench]:
    """A bench whose loop has not begun."""
    made = Bench(tmp_path / "ws", engine_name, cache)
    try:
        made.register_light()
        yield made
    finally:
        made.close()


def _killed_at(bench: Bench, phase: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.serving.killed", str(bench.paths.root), bench.engine.name,
         str(bench.paths.environments), phase],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL, (done.returncode, done.stderr[-2000:])


@pytest.mark.parametrize("phase", PHASES)
def test_killed(bench: Bench, phase: str) -> None:
    _killed_at(bench, phase)
    docker = bench.engine.name == "docker"
    before = bench.serving.get("bc")
    keys = bench.serving.keys("bc").keys
    bench.serving.start()
    if phase.startswith("delete"):
        bench.gone("bc")
        assert bench.containers() == {} and bench.images() == []
        assert list(bench.paths.endpoints.iterdir()) == []
        return
    found = bench.settled("bc")
    assert found.state == "running" and found.next is None and found.error is None
    assert (found.url, bench.serving.keys("bc").keys) == (before.url, keys)
    factor = 6 if phase.startswith("update") else 3
    assert post(found.url, {"data": [[1, 2]]}, keys[0]) == (
        200,
        {"predictions": [pytest.approx(factor)]},
    )
    until(lambda: len(bench.scoring()) == 1, 60)
    assert sorted(bench.containers().values()) == ["running"] * (2 if docker else 1)
    assert len(bench.images()) == int(docker)


def test_it_serves_without_a_server_and_is_adopted_untouched(bench: Bench) -> None:
    _killed_at(bench, "create running")
    found = bench.serving.get("bc")
    key = bench.serving.keys("bc").keys[0]
    assert post(found.url, {"data": [[1, 2]]}, key)[0] == 200
    started = {s.container: s.started for s in bench.engine.list(bench.paths.workspace_id)}
    bench.serving.start()
    until(lambda: bench.serving.get("bc").state == "running", 60)
    now = {s.container: s.started for s in bench.engine.list(bench.paths.workspace_id)}
    assert now == started


def test_an_endpoint_survives_a_newer_specification(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an upgrade: a deployment that fails must not restart what serves."""
    _killed_at(bench, "create running")
    key = bench.serving.keys("bc").keys[0]
    serving = {s.container: s for s in bench.engine.list(bench.paths.workspace_id)}
    monkeypatch.setattr("modelyard_server.engines.spec.ContainerSpec.digest", "newer")
    bench.serving.start()
    until(lambda: bench.serving.get("bc").state == "running", 60)
    script = "def init(): raise RuntimeError('broken')\ndef run(data): ..."
    bench.serving.deploy(DeployRequest(name="bc", model="light", script=script))
    until(lambda: (coming := bench.serving.get("bc").next) and coming.state == "failed", 60)
    bench.serving.stop(settle=60)
    found = bench.serving.get("bc")
    assert found.state == "running"
    assert post(found.url, {"data": [[1, 2]]}, key)[0] == 200
    assert {s.container: s for s in bench.engine.list(bench.paths.workspace_id)} == serving


def test_containers_from_before_they_were_labelled(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They serve on untouched, and go when their endpoint does."""
    with monkeypatch.context() as before:
        before.setattr("modelyard_server.serving.spec._labels", lambda _endpoint: {})
        bench.serving.start()
        bench.deploy("b-c", "light", script=LIGHT)
        bench.serving.stop(settle=60)
    old = {s.container: s for s in bench.engine.list(bench.paths.workspace_id)}
    assert old and not any(state.labels for state in old.values())
    bench.reopen()
    bench.serving.start()
    found, key = bench.settled("b-c"), bench.serving.keys("b-c").keys[0]
    assert found.state == "running" and post(found.url, {"data": [[1, 2]]}, key)[0] == 200
    assert {s.container: s for s in bench.engine.list(bench.paths.workspace_id)} == old
    assert {endpoint_of(state) for state in old.values()} == {"b-c"}
    bench.deploy("b-c", "light", script=LIGHT)
    renewed = [s for s in bench.engine.list(bench.paths.workspace_id) if s.kind == SCORING]
    assert [state.labels for state in renewed] == [{"modelyard.endpoint": "b-c"}]
    bench.serving.delete("b-c")
    bench.gone("b-c")
    assert bench.containers() == {}


def test_containers_without_rows_are_removed(bench: Bench) -> None:
    _killed_at(bench, "create running")
    bench.db.close()
    for file in bench.paths.state.glob("modelyard.db*"):
        file.unlink()
    bench.reopen()
    bench.serving.start()
    until(lambda: bench.containers() == {}, 60)


def test_a_moved_workspace_serves_from_its_new_place(
    bench: Bench, tmp_path: Path, cache: Path
) -> None:
    _killed_at(bench, "create running")
    found, key = bench.serving.get("bc"), bench.serving.keys("bc").keys[0]
    engine = bench.engine
    for state in engine.list(bench.paths.workspace_id):
        engine.stop(state.container, 0)
    bench.db.close()
    (tmp_path / "ws").rename(tmp_path / "moved")
    moved = Bench(tmp_path / "moved", engine.name, cache)
    try:
        moved.serving.start()
        until(lambda: _answers(found.url, key), 60)
        assert moved.serving.get("bc").url == found.url
    finally:
        moved.close()


def _answers(url: str, key: str) -> bool:
    try:
        return post(url, {"data": [[1, 2]]}, key)[0] == 200
    except OSError:
        return False
