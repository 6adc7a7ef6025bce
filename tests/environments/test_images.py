"""What only images have: a base, a user, layers, images of the user's own."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from modelyard.errors import (
    EngineUnavailable,
    InUse,
    InvalidInput,
    NotFound,
    NotPermitted,
    ServerError,
)
from modelyard_server.core.paths import Paths
from modelyard_server.engines import docker_images
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.layers import Layer
from modelyard_server.engines.spec import ContainerSpec
from modelyard_server.environments.manager import EnvironmentManager
from tests.docker_support import sweep
from tests.environments.conftest import MakeManager, Reports

pytestmark = pytest.mark.docker


@pytest.fixture
def engine(docker_engine: DockerEngine, base_image: str) -> DockerEngine:
    """Docker only."""
    return docker_engine


def test_an_image_is_fit_for_a_user_without_rights(
    engine: DockerEngine, manager: MakeManager, reports: Reports
) -> None:
    runtime = manager().kernel("", reports.append)
    uid, gid = engine.user()
    code = f"""
import glob, os, pwd
print(pwd.getpwuid({uid}).pw_gid == {gid}, oct(os.stat("/root").st_mode & 0o777))
print(len(glob.glob("/opt/modelyard/env/__pycache__/alpha.*.pyc")))
print(len(glob.glob("/opt/modelyard/sdk/modelyard/__pycache__/errors.*.pyc")))
print(oct(os.stat("/opt/modelyard/env/alpha.py").st_mode & 0o777), os.environ["LANG"])
"""
    said = engine.run_once(runtime.image, [runtime.python, "-c", code]).split()
    assert said == ["True", "0o755", "1", "1", "0o644", "C.UTF-8"]


def test_an_image_of_the_users_own_keeps_its_packages(
    engine: DockerEngine, base_image: str, manager: MakeManager, reports: Reports, repository: str
) -> None:
    own = f"{repository}/own:1"
    where = engine.run_once(
        base_image, ["python3", "-c", "import site; print(site.getsitepackages()[0])"]
    ).strip()
    files = {f"{where}/theirs.py": b"NAME = 'theirs'\n"}
    engine.add_layer(base_image, own, Layer(files=files), labels={}, report=reports.append)
    runtime = manager().kernel(own, reports.append)
    code = f"""
import sys; sys.path[:0] = {runtime.paths!r}
import core, theirs; print(theirs.NAME)
try: import alpha
except ImportError: print("no default packages")
"""
    said = engine.run_once(runtime.image, [runtime.python, "-I", "-c", code])
    assert said.split("\n")[:2] == ["theirs", "no default packages"]


@pytest.mark.parametrize("image", ["localhost:9/nothing:1", "Not A Name"])
def test_an_image_that_is_not_there(
    manager: MakeManager, engine: DockerEngine, reports: Reports, image: str
) -> None:
    with pytest.raises((NotFound, InvalidInput)) as caught:
        manager().kernel(image, reports.append)
    assert caught.value.field == "image"
    assert caught.value.hint


def test_an_image_without_python(
    manager: MakeManager,
    engine: DockerEngine,
    reports: Reports,
    repository: str,
    tmp_path: Path,
) -> None:
    archive = tmp_path / "empty.tar"
    with tarfile.open(archive, "w") as tar:
        tar.addfile(tarfile.TarInfo("nothing"), io.BytesIO())
    image = f"{repository}/empty:1"
    engine.load_rootfs(archive, image, {"a": 'b "c"'})
    with pytest.raises(InvalidInput, match="no usable Python") as caught:
        manager().kernel(image, reports.append)
    assert caught.value.field == "image"


def test_no_base_image_and_no_registry(
    manager: MakeManager, engine: DockerEngine, reports: Reports, repository: str
) -> None:
    made = manager(base_image=f"{repository}/none:1", registry_image="localhost:9/python:3")
    with pytest.raises(EngineUnavailable, match="no base image") as caught:
        made.kernel("", reports.append)
    assert "modelyard image base" in caught.value.hint


def test_a_replaced_image_leaves_nothing_behind(
    engine: DockerEngine, base_image: str, reports: Reports, repository: str
) -> None:
    def dangling() -> set[str]:
        asked = ["docker", "images", "--quiet", "--filter", "dangling=true"]
        return set(subprocess.run(asked, capture_output=True, text=True).stdout.split())

    before = dangling()
    for content in (b"1", b"2"):
        layer = Layer(files={"/opt/x": content})
        tag = f"{repository}/x:1"
        engine.add_layer(base_image, tag, layer, labels={"k": 'v "w"'}, report=reports.append)
    assert engine.run_once(tag, ["cat", "/opt/x"]) == "2"
    assert dangling() <= before


def test_a_file_that_cannot_be_read_is_not_blamed_on_docker(
    engine: DockerEngine, base_image: str, reports: Reports, repository: str, tmp_path: Path
) -> None:
    layer = Layer({"/opt/x": tmp_path / "missing"})
    with pytest.raises(ServerError, match="missing"):
        engine.add_layer(base_image, f"{repository}/x:1", layer, labels={}, report=reports.append)
    assert engine.images(f"{repository}/") == []


def test_an_image_in_use_stays(
    engine: DockerEngine,
    manager: MakeManager,
    reports: Reports,
    workspace_id: str,
) -> None:
    runtime = manager().kernel("", reports.append)
    spec = ContainerSpec(
        workspace=workspace_id, kind="instance", name="n", command=["true"], image=runtime.image
    )
    engine.create(spec)
    try:
        with pytest.raises(InUse):
            engine.remove_image(runtime.image)
        assert engine.has_image(runtime.image)
    finally:
        sweep(engine, workspace_id)
    engine.remove_image(runtime.image)
    assert not engine.has_image(runtime.image)


def test_a_helper_of_a_dead_server_is_swept_and_no_other(
    engine: DockerEngine, base_image: str
) -> None:
    engine.run_once(base_image, ["true"])  # whatever others have left is gone
    here = docker_images._here()
    owners = {"dead": (here, 4194304), "alive": (here, os.getpid()), "elsewhere": ("x", 4194304)}
    names = {who: f"modelyard-helper-{at}-{pid}-test" for who, (at, pid) in owners.items()}
    for name in names.values():
        create = ["docker", "create", "--name", name, base_image, "true"]
        subprocess.run(create, check=True, capture_output=True)
    try:
        engine.run_once(base_image, ["true"])
        left = {who for who, name in names.items() if engine.inspect(name) is not None}
        assert left == {"alive", "elsewhere"}
    finally:
        for name in names.values():
            engine.remove(name)


def test_a_program_that_fails_says_why(engine: DockerEngine, base_image: str) -> None:
    with pytest.raises(InvalidInput, match="no luck"):
        engine.run_once(base_image, ["sh", "-c", "echo no luck; exit 3"])


def test_a_base_image_is_built_by_root_alone(
    engine: DockerEngine, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    made = EnvironmentManager(paths=Paths(tmp_path / "ws").make())
    with pytest.raises((EngineUnavailable, NotPermitted), match=r"root|mmdebstrap"):
        made.build_base(engine, lambda _progress: None)
