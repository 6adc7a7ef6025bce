"""What may be asked of the serving manager, without anything being started."""

from __future__ import annotations

import socket

import pytest

from modelyard.errors import (
    Conflict,
    EngineUnavailable,
    InvalidInput,
    NotFound,
    ServerError,
    WrongState,
)
from modelyard.schema.serving import DeployRequest, RotateKey
from modelyard_server.cli.main import main
from modelyard_server.core.lock import lock
from modelyard_server.core.secrets import SecretBox
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.serving import ports
from tests.serving.bench import Bench, line


@pytest.fixture
def waiting(plain: Bench) -> Bench:
    """`line:1` is registered; nothing is ever started."""
    plain.register("line", line(1.0))
    return plain


@pytest.mark.parametrize(
    ("fields", "field", "said"),
    [
        ({"name": ""}, "name", "cannot name"),
        ({"name": "a/b"}, "name", "cannot name"),
        ({"name": "x" * 300}, "name", "cannot name"),
        ({"name": "../up"}, "name", "cannot name"),
        ({"model": "line:x"}, "model", "not a model version"),
        ({"script": "def run(d:"}, "script", "syntax error in line 1"),
        ({"script": "def predict(d): ..."}, "script", "no run"),
        ({"requirements": ["-r /etc/passwd"]}, "requirements", "not a requirement"),
        ({"env": {"A B": "1"}}, "env", "'A B'"),
        ({"env": {"MODELYARD_KEYS": "/tmp/x"}}, "env", "set by Modelyard"),
        ({"env": {"A": "x" * 70_000}}, "env", "64 kB"),
        ({"port": 80}, "port", "cannot be"),
    ],
)
def test_bad_requests_name_the_field_and_leave_nothing(
    waiting: Bench, fields: dict[str, object], field: str, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said) as caught:
        waiting.serving.deploy(DeployRequest(**{"name": "e", "model": "line:1", **fields}))
    assert caught.value.field == field
    assert waiting.serving.list() == []
    assert list(waiting.paths.endpoints.iterdir()) == []


def test_a_model_that_is_not_there(waiting: Bench) -> None:
    for model in ("line:9", "lime:1"):
        with pytest.raises(NotFound):
            waiting.serving.deploy(DeployRequest(name="e", model=model))


def test_files_without_a_script_cannot_be_served(waiting: Bench) -> None:
    waiting.register_files("files", {"weights.bin": b"1"}, flavor="custom")
    with pytest.raises(InvalidInput, match="set of files") as caught:
        waiting.serving.deploy(DeployRequest(name="e", model="files"))
    assert caught.value.field == "script"
    made = waiting.serving.deploy(
        DeployRequest(name="e", model="files", script="from os import *\ndef init(): ...")
    )
    assert made.next is not None and made.next.custom_script


def test_the_port_is_chosen_once(waiting: Bench) -> None:
    first = waiting.serving.deploy(DeployRequest(name="e", model="line"))
    assert first.state == "creating" and first.url.endswith(str(first.port))
    assert first.next is not None and (first.next.model, first.next.version) == ("line", 1)
    again = waiting.serving.deploy(DeployRequest(name="e", model="line:1"))
    assert again.port == first.port and again.next is not None
    assert again.next.id != first.next.id
    with pytest.raises(InvalidInput, match="keeps it"):
        waiting.serving.deploy(DeployRequest(name="e", model="line", port=first.port + 1))
    with pytest.raises(Conflict, match="taken"):
        waiting.serving.deploy(DeployRequest(name="f", model="line", port=first.port))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert not ports.is_free(port)
        with pytest.raises(Conflict, match=str(port)):
            waiting.serving.deploy(DeployRequest(name="f", model="line", port=port))


def test_names_that_differ_in_case_only_are_refused(waiting: Bench) -> None:
    waiting.serving.deploy(DeployRequest(name="Line", model="line"))
    with pytest.raises(InvalidInput, match="'Line'"):
        waiting.serving.deploy(DeployRequest(name="line", model="line"))


def test_unknown_endpoints_suggest_a_name(waiting: Bench) -> None:
    waiting.serving.deploy(DeployRequest(name="churn", model="line"))
    for call in (waiting.serving.get, waiting.serving.delete, waiting.serving.keys):
        with pytest.raises(NotFound, match="Did you mean 'churn'"):
            call("churm")


def test_one_that_is_being_deleted_takes_no_wishes(waiting: Bench) -> None:
    waiting.serving.deploy(DeployRequest(name="e", model="line"))
    assert waiting.serving.delete("e").state == "deleting"
    assert waiting.serving.delete("e").state == "deleting"
    assert waiting.registry.version("line").endpoints == []
    with pytest.raises(WrongState):
        waiting.serving.deploy(DeployRequest(name="e", model="line"))
    with pytest.raises(WrongState):
        waiting.serving.rotate("e", RotateKey(key="primary"))
    with pytest.raises(WrongState, match="does not answer"):
        waiting.score("e", b"{}")


def test_a_dead_docker_is_told_and_leaves_nothing(waiting: Bench) -> None:
    alive, waiting.engine = (
        waiting.engine,
        DockerEngine(waiting.engine.reach, "unix:///nonexistent/docker.sock"),
    )
    waiting.reopen()
    with pytest.raises(EngineUnavailable) as caught:
        waiting.serving.deploy(DeployRequest(name="e", model="line"))
    assert caught.value.hint
    assert waiting.serving.list() == []
    waiting.engine = alive


def test_secrets_survive_a_restart_and_say_when_their_key_is_lost(waiting: Bench) -> None:
    waiting.serving.deploy(DeployRequest(name="e", model="line"))
    keys = waiting.serving.keys("e").keys
    assert len(set(keys)) == 2 and all(len(key) > 40 for key in keys)
    file = waiting.paths.state / "secret.key"
    assert file.stat().st_mode & 0o777 == 0o600
    waiting.reopen()
    assert waiting.serving.keys("e").keys == keys
    sealed = SecretBox(file).seal(["x"])
    file.unlink()
    with pytest.raises(ServerError, match="cannot be read"):
        SecretBox(file).open(sealed)


def test_the_sealing_key_is_rotated_while_no_server_runs(waiting: Bench) -> None:
    waiting.serving.deploy(DeployRequest(name="e", model="line", env={"PASSWORD": "x"}))
    keys = waiting.serving.keys("e").keys
    file = waiting.paths.state / "secret.key"
    old = file.read_bytes()
    arguments = ["secrets", "rotate", "--workspace", str(waiting.paths.root), "--json"]
    with lock(waiting.paths):
        assert main(arguments) == 1
    assert file.read_bytes() == old
    assert main(arguments) == 0
    assert old not in file.read_bytes()
    waiting.reopen()
    assert waiting.serving.keys("e").keys == keys
