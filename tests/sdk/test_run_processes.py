"""Runs of scripts: processes that fail, fork and die, and servers that are away."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from modelyard.errors import NotConnected
from modelyard_server.core.holder import LOCAL
from tests.server_support import RunningServer, wait_for

SCRIPT = """
import os, sys
from modelyard import Workspace
import helper
run = Workspace().experiment(sys.argv[1]).start_run(name=sys.argv[2])
print("hello from the script", flush=True)
for n in range(100):
    run.log("n", n)
{end}
"""


def script(
    folder: Path, server: RunningServer, spool: bool, end: str, *words: str
) -> subprocess.CompletedProcess[str]:
    """Run a script in a process of its own."""
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text(SCRIPT.replace("{end}", end))
    (folder / "helper.py").write_text("x = 1\n")
    (folder / ".venv").mkdir(exist_ok=True)
    (folder / ".venv" / "no.py").write_text("x = 1\n")
    environment = server.environment()
    if spool:
        environment["MODELYARD_SPOOL"] = str(server.paths.spool_of(LOCAL))
    return subprocess.run(
        [sys.executable, str(folder / "train.py"), *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("spool", [True, False])
@pytest.mark.parametrize(
    ("end", "status", "error"),
    [
        ("", "finished", ""),
        ("1 / 0", "failed", "ZeroDivisionError: division by zero"),
        ("if os.fork() == 0: sys.exit(0)\nos.wait(); run.log('n', 100)", "finished", ""),
    ],
)
def test_a_script_that_does_not_finish_its_run(
    process_server: RunningServer, name: str, tmp_path: Path, spool: bool, end: str, status: str,
    error: str,
) -> None:  # fmt: skip
    done = script(tmp_path / "code", process_server, spool, end, name, "r")
    assert "hello from the script" in done.stdout
    run = process_server.workspace().experiment(name).runs()[0]
    assert (run.status, run.error) == (status, error), done.stderr
    assert run.history("n").values[:100] == list(range(100))
    assert run.info.source is not None and run.info.source.kind == "script"
    kept = [a.path for a in run.artifacts(".modelyard/source")]
    assert kept == [".modelyard/source/helper.py", ".modelyard/source/train.py"]
    assert "hello from the script\n" in run.output()


def test_a_killed_script_loses_nothing_across_a_killed_server(
    own_server: RunningServer, name: str
) -> None:
    own_server.start()
    assert own_server.process is not None
    # The server is away when the run begins, and when its process dies.
    program = f"""
import os
from modelyard import Workspace
ws = Workspace()
os.kill({own_server.process.pid}, 9)
run = ws.experiment({name!r}).start_run(name="later", params={{"C": 1}})
for n in range(50):
    run.log("n", n)
os.kill(os.getpid(), 9)
"""
    environment = own_server.environment() | {
        "MODELYARD_SPOOL": str(own_server.paths.spool_of(LOCAL))
    }
    process = subprocess.run([sys.executable, "-c", program], env=environment, timeout=60)
    assert process.returncode == -signal.SIGKILL
    own_server.process.wait()
    ws = own_server.start().workspace()
    wait_for(lambda: ws.runs.list() and ws.runs.list()[0].status == "failed", 30)
    run = ws.runs.list()[0]
    assert (run.name, run.params, run.experiment) == ("later", {"C": "1"}, name)
    assert run.error.startswith("The kernel died")
    assert run.history("n").values == list(range(50))


def test_without_server_and_spool_there_is_no_run(
    own_server: RunningServer, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = own_server.start().workspace()
    monkeypatch.setenv("MODELYARD_SPOOL", str(own_server.paths.spool_of(LOCAL)))
    ws = own_server.workspace()
    own_server.stop()
    with pytest.raises(NotConnected):
        elsewhere.experiment(name).start_run()
    with pytest.warns(UserWarning, match="will appear when the server is back"):
        run = ws.experiment(name).start_run()
    run.log("a", 1.5)
    assert run.info.name == run.name
    with pytest.warns(UserWarning, match="not delivered yet"):
        run.finish()
    assert list(own_server.paths.spool_of(LOCAL).iterdir()) != []
    ws = own_server.start().workspace()
    wait_for(lambda: [r.status for r in ws.runs.list()] == ["finished"], 30)
    assert ws.runs.get(run.id).metrics == {"a": 1.5}
    wait_for(lambda: list(own_server.paths.spool_of(LOCAL).iterdir()) == [], 10)


def test_the_spool_of_another_server_is_not_used(
    process_server: RunningServer, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODELYARD_SPOOL", str(tmp_path))
    with process_server.workspace().experiment(name).start_run() as run:
        run.log("a", 1.0)
    assert (run.status, run.metrics) == ("finished", {"a": 1.0})
    assert list(tmp_path.iterdir()) == []


def test_a_run_in_ipython_keeps_its_cells(
    process_server: RunningServer, name: str, tmp_path: Path
) -> None:
    notebook = {
        "cells": [{"cell_type": "code", "source": "x = 1", "outputs": [1], "metadata": {}}],
        "metadata": {}, "nbformat": 4, "nbformat_minor": 5,
    }  # fmt: skip
    (tmp_path / "work.ipynb").write_text(json.dumps(notebook))
    program = f"""
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in [
    "from modelyard import Workspace; ws = Workspace()",
    "run = ws.experiment({name!r}).start_run(); print('shown')",
    "run.log('a', 1)",
    "run.finish()",
]:
    shell.run_cell(cell, store_history=True).raise_error()
"""
    environment = process_server.environment() | {
        "MODELYARD_SPOOL": str(process_server.paths.spool_of(LOCAL)),
        "MODELYARD_FILES": str(tmp_path),
        "JPY_SESSION_NAME": "work.ipynb",
        "IPYTHONDIR": str(tmp_path / "ipython"),
    }
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0 and "shown" in done.stdout, done.stderr
    run = process_server.workspace().experiment(name).runs()[0]
    assert run.info.source is not None
    assert (run.info.source.kind, run.info.source.name) == ("notebook", "work.ipynb")
    run.download(".modelyard/source", tmp_path / "kept")
    kept = tmp_path / "kept" / ".modelyard" / "source"
    assert json.loads((kept / "work.ipynb").read_text())["cells"][0]["outputs"] == []
    assert "run.log('a', 1)" in (kept / "executed.py").read_text()
    assert run.output() == "shown\n"
