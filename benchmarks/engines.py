"""Starting an instance's container against `docker run`, and making an environment ready.

    python benchmarks/engines.py [--rounds N] [--environments]

Bar: create + start <= 1.3x `docker run -d` of the same image, taken in turns.
"""

from __future__ import annotations

import argparse
import secrets
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from modelyard_server.core.paths import Paths
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import ContainerSpec, Mount, Place, Volume
from modelyard_server.environments.manager import EnvironmentManager

SLEEP = ["sleep", "600"]


def seconds(action: Callable[[], object]) -> float:
    """How long `action` takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def starts(engine: DockerEngine, image: str, folder: Path, rounds: int) -> None:
    """Print medians of create + start and of `docker run`."""
    ours, theirs = [], []
    for _ in range(rounds):
        spec = ContainerSpec(
            workspace=f"bench{secrets.token_hex(4)}",
            kind="instance",
            name="bench",
            command=SLEEP,
            image=image,
            mounts=[Mount(place=Place(Volume.FILES))],
        )

        def start(spec: ContainerSpec = spec) -> None:
            engine.create(spec)
            engine.start(spec.container)

        ours.append(seconds(start))
        engine.remove(spec.container)
        name = f"bench-{secrets.token_hex(4)}"
        run = ["docker", "run", "--detach", "--name", name, "--volume", f"{folder}:{folder}"]
        theirs.append(
            seconds(
                lambda run=run: subprocess.run(
                    [*run, image, *SLEEP], check=True, stdout=subprocess.DEVNULL
                )
            )
        )
        engine.remove(name)
    mine, plain = statistics.median(ours), statistics.median(theirs)
    print(f"create + start {mine:.3f} s, docker run {plain:.3f} s: {mine / plain:.2f}x (bar 1.3x)")


def environments(workspace: Path) -> None:
    """Print how long the default environment takes, cold (packages in uv's cache) and warm."""
    reach = SameHost(Paths(workspace / "ws"))
    for engine in (ProcessEngine(reach, workspace / "engine"), DockerEngine(reach)):
        repository = f"modelyard-bench-{secrets.token_hex(4)}"
        manager = EnvironmentManager(
            paths=Paths(workspace / engine.name).make(),
            repository=repository,
        )
        cold = seconds(lambda m=manager, e=engine: m.kernel(e, "", lambda _progress: None))
        warm = seconds(lambda m=manager, e=engine: m.kernel(e, "", lambda _progress: None))
        print(f"default environment, {engine.name}: made {cold:.1f} s, cached {1000 * warm:.1f} ms")
        if isinstance(engine, DockerEngine):
            for tag in engine.images(f"{repository}/"):
                engine.remove_image(tag)


def main() -> None:
    """See the module's description."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--environments", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as folder:
        workspace = Path(folder)
        paths = Paths(workspace / "ws").make()
        engine = DockerEngine(SameHost(paths))
        manager = EnvironmentManager(paths=paths)
        image = manager.ensure_base(engine, lambda progress: print(progress.message))
        starts(engine, image, paths.files, arguments.rounds)
        if arguments.environments:
            environments(workspace)


if __name__ == "__main__":
    main()
