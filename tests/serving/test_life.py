"""An endpoint's life on both engines: deploy, score, update, rotate, break, repair, delete."""

from __future__ import annotations

import http.client
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from modelyard.errors import InUse, NotFound
from modelyard.schema.serving import EndpointInfo, RotateKey
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.serving import reconcile
from modelyard_server.serving.rollout import Rollout
from tests.serving.bench import LIGHT, Bench, post, until
from tests.serving.load import load

SCRIPT = """
import os
def init():
    global factor
    factor = float(os.environ["FACTOR"])
def run(raw):
    import json
    return [factor * sum(row) for row in json.loads(raw)["data"]]
"""

_DIES = """
import json, os, time
def init():
    while os.path.exists(os.environ["SLOW"]):
        time.sleep(0.05)
def run(raw):
    if "die" in json.loads(raw):
        os._exit(1)
    return {}
"""


def test_the_whole_life(bench: Bench) -> None:
    made = bench.deploy("bc", "line:1")
    assert made.state == "running", made
    assert made.current is not None and made.next is None and made.error is None
    keys = bench.serving.keys("bc").keys
    assert post(made.url, {"data": [[1, 2]]}, keys[0]) == (200, {"predictions": [pytest.approx(3)]})
    assert post(made.url, {"data": [[1, 2]]}, keys[1])[0] == 200
    assert post(made.url, {"data": [[1, 2]]}, "wrong")[0] == 401
    assert post(made.url, b"{", keys[0])[0] == 400
    assert post(made.url, {"data": [[1, 2, 3]]}, keys[0])[0] == 422
    reply = bench.score("bc", b'{"data": [[1, 2]]}')
    assert reply.status == 200 and reply.body == {"predictions": [pytest.approx(3)]}
    assert "Ready" in bench.serving.log_text("bc", 100).text

    with pytest.raises(InUse, match="'bc'"):
        bench.registry.delete("line", 1)
    assert bench.registry.version("line", 1).endpoints == ["bc"]

    with load(made.port, keys[0]) as (failures, answered):
        updated = bench.deploy("bc", "line:2")
        assert updated.state == "running" and updated.current is not None
        assert updated.current.version == 2
        # The old one has gone when its container has.
        until(lambda: len(bench.scoring()) == 1, 60)
        seen = sum(answered)
        until(lambda: sum(answered) > seen + 100 or failures, 60)
    assert failures == []
    assert (updated.url, bench.serving.keys("bc").keys) == (made.url, keys)
    assert post(made.url, {"data": [[1, 2]]}, keys[0]) == (200, {"predictions": [pytest.approx(6)]})
    assert bench.registry.version("line", 1).endpoints == []
    bench.registry.delete("line", 1)

    rotated = bench.serving.rotate("bc", RotateKey(key="primary")).keys
    assert rotated[1] == keys[1] and rotated[0] != keys[0]
    assert post(made.url, {"data": [[1, 2]]}, keys[0])[0] == 401
    assert post(made.url, {"data": [[1, 2]]}, rotated[0])[0] == 200
    assert all(key not in bench.paths.database.read_text("latin-1") for key in rotated)

    for break_it in (bench.engine.remove, lambda name: bench.engine.stop(name, 0)):
        break_it(bench.scoring()[0])
        until(lambda: _answers(bench, made.url, rotated[0]), 60)
    assert bench.settled("bc").state == "running"

    bench.serving.delete("bc")
    bench.gone("bc")
    assert bench.containers() == {}
    assert not (bench.paths.endpoints / "bc").exists()
    assert bench.images() == []
    with pytest.raises(NotFound):
        bench.serving.get("bc")


def _answers(bench: Bench, url: str, key: str) -> bool:
    try:
        return post(url, {"data": [[1, 2]]}, key)[0] == 200
    except OSError:
        return False


@pytest.mark.docker
@pytest.mark.parametrize("engine_name", ["docker"])
def test_the_holder_of_the_port_is_repaired(
    engine_name: str, base_image: str, bench: Bench
) -> None:
    made = bench.deploy("bc", "light:1", script=LIGHT)
    key = bench.serving.keys("bc").keys[0]
    holder = next(s for s in bench.engine.list(bench.paths.workspace_id) if s.kind == "port")
    bench.engine.stop(holder.container, 0)
    until(lambda: _answers(bench, made.url, key), 60)
    bench.engine.remove(holder.container)
    until(lambda: _answers(bench, made.url, key), 60)
    assert bench.settled("bc").url == made.url


def test_a_failing_update_leaves_what_serves(bench: Bench) -> None:
    env = {"FACTOR": "2"}
    made = bench.deploy("s", "light:1", script=SCRIPT, env=env)
    assert made.state == "running", made.next
    key = bench.serving.keys("s").keys[0]
    assert post(made.url, {"data": [[1, 2]]}, key) == (200, [6.0])

    failed = bench.deploy("s", "light:2", script=SCRIPT, env={})
    assert failed.state == "running" and failed.current is not None and failed.next is not None
    assert failed.current.version == 1 and failed.next.state == "failed"
    assert failed.next.error is not None
    assert failed.next.error.message == "init() failed: KeyError: 'FACTOR'."
    assert 'os.environ["FACTOR"]' in failed.next.error.hint
    assert "KeyError" in bench.serving.log_text("s", 100).text
    assert len(bench.scoring()) == 1
    assert post(made.url, {"data": [[1, 2]]}, key) == (200, [6.0])
    assert bench.registry.version("light", 2).endpoints == []

    mended = bench.deploy("s", "light:2", script=SCRIPT, env={"FACTOR": "3"})
    assert mended.next is None and mended.current is not None and mended.current.version == 2
    assert post(made.url, {"data": [[1, 2]]}, key) == (200, [9.0])
    assert b"FACTOR" not in bench.paths.database.read_bytes().replace(SCRIPT.encode(), b"")


def test_a_first_deployment_that_fails(bench: Bench) -> None:
    made = bench.deploy("bad", "line:1", requirements=["no-such-package-of-ours==1.0"])
    assert made.state == "failed" and made.current is None and made.error is not None
    assert "no-such-package-of-ours" in str(made.error)
    assert bench.scoring() == []
    ended = bench.deploy(
        "bad", "line:1", script="import os\ndef init(): os._exit(3)\ndef run(d): 1"
    )
    assert ended.state == "failed" and ended.next is not None and ended.next.exit is not None
    assert ended.next.exit.code == 3 and "code 3" in str(ended.next.error)
    assert bench.scoring() == []
    bench.serving.delete("bad")
    bench.gone("bad")
    assert bench.containers() == {}


def test_packages_that_cannot_be_fetched_fail_a_deployment(
    plain: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trying again for ever would help nobody: who mends the index deploys again."""
    plain.register_light()
    for name in ("PIP_INDEX_URL", "UV_DEFAULT_INDEX"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/simple")
    for name in ("PIP_EXTRA_INDEX_URL", "UV_INDEX", "PIP_FIND_LINKS", "UV_FIND_LINKS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("UV_CACHE_DIR", str(plain.paths.root / "uv-cache"))
    plain.paths.environments = plain.paths.root / "environments"
    plain.reopen()
    plain.serving.start()
    made = plain.deploy("e", "light:1", script=LIGHT)
    assert made.state == "failed"
    assert made.error is not None and "could not be fetched" in made.error.message


def test_a_deployment_that_crashes_again_and_again_is_left_off(bench: Bench) -> None:
    script = (
        "import os, threading\n"
        "def run(raw):\n"
        "    if raw == 'die': os._exit(7)\n"
        "    return os.getpid()\n"
    )
    made = bench.deploy("crash", "light:1", script=script)
    key = bench.serving.keys("crash").keys[0]

    def kill() -> bool:
        with suppress(OSError, http.client.HTTPException):
            post(made.url, b"die", key)
        return bench.serving.get("crash").state == "failed"

    until(kill, 120)
    found = bench.serving.get("crash")
    assert found.error is not None and "left off" in found.error.message
    assert "Ready" in found.error.hint
    seen = bench.engine.inspect(bench.scoring()[0])
    assert seen is not None and seen.phase == "exited"
    again = bench.deploy("crash", "light:1", script=script)
    assert again.state == "running" and post(made.url, b"x", key)[0] == 200


def test_packages_that_take_long_are_asked_after_less_and_less(
    plain: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived = threading.Event()
    fetch, step = EnvironmentManager.scoring, Rollout.converge
    pauses: list[float] = []

    def slowly(*args: Any, **kwargs: Any) -> Any:
        assert arrived.wait(60)
        return fetch(*args, **kwargs)

    def noted(self: Rollout, name: str) -> Any:
        again = step(self, name)
        pauses.append(again.seconds if again is not None else 0.0)
        return again

    monkeypatch.setattr(EnvironmentManager, "scoring", slowly)
    monkeypatch.setattr(Rollout, "converge", noted)
    plain.register_light()
    plain.serving.start()
    plain.deploy("e", "light:1", script=LIGHT, wait=False)
    until(lambda: pauses and pauses[-1] > 0.1, 10)
    arrived.set()
    assert plain.settled("e").state == "running"


def test_crashes_of_an_earlier_time_do_not_speak_of_a_load_that_lasts(
    plain: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "CRASHES", 100)  # as if they lay weeks apart
    plain.reopen()
    plain.register_light()
    plain.serving.start()
    slow = tmp_path / "slow"
    found = plain.deploy("e", "light:1", script=_DIES, env={"SLOW": str(slow)})
    key = plain.serving.keys("e").keys[0]

    def restarts() -> int:
        return plain.engine.list(plain.paths.workspace_id)[0].restarts

    def answers() -> bool:
        with suppress(OSError):
            return post(found.url, {"live": 1}, key)[0] == 200
        return False

    for crashes in range(1, 6):
        until(answers, 30)
        if crashes == 5:
            slow.touch()
            plain.changes.clear()
        with suppress(OSError):
            post(found.url, {"die": 1}, key)
        until(lambda n=crashes: restarts() == n, 30)

    def told() -> list[EndpointInfo]:
        items = [each.item for each in plain.changes]
        return [each for each in items if isinstance(each, EndpointInfo)]

    def loads() -> bool:
        now = [each.current.progress for each in told() if each.current is not None]
        return any(each is not None and each.phase == "starting" for each in now)

    until(loads, 30)
    slow.unlink()
    until(lambda: answers() and plain.serving.get("e").state == "running", 60)
    # Between two lives it has ended, which may be told; that it loads is no failure.
    errors = {each.error.message for each in told() if each.error is not None}
    assert not [each for each in errors if "code 1" not in each]
