"""Instance create -> running against `docker run`, and kernel ready against a local ipykernel.

Bars (DESIGN.md section 5): <= 1.3x `docker run` of the same image; <= local ipykernel + 0.5 s.
Both sides run alternately in one process on one machine; medians are printed.
Needs Docker and the base image (`modelyard image base`).
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import tempfile
import time
import uuid
from pathlib import Path

from jupyter_client.manager import AsyncKernelManager

from modelyard_server.engines.choose import open_engines
from tests.server_support import RunningServer


def docker_run(image: str) -> float:
    """Seconds until a detached container of the image runs."""
    name = f"benchmark-{uuid.uuid4().hex[:8]}"
    start = time.perf_counter()
    subprocess.run(
        ["docker", "run", "-d", "--init", "--name", name, image, "tail", "-f", "/dev/null"],
        check=True,
        capture_output=True,
    )
    taken = time.perf_counter() - start
    subprocess.run(["docker", "rm", "-f", name], check=True, capture_output=True)
    return taken


def instance_create(server: RunningServer) -> float:
    """Seconds from the SDK's call until the instance is running."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    compute = server.workspace().compute
    start = time.perf_counter()
    instance = compute.create(name, wait=True)
    taken = time.perf_counter() - start
    instance.delete()
    return taken


async def _ready(spec: str) -> float:
    manager = AsyncKernelManager(kernel_name=spec)
    start = time.perf_counter()
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    await client.wait_for_ready(timeout=120)
    taken = time.perf_counter() - start
    client.stop_channels()
    await manager.shutdown_kernel(now=True)
    return taken


def kernel_ready(spec: str) -> float:
    """Seconds from start until the kernel answers."""
    return asyncio.run(_ready(spec))


def show(what: str, ours: list[float], theirs: list[float]) -> tuple[float, float]:
    """Print medians and spread of both sides."""
    mine, other = statistics.median(ours), statistics.median(theirs)
    print(
        f"{what}: ours {mine:.2f} s [{min(ours):.2f}..{max(ours):.2f}], "
        f"theirs {other:.2f} s [{min(theirs):.2f}..{max(theirs):.2f}]"
    )
    return mine, other


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="modelyard-bench-") as folder:
        server = RunningServer(Path(folder) / "ws", "docker").start()
        try:
            keeper = server.workspace().compute.create("keeper", wait=True)  # environment cached
            engine = open_engines(server.paths).of("docker")
            container = engine.list(server.paths.workspace_id)[0].container
            image = subprocess.run(
                ["docker", "inspect", "-f", "{{.Config.Image}}", container],
                check=True,
                capture_output=True,
                text=True,
            ).stdout.strip()
            pairs = [(instance_create(server), docker_run(image)) for _ in range(rounds)]
            ours, theirs = show(
                "create -> running, docker run", *map(list, zip(*pairs, strict=True))
            )
            print(f"  ratio {ours / theirs:.2f} (bar 1.3)")
            kernel_ready(keeper.kernelspec)  # both sides with warm files
            kernel_ready("python3")
            pairs = [
                (kernel_ready(keeper.kernelspec), kernel_ready("python3")) for _ in range(rounds)
            ]
            ours, theirs = show(
                "kernel ready, local ipykernel", *map(list, zip(*pairs, strict=True))
            )
            print(f"  difference {ours - theirs:+.2f} s (bar +0.50)")
        finally:
            server.sweep()


if __name__ == "__main__":
    main()
