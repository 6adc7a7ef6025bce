"""Images: what each adds, which can go, and in which order. On a real Docker."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.layers import Layer
from modelyard_server.engines.spec import ContainerSpec, ImageInfo
from modelyard_server.environments import stock
from modelyard_server.storage import environments
from tests.docker_support import sweep, sweep_images
from tests.storage.conftest import DAY, World

pytestmark = pytest.mark.docker

SIZE = 3_000_000


class Images:
    """A workspace with images of its own, on the machine's Docker."""

    def __init__(self, root: Path, engine: DockerEngine, base: str) -> None:
        self.engine = engine
        self.base = base
        self.repository = f"modelyard-test-{secrets.token_hex(4)}"
        settings = {"repository": self.repository}
        self.world = World(root / "ws", [engine], EnvironmentManager=settings)
        self._root = root

    def make(self, base: str, name: str, size: int = SIZE) -> str:
        """An image with one layer more."""
        folder = self._root / name.replace(":", "-")
        folder.mkdir()
        (folder / "module.py").write_bytes(os.urandom(size))
        tag = f"{self.repository}/{name}"
        layer = Layer({"/opt/test": folder})
        self.engine.add_layer(base, tag, layer, labels={}, report=lambda _progress: None)
        return tag

    def infos(self) -> dict[str, ImageInfo]:
        """What the engine says of them."""
        found = self.engine.image_infos([f"{self.repository}/", self.base])
        return {info.tag: info for info in found}

    def container(self, image: str) -> str:
        """A container of an image that is made and not started."""
        spec = ContainerSpec(
            workspace=self.world.paths.workspace_id,
            kind="instance",
            name="a",
            command=["sleep", "1"],
            image=image,
            networks=["none"],
        )
        self.engine.create(spec)
        return spec.container

    def left(self) -> set[str]:
        """Their tags."""
        return set(self.engine.images(f"{self.repository}/"))


@pytest.fixture
def images(tmp_path: Path, docker_engine: DockerEngine, base_image: str) -> Iterator[Images]:
    made = Images(tmp_path, docker_engine, base_image)
    yield made
    made.world.storage.stop()
    sweep(docker_engine, made.world.paths.workspace_id)
    sweep_images(docker_engine, made.repository)
    made.world.services.db.close()


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything was asked for long enough ago to go when it is asked to."""
    monkeypatch.setattr(stock, "GRACE", -2.0)
    monkeypatch.setattr(environments, "GRACE", -2.0)


def test_each_layer_is_counted_once(images: Images) -> None:
    env = images.make(images.base, "env:e")
    runtime = images.make(env, "runtime:r", size=1000)

    infos = images.infos()

    assert SIZE <= infos[env].size < SIZE + 100_000
    assert infos[runtime].size < 100_000
    assert (infos[runtime].base, infos[env].base) == (env, images.base)
    part = images.world.part("images")
    assert part.bytes == sum(info.size for info in infos.values())
    assert part.count == 3


def test_what_was_made_or_asked_for_a_moment_ago_stays(images: Images) -> None:
    env = images.make(images.base, "env:e")

    assert images.world.clean("images").count == 0
    assert images.left() == {env}


def test_asking_tells_the_engine_and_so_servers_of_other_workspaces(images: Images) -> None:
    env = images.make(images.base, "env:e")
    before = images.infos()[env].used
    assert time.time() - 120 < before <= time.time() + 1

    images.world.services.environments.stock.asked([env, "missing:tag"], images.engine)

    assert images.infos()[env].used >= before
    assert images.world.services.environments.stock.used(env) > 0


@pytest.mark.usefixtures("old")
def test_what_a_container_was_made_from_stays_with_what_it_rests_on(images: Images) -> None:
    env, other = images.make(images.base, "env:e"), images.make(images.base, "env:o")
    runtime = images.make(env, "runtime:r", size=1000)
    container = images.container(runtime)

    done = images.world.clean("images")

    assert [item.name for item in done.items] == [other]
    assert images.left() == {env, runtime}
    images.engine.remove(container)
    assert images.world.clean("images").count == 2
    assert images.left() == set()
    assert images.engine.has_image(images.base)


@pytest.mark.usefixtures("old")
def test_a_container_that_is_made_meanwhile_keeps_its_image(images: Images) -> None:
    env = images.make(images.base, "env:e")
    content = images.world.storage._contents["images"]
    found = content.removable(None)
    assert [one.item.name for one in found] == [env]
    images.container(env)
    content.removable = lambda _measuring: found

    done = images.world.clean("images")

    assert [item.name for item in done.kept] == [env]
    assert images.left() == {env}


@pytest.mark.usefixtures("old")
def test_images_of_deployments_that_are_gone_go_by_themselves(
    images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = images.world.paths.workspace_id[:12]
    gone = images.make(images.base, f"app:{workspace}-e-1", size=1000)
    there = images.make(images.base, f"app:{workspace}-e-2", size=1000)
    foreign = images.make(images.base, "app:0123456789ab-e-3", size=1000)
    serving = images.world.services.serving
    monkeypatch.setattr(serving, "deployments", lambda: {"2": there})

    images.world.storage.collect()

    assert images.left() == {there, foreign}
    assert gone not in images.left()


@pytest.mark.usefixtures("old")
def test_the_budget_takes_the_least_recently_used_and_no_more(images: Images) -> None:
    tags = [images.make(images.base, f"env:{letter}") for letter in "abc"]
    notes = images.world.services.environments.stock
    total = images.world.part("images").bytes
    images.world.storage.environments_budget = total - SIZE // 2
    # The engine knows the time to the nanosecond: the first that was made is the oldest.
    assert images.infos()[tags[0]].used < images.infos()[tags[2]].used
    assert notes.used(tags[0]) == 0.0

    images.world.storage.collect()

    assert images.left() == set(tags[1:])


def test_an_engine_that_does_not_answer_is_named(
    images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/docker.sock")
    away = World(images._root / "away", [DockerEngine(images.engine.reach)])
    try:
        part = away.part("images")
        assert part.problem.startswith("docker: ")
        assert part.partial
        away.environment("a" * 16, age=31 * DAY)
        away.storage.collect()
        assert not (away.paths.environments / ("a" * 16)).exists()
    finally:
        away.storage.stop()
        away.services.db.close()
