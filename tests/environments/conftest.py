"""A package index of tiny wheels, and managers that use nothing else."""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from modelyard.schema.common import Progress
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Engine
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.environments.manager import EnvironmentManager
from tests.docker_support import sweep_images


def make_wheel(folder: Path, name: str, version: str, requires: tuple[str, ...] = ()) -> None:
    """A wheel of a module that knows its version, and of a program of the same name."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = {version!r}\ndef main(): print({name!r}, VERSION)\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + "".join(f"Requires-Dist: {each}\n" for each in requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{each},,\n" for each in [*files, f"{info}/RECORD"])
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The index: alpha 1 and 2, beta (needs alpha 1), core. It is found by pip's settings."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    make_wheel(folder, "alpha", "1.0")
    make_wheel(folder, "alpha", "2.0")
    make_wheel(folder, "beta", "1.0", ("alpha<2",))
    make_wheel(folder, "core", "1.0")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    return folder


class Reports(list[Progress]):
    """What was reported."""

    def phases(self) -> set[str]:
        """The phases among it."""
        return {each.phase for each in self}


@pytest.fixture
def reports() -> Reports:
    """Pass `reports.append` as `report`."""
    return Reports()


@pytest.fixture
def repository(request: pytest.FixtureRequest, reach: SameHost) -> Iterator[str]:
    """Where the images of the test are named; they are removed."""
    name = f"modelyard-test-{secrets.token_hex(4)}"
    yield name
    if "docker_engine" in request.fixturenames or _is_docker(request):
        sweep_images(DockerEngine(reach), name)


def _is_docker(request: pytest.FixtureRequest) -> bool:
    return "engine" in request.fixturenames and request.getfixturevalue("engine").name == "docker"


class OnEngine:
    """An environment manager whose calls are about one engine."""

    def __init__(self, manager: EnvironmentManager, engine: Engine) -> None:
        self.manager = manager
        self.kernel = partial(manager.kernel, engine)
        self.scoring = partial(manager.scoring, engine)
        self.ensure_base = partial(manager.ensure_base, engine)
        self.remove_app_image = partial(manager.remove_app_image, engine)


MakeManager = Callable[..., OnEngine]


@pytest.fixture
def manager(engine: Engine, wheels: Path, tmp_path: Path, repository: str) -> MakeManager:
    """Managers of one workspace, of tiny environments."""

    paths = Paths(tmp_path / "ws").make()

    def make(**traits: object) -> EnvironmentManager:
        settings: dict[str, object] = {
            "default_packages": ["alpha"],
            "kernel_packages": ["core"],
            "score_packages": ["core"],
            "repository": repository,
        }
        return OnEngine(EnvironmentManager(paths=paths, **{**settings, **traits}), engine)

    return make
