"""`modelyard image clean` removes what the Storage page would, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelyard.errors import EngineUnavailable
from modelyard_server.cli.main import main
from modelyard_server.core.lock import lock
from modelyard_server.core.measure import Measuring
from modelyard_server.engines.spec import ContainerSpec
from modelyard_server.storage.content import Removable
from modelyard_server.storage.environments import Folders
from tests.storage.conftest import HOUR, World


@pytest.fixture(autouse=True)
def no_docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own images are none of these tests' business."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")


def _clean(world: World) -> int:
    return main(["image", "clean", "--json", "--workspace", str(world.paths.root)])


def test_what_a_process_uses_or_somebody_asked_for_stays(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    used = world.environment("a" * 16)
    asked = world.environment("b" * 16, age=HOUR / 2)
    idle = world.environment("c" * 16)
    spec = ContainerSpec(
        workspace=world.paths.workspace_id,
        kind="scoring",
        name="e-1",
        command=["sleep", "60"],
        env={"PYTHONPATH": str(used / "site")},
    )
    world.engine.create(spec)
    world.engine.start(spec.container)

    assert _clean(world) == 0

    said = capsys.readouterr()
    assert idle.name in json.loads(said.out)
    assert "No image was looked at" in said.err
    assert (used.is_dir(), asked.is_dir(), idle.is_dir()) == (True, True, False)


def test_it_is_no_second_server(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """A server that begins or ends at this moment has the workspace for itself."""
    idle = world.environment("c" * 16)
    with lock(world.paths):
        assert _clean(world) == 1
    assert idle.is_dir()
    assert "modelyard:" in capsys.readouterr().err


def test_what_could_not_be_looked_at_is_said(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Folders, _measuring: Measuring) -> list[Removable]:
        raise EngineUnavailable("The engine does not answer.")

    monkeypatch.setattr(Folders, "removable", fail)

    assert _clean(world) == 0

    assert "Environments: The engine does not answer." in capsys.readouterr().err
