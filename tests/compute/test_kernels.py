"""Kernels on an instance behave as local ones do, for every Jupyter client; on both engines."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient

from modelyard.compute import ComputeInstance
from tests.server_support import RunningServer, wait_for


@pytest.fixture(
    scope="module",
    params=["process", pytest.param("docker", marks=pytest.mark.docker)],
)
def server(request: pytest.FixtureRequest) -> RunningServer:
    return request.getfixturevalue("both_server" if request.param == "docker" else "process_server")


@pytest.fixture(scope="module")
def instance(server: RunningServer) -> Iterator[ComputeInstance]:
    made = server.workspace().compute.create("kernels-1", wait=True)
    yield made
    made.delete(force=True)


class Kernel:
    """A kernel and a client, with just enough around them to ask questions."""

    def __init__(self, manager: AsyncKernelManager, client: Any) -> None:
        self.manager = manager
        self.client = client

    async def run(self, code: str, **options: Any) -> dict[str, Any]:
        """What a cell printed, its last value or error, and the reply's status."""
        seen: dict[str, Any] = {"text": "", "data": {}, "error": ""}

        def hook(message: dict[str, Any]) -> None:
            content = message["content"]
            seen["text"] += content.get("text", "")
            seen["data"].update(content.get("data", {}))
            seen["error"] = content.get("ename", seen["error"])

        reply = await self.client.execute_interactive(code, output_hook=hook, timeout=60, **options)
        return {**seen, "status": reply["content"]["status"]}


@contextlib.asynccontextmanager
async def kernel_on(instance: ComputeInstance) -> AsyncIterator[Kernel]:
    manager = AsyncKernelManager(kernel_name=instance.kernelspec)
    await manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(timeout=60)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        await manager.shutdown_kernel(now=True)


async def test_execute_and_environment(instance: ComputeInstance, server: RunningServer) -> None:
    async with kernel_on(instance) as kernel:
        done = await kernel.run("import os; print(os.environ['MODELYARD_COMPUTE'], os.getcwd())")
        assert done["text"].split() == ["kernels-1", str(server.paths.files)]
        done = await kernel.run("1 + 1")
        assert done["data"]["text/plain"] == "2"
        done = await kernel.run("import sklearn, pandas; pandas.DataFrame({'a': [1]})")
        assert "text/html" in done["data"]
        done = await kernel.run("1/0")
        assert done["error"] == "ZeroDivisionError" and done["status"] == "error"


async def test_the_workspace_and_the_magics_are_there(instance: ComputeInstance) -> None:
    async with kernel_on(instance) as kernel:
        done = await kernel.run("from modelyard import Workspace; ws = Workspace(); print(ws)")
        assert "Workspace(" in done["text"], done
        done = await kernel.run("%ml compute list")
        assert "kernels-1" in str(done["data"]), done


async def test_interrupt(instance: ComputeInstance, server: RunningServer) -> None:
    mark = server.paths.files / "sleeping"
    code = "open('sleeping', 'w').close(); import time\nwhile True: time.sleep(0.05)"
    async with kernel_on(instance) as kernel:
        task = asyncio.create_task(kernel.run(code))
        await asyncio.to_thread(wait_for, mark.exists)
        await kernel.manager.interrupt_kernel()
        assert (await asyncio.wait_for(task, 30))["error"] == "KeyboardInterrupt"


async def test_restart_forgets_variables(instance: ComputeInstance) -> None:
    async with kernel_on(instance) as kernel:
        await kernel.run("x = 5")
        await kernel.manager.restart_kernel(now=True)
        await kernel.client.wait_for_ready(timeout=60)
        assert (await kernel.run("x"))["error"] == "NameError"


async def test_completion_and_input(instance: ComputeInstance) -> None:
    async with kernel_on(instance) as kernel:
        await kernel.run("value_of_mine = 1")
        reply = await kernel.client.complete("value_of_", reply=True, timeout=30)
        assert "value_of_mine" in reply["content"]["matches"]
        answered = await kernel.run(
            "print('got', input('who? '))",
            allow_stdin=True,
            stdin_hook=lambda _message: kernel.client.input("me"),
        )
        assert "got me" in answered["text"]


async def test_widgets_open_a_comm(instance: ComputeInstance) -> None:
    async with kernel_on(instance) as kernel:
        done = await kernel.run("import ipywidgets; ipywidgets.IntSlider(value=3)")
        assert "application/vnd.jupyter.widget-view+json" in done["data"]


async def test_death_is_noticed(instance: ComputeInstance) -> None:
    async with kernel_on(instance) as kernel:
        assert await kernel.manager.is_alive()
        with contextlib.suppress(RuntimeError, TimeoutError, asyncio.TimeoutError):
            await asyncio.wait_for(
                kernel.run(f"import os; os.kill(os.getpid(), {int(signal.SIGKILL)})"), 5
            )
        for _ in range(200):
            if not await kernel.manager.is_alive():
                break
            await asyncio.sleep(0.05)
        assert not await kernel.manager.is_alive()


async def test_installed_packages_survive_a_restart_of_the_instance(
    instance: ComputeInstance, server: RunningServer
) -> None:
    package = server.paths.files / "tiny"
    package.mkdir(exist_ok=True)
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "tiny_build"\nbackend-path = ["."]\n'
        '[project]\nname = "tiny"\nversion = "1.0"\n'
    )
    (package / "tiny_build.py").write_text(_TINY_BACKEND)
    async with kernel_on(instance) as kernel:
        done = await kernel.run("%pip install --no-index ./tiny")
        assert "Successfully installed tiny" in done["text"], done
    await asyncio.to_thread(instance.restart)
    async with kernel_on(instance) as kernel:
        assert (await kernel.run("import tiny; print(tiny.here)"))["text"].strip() == "yes"


_TINY_BACKEND = """
import zipfile
def build_wheel(where, config_settings=None, metadata_directory=None):
    name = "tiny-1.0-py3-none-any.whl"
    info = "tiny-1.0.dist-info"
    with zipfile.ZipFile(f"{where}/{name}", "w") as wheel:
        wheel.writestr("tiny.py", "here = 'yes'")
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: tiny\\nVersion: 1.0\\n")
        tags = "Root-Is-Purelib: true\\nTag: py3-none-any\\n"
        wheel.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\\n{tags}")
        wheel.writestr(f"{info}/RECORD", "")
    return name
"""


async def test_a_stopped_instance_is_started_by_choosing_its_kernel(
    instance: ComputeInstance,
) -> None:
    await asyncio.to_thread(instance.stop)
    async with kernel_on(instance) as kernel:
        assert (await kernel.run("1"))["status"] == "ok"
    assert instance.state == "running"


def test_nbclient_runs_a_notebook_there(instance: ComputeInstance, server: RunningServer) -> None:
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("open('from-nbclient.txt', 'w').write('x')"),
            nbformat.v4.new_code_cell("import os; os.environ['MODELYARD_COMPUTE']"),
        ]
    )
    client = NotebookClient(
        notebook,
        kernel_name=instance.kernelspec,
        resources={"metadata": {"path": str(server.paths.files)}},
        timeout=60,
    )
    client.execute()
    assert "kernels-1" in notebook.cells[1].outputs[0]["data"]["text/plain"]
    assert (server.paths.files / "from-nbclient.txt").exists()


def test_user_files_are_shared_and_outlive_instances(server: RunningServer) -> None:
    compute = server.workspace().compute
    one, two = compute.create("share-1"), compute.create("share-2")
    one.wait()
    two.wait()

    async def check() -> None:
        async with kernel_on(one) as kernel:
            await kernel.run("open('shared.txt', 'w').write('from one')")
        async with kernel_on(two) as kernel:
            done = await kernel.run("print(open('shared.txt').read()); open('shared.txt', 'a')")
            assert done["text"].strip() == "from one" and done["status"] == "ok"

    asyncio.run(check())
    file = server.paths.files / "shared.txt"
    with file.open("a") as shared:
        shared.write(" and the server")
    one.delete()
    two.delete()
    assert file.read_text() == "from one and the server"
