"""Fixtures of the engines' contract."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelyard_server.engines.base import Engine
from modelyard_server.engines.spec import ContainerSpec, Mount, Place, Volume
from tests.contracts.engines import SLEEP, MakeSpec


@pytest.fixture
def shared(workspace_id: str, engine: Engine) -> Path:
    """A directory that is mounted into every container of the test."""
    path = engine.reach.here(Place(Volume.FILES, workspace_id))
    path.mkdir(parents=True)
    os.chown(path, *engine.user()) if os.getuid() == 0 else None
    return path


@pytest.fixture
def spec(shared: Path, workspace_id: str) -> MakeSpec:
    """A specification that runs a piece of Python."""

    def make(code: str = SLEEP, name: str = "one", **fields: object) -> ContainerSpec:
        settings: dict[str, object] = {
            "image": "modelyard/base:latest",
            "mounts": [Mount(place=Place(Volume.FILES, workspace_id))],
            "workdir": str(shared),
            "networks": ["none"],
        }
        return ContainerSpec(
            workspace=workspace_id,
            kind="instance",
            name=name,
            command=["python3", "-u", "-c", code],
            **{**settings, **fields},
        )

    return make
