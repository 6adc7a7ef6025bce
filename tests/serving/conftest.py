"""A serving bench on either engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docker_support import ENGINES
from tests.serving.bench import Bench, line


@pytest.fixture(params=ENGINES)
def engine_name(request: pytest.FixtureRequest) -> str:
    """docker or process."""
    if request.param == "docker":
        request.getfixturevalue("base_image")
    return request.param


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Environments of all benches."""
    return tmp_path_factory.mktemp("environments")


@pytest.fixture
def bench(engine_name: str, tmp_path: Path, cache: Path) -> Iterator[Bench]:
    """A bench with its loop started and `line:1` and `line:2` registered."""
    made = Bench(tmp_path / "ws", engine_name, cache)
    try:
        made.register("line", line(1.0))
        made.register("line", line(2.0))
        made.register_light()
        made.serving.start()
        yield made
    finally:
        made.close()


@pytest.fixture
def plain(tmp_path: Path, cache: Path) -> Iterator[Bench]:
    """A bench on the process engine, whose loop is not started."""
    made = Bench(tmp_path / "ws", "process", cache)
    try:
        yield made
    finally:
        made.close()
