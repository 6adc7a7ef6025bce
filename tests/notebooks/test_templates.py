"""Every gallery template runs from top to bottom, on both engines, and cleans up."""

from __future__ import annotations

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


def execute(file: Path, server: RunningServer, kernel: str, environment: dict[str, str]) -> str:
    """Run a template as a user would and give all that it shows as text."""
    notebook = nbformat.read(file, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=_CELL_TIMEOUT,
        kernel_name=kernel,
        resources={"metadata": {"path": str(server.paths.files)}},
    )
    client.execute(**({"env": environment} if environment else {}))
    return "\n".join(_texts(notebook))


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


def check_quickstart(server: RunningServer, shown: str, *, reachable: bool) -> None:
    ws = server.workspace()
    runs = ws.runs.list(experiment="breast-cancer")
    assert {"logreg", "boosting-0.1"} <= {run.name for run in runs}
    assert {run.info.status for run in runs} == {"finished"}
    assert "roc.png" in {file.path for run in runs for file in run.artifacts()}
    assert ws.models.get("breast-cancer").info.run_name
    assert "[1, 0, 0]" in shown
    assert ('200 {"predictions":[1,0,0]}' in shown) == reachable
    assert "breast-cancer" not in [endpoint.name for endpoint in ws.endpoints.list()]


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_on_the_process_engine(file: Path, process_server: RunningServer) -> None:
    shown = execute(file, process_server, "python3", local_environment(process_server))
    if file.stem == "quickstart":
        check_quickstart(process_server, shown, reachable=True)


@pytest.mark.docker
@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: file.stem)
def test_on_docker(file: Path, docker_server: RunningServer) -> None:
    shown = execute(file, docker_server, "python3", local_environment(docker_server))
    if file.stem == "quickstart":
        check_quickstart(docker_server, shown, reachable=True)


@pytest.mark.docker
def test_the_quickstart_on_an_instance(docker_server: RunningServer) -> None:
    instance = docker_server.workspace().compute.create("quickstart", wait=True)
    try:
        shown = execute(
            TEMPLATES[-1].with_name("quickstart.ipynb"), docker_server, instance.kernelspec, {}
        )
        check_quickstart(docker_server, shown, reachable=False)
    finally:
        instance.delete(force=True)
