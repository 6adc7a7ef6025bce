"""Every gallery template runs from top to bottom, on both engines at once, and cleans up."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

from modelyard_server.core.holder import LOCAL
from tests.server_support import RunningServer

TEMPLATES = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
_CELL_TIMEOUT = 900

pytestmark = pytest.mark.slow


def execute(
    file: Path,
    server: RunningServer,
    kernel: str,
    environment: dict[str, str],
    *,
    edit: Callable[[str], str] = str,
) -> str:
    """Run a template as a user would and give all that it shows as text.

    Parameters
    ----------
    edit: what the user changes in each cell first.
    """
    notebook = nbformat.read(file, as_version=4)
    for cell in notebook.cells:
        cell.source = edit(cell.source)
    client = NotebookClient(
        notebook,
        timeout=_CELL_TIMEOUT,
        kernel_name=kernel,
        resources={"metadata": {"path": str(server.paths.files)}},
    )
    client.execute(**({"env": environment} if environment else {}))
    return "\n".join(_texts(notebook))


def elsewhere(engine: str) -> Callable[[str], str]:
    """What a user edits to have the same on another engine: the engine, and names in use."""

    def edit(source: str) -> str:
        for name in ("breast-cancer", "tour-1", "from-the-tour"):
            source = source.replace(name, f"{name}-{engine}")
        return source.replace("wait=True)", f'wait=True, engine="{engine}")')

    return edit


def at_once(*works: Callable[[], str]) -> list[str]:
    """What each gives; all run at the same time."""
    with ThreadPoolExecutor(len(works)) as threads:
        futures = [threads.submit(work) for work in works]
        return [future.result() for future in futures]


def _texts(notebook: NotebookNode) -> list[str]:
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    return [out.get("text") or out.get("data", {}).get("text/plain", "") for out in outputs]


def local_environment(server: RunningServer) -> dict[str, str]:
    """What a kernel on the server's machine inherits from it."""
    return {
        **server.environment(),
        "MODELYARD_SPOOL": str(server.paths.spool_of(LOCAL)),
        "MODELYARD_FILES": str(server.paths.files),
    }


def check_quickstart(
    server: RunningServer, shown: str, name: str = "breast-cancer", *, reachable: bool
) -> None:
    ws = server.workspace()
    runs = ws.runs.list(experiment=name)
    assert {"logreg", "boosting-0.1"} <= {run.name for run in runs}
    assert {run.info.status for run in runs} == {"finished"}
    assert "roc.png" in {file.path for run in runs for file in run.artifacts()}
    assert ws.models.get(name).info.run_name
    assert "[1, 0, 0]" in shown
    assert ('200 {"predictions":[1,0,0]}' in shown) == reachable
    assert name not in [endpoint.name for endpoint in ws.endpoints.list()]


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_without_docker(file: Path, process_server: RunningServer) -> None:
    shown = execute(file, process_server, "python3", local_environment(process_server))
    if file.stem == "quickstart":
        check_quickstart(process_server, shown, reachable=True)


@pytest.mark.docker
@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_on_both_engines_at_once(file: Path, both_server: RunningServer) -> None:
    environment = local_environment(both_server)
    on_docker, on_process = at_once(
        lambda: execute(file, both_server, "python3", environment),
        lambda: execute(file, both_server, "python3", environment, edit=elsewhere("process")),
    )
    if file.stem == "quickstart":
        check_quickstart(both_server, on_docker, reachable=True)
        check_quickstart(both_server, on_process, "breast-cancer-process", reachable=True)


@pytest.mark.docker
def test_the_quickstart_on_instances_of_both_engines_at_once(both_server: RunningServer) -> None:
    file = next(file for file in TEMPLATES if file.stem == "quickstart")
    compute = both_server.workspace().compute
    docker, process = made = [
        compute.create(f"quickstart-{engine}", engine=engine) for engine in ("docker", "process")
    ]
    try:
        for instance in made:
            instance.wait("running", 300)
        # The endpoint of the one is on the engine of the other.
        on_docker, on_process = at_once(
            lambda: execute(file, both_server, docker.kernelspec, {}),
            lambda: execute(file, both_server, process.kernelspec, {}, edit=elsewhere("docker")),
        )
        check_quickstart(both_server, on_docker, reachable=False)
        check_quickstart(both_server, on_process, "breast-cancer-docker", reachable=True)
    finally:
        for instance in made:
            instance.delete(force=True)
