"""What serves is kept up while its successor is on the way, and hands over without losing any."""

from __future__ import annotations

import http.client
import socket
import subprocess
from pathlib import Path

import pytest

from modelyard.schema.serving import DeployRequest
from tests.serving.bench import LIGHT, Bench, post, until
from tests.serving.test_life import load

GATED = f"""
import os, time
def wait():
    while not os.path.exists(os.path.join(os.path.dirname(os.environ["MODELYARD_STATUS"]), "go")):
        time.sleep(0.01)
{LIGHT}
load = init
def init():
    wait()
    load()
"""
"""Loads its model when the test says so."""

BREAKING = f"""
import os
{LIGHT}
load = init
def init():
    if os.path.exists(os.path.join(os.path.dirname(os.environ["MODELYARD_STATUS"]), "go")):
        os._exit(3)
    load()
"""
"""Ends while it loads, once the test says so."""


def _gate(bench: Bench, deployment: str) -> Path:
    folder = bench.paths.endpoints / "s" / "run" / deployment
    until(folder.is_dir, 60)
    return folder / "go"


def _answer(bench: Bench, url: str) -> object:
    """What it predicts for 1 and 1; None when it does not answer."""
    try:
        return post(url, {"data": [[1, 1]]}, bench.serving.keys("s").keys[0])[1]["predictions"][0]
    except (OSError, http.client.HTTPException):
        return None


def _started(bench: Bench, deployment: str) -> float | None:
    """Since when its container runs."""
    states = bench.engine.list(bench.paths.workspace_id)
    return next((s.started for s in states if s.name == f"s-{deployment}"), None)


def _kill(bench: Bench, deployment: str) -> None:
    states = bench.engine.list(bench.paths.workspace_id)
    (container,) = [s.container for s in states if s.name == f"s-{deployment}"]
    bench.engine.stop(container, 0)


def _deploy_gated(bench: Bench) -> tuple[str, str, str]:
    """`light:1` serves and `light:2` loads: ids of both, and the URL."""
    first = bench.serving.deploy(DeployRequest(name="s", model="light:1", script=GATED))
    assert first.next is not None
    _gate(bench, first.next.id).touch()
    made = bench.settled("s")
    assert made.current is not None and made.state == "running", made
    second = bench.serving.deploy(DeployRequest(name="s", model="light:2", script=GATED))
    assert second.next is not None
    until(lambda: _started(bench, second.next.id), 60)
    return made.current.id, second.next.id, made.url


def test_a_killed_one_comes_back_while_its_successor_loads(bench: Bench) -> None:
    first, second, url = _deploy_gated(bench)
    _kill(bench, first)
    until(lambda: _answer(bench, url) == 2.0, 60)
    found = bench.serving.get("s")
    assert found.next is not None and found.next.id == second and found.next.state == "starting"

    key = bench.serving.keys("s").keys[0]
    with load(int(url.rpartition(":")[2]), key) as (failures, answered):
        _gate(bench, second).touch()
        until(lambda: bench.scoring() == [c for c in bench.scoring() if second in c], 60)
        seen = sum(answered)
        until(lambda: sum(answered) > seen + 100 or failures, 60)
    assert failures == []
    assert _answer(bench, url) == 4.0
    assert bench.settled("s").state == "running"


def test_one_that_came_back_behind_its_successor_loses_nothing(bench: Bench) -> None:
    """The kernel gives all to the one that opened the port last, which is to go."""
    first, second, url = _deploy_gated(bench)
    _gate(bench, first).unlink()
    _kill(bench, first)
    until(lambda: (bench.serving.get("s").current or pytest.fail()).state == "starting", 60)
    until(lambda: bench.paths.endpoints.joinpath("s", "run", first, "status.json").exists(), 60)
    bench.serving.stop(settle=60)  # nobody switches meanwhile
    _gate(bench, second).touch()
    until(lambda: _answer(bench, url) == 4.0, 60)
    joined = _started(bench, second)
    _gate(bench, first).touch()
    until(lambda: _answer(bench, url) == 2.0, 60)

    key = bench.serving.keys("s").keys[0]
    with load(int(url.rpartition(":")[2]), key) as (failures, answered):
        bench.db.close()
        bench.reopen()
        bench.serving.start()
        until(lambda: bench.scoring() == [c for c in bench.scoring() if second in c], 120)
        seen = sum(answered)
        until(lambda: sum(answered) > seen + 100 or failures, 60)
    assert failures == []
    assert _answer(bench, url) == 4.0
    assert _started(bench, second) != joined  # it has joined the port again
    assert bench.settled("s").state == "running"


def test_a_killed_one_comes_back_while_packages_are_fetched(
    plain: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plain.register_light()
    plain.serving.start()
    made = plain.deploy("s", "light:1", script=LIGHT)
    assert made.current is not None
    with socket.create_server(("127.0.0.1", 0)) as index:  # listens, and never answers
        address = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        for variable in ("PIP_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX"):
            monkeypatch.setenv(variable, address)
        monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
        monkeypatch.setenv("UV_HTTP_RETRIES", "0")
        plain.deploy("s", "light:2", script=LIGHT, requirements=["sixer-of-ours==1"], wait=False)

        def resolves() -> bool:
            coming = plain.serving.get("s").next
            return coming is not None and (
                coming.progress is not None and coming.progress.phase == "resolving"
            )

        until(resolves, 60)
        _kill(plain, made.current.id)
        until(lambda: _answer(plain, made.url) == 2.0, 60)
        assert resolves()
    plain.serving.delete("s")
    plain.gone("s")  # once what was being made has ended
    assert plain.scoring() == []


def test_one_that_never_becomes_ready_again_is_left_off_however_slowly(
    plain: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelyard_server.serving.reconcile.CRASH_WINDOW", -1.0)
    plain.register_light()
    plain.db.close()
    plain.reopen()
    plain.serving.start()
    made = plain.deploy("s", "light:1", script=BREAKING)
    assert made.current is not None and made.state == "running"
    for _ in range(5):  # it comes back each time: these are no attempts in vain
        _kill(plain, made.current.id)
        until(lambda: _answer(plain, made.url) == 2.0, 60)
        assert plain.settled("s").state == "running"
    _gate(plain, made.current.id).touch()
    _kill(plain, made.current.id)
    until(lambda: plain.serving.get("s").state == "failed", 120)
    error = plain.serving.get("s").error
    assert error is not None and "left off" in error.message


@pytest.mark.docker
@pytest.mark.parametrize("engine_name", ["docker"])
def test_a_paused_one_goes_on(engine_name: str, base_image: str, bench: Bench) -> None:
    made = bench.deploy("s", "light:1", script=LIGHT)
    (container,) = bench.scoring()
    started = bench.engine.list(bench.paths.workspace_id)
    subprocess.run(["docker", "pause", container], check=True, capture_output=True)
    until(lambda: bench.engine.inspect(container).phase == "running", 60)  # type: ignore[union-attr]
    until(lambda: _answer(bench, made.url) == 2.0, 60)
    assert bench.settled("s").state == "running"
    assert {s.started for s in bench.engine.list(bench.paths.workspace_id)} == {
        s.started for s in started
    }
