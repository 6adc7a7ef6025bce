"""Rows that cannot be read, or belong to an engine that the server does not have."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from modelyard.errors import EngineUnavailable, WrongState
from modelyard.schema.serving import DeployRequest
from tests.serving.bench import LIGHT, Bench, post, until


def _write(bench: Bench, statement: str, **values: object) -> None:
    with bench.db.session() as session:
        session.execute(text(statement), values)


@pytest.fixture
def pair(plain: Bench) -> Bench:
    """Endpoints 'bad' and 'good', both serving; the loop runs."""
    plain.register_light()
    plain.serving.start()
    for name in ("bad", "good"):
        assert plain.deploy(name, "light:1", script=LIGHT).state == "running"
    return plain


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE deployment SET state = 'hibernating' WHERE endpoint = 'bad'",
        "UPDATE deployment SET requirements = '[' WHERE endpoint = 'bad'",
        "UPDATE deployment SET cpus = 'many' WHERE endpoint = 'bad'",
        "UPDATE endpoint SET created = 'yesterday' WHERE name = 'bad'",
    ],
)
def test_a_bad_row_is_shown_left_alone_and_deleted(pair: Bench, damage: str) -> None:
    before = pair.engine.list(pair.paths.workspace_id)
    (bad,) = [each for each in before if "bad" in each.name]
    (good,) = [each for each in before if "good" in each.name]
    _write(pair, damage)
    found = pair.serving.get("bad")
    assert found.state == "failed" and found.error is not None
    assert "cannot be read" in found.error.message and "elete" in found.error.hint
    assert [each.name for each in pair.serving.list()] == ["bad", "good"]

    pair.engine.remove(good.container)  # what is wanted of the others is still seen to
    until(lambda: pair.engine.inspect(good.container), 60)
    assert pair.settled("good").state == "running"
    assert pair.engine.inspect(bad.container) == bad  # nobody swept or restarted it

    pair.serving.delete("bad")
    pair.gone("bad")
    assert pair.engine.inspect(bad.container) is None
    assert pair.serving.get("good").state == "running"


def test_a_bad_deployment_is_replaced_by_the_next(pair: Bench) -> None:
    _write(pair, "UPDATE deployment SET state = 'hibernating' WHERE endpoint = 'bad'")
    made = pair.deploy("bad", "light:2", script=LIGHT)
    assert made.state == "running" and made.error is None
    until(lambda: len(pair.scoring()) == 2, 60)
    key = pair.serving.keys("bad").keys[0]
    assert post(made.url, {"data": [[1, 1]]}, key) == (200, {"predictions": [4.0]})


def test_keys_of_an_unreadable_endpoint(plain: Bench) -> None:
    plain.register_light()
    plain.serving.deploy(DeployRequest(name="bad", model="light:1", script=LIGHT))
    _write(plain, "UPDATE endpoint SET created = 'yesterday'")
    with pytest.raises(WrongState, match="cannot be read"):
        plain.serving.keys("bad")
    with pytest.raises(WrongState, match="cannot be read"):
        plain.serving.deploy(DeployRequest(name="bad", model="light:1", script=LIGHT))


def test_an_endpoint_on_an_engine_that_is_not_there(pair: Bench) -> None:
    _write(pair, "UPDATE endpoint SET engine = 'kubernetes' WHERE name = 'bad'")
    found = pair.serving.get("bad")
    assert found.state == "unreachable" and found.error is not None
    assert "no engine 'kubernetes'" in found.error.message and "force" in found.error.hint
    with pytest.raises(EngineUnavailable, match="force"):
        pair.serving.delete("bad")
    assert pair.serving.get("bad").state == "unreachable"  # and not forever "deleting"
    assert pair.registry.version("light", 1).endpoints == ["bad", "good"]

    assert pair.serving.delete("bad", force=True).state == "deleting"
    assert [each.name for each in pair.serving.list()] == ["good"]
    assert not (pair.paths.endpoints / "bad").exists()
    assert pair.registry.version("light", 1).endpoints == ["good"]
