"""`ws.storage` and `%ml storage` against a server."""

from __future__ import annotations

import atexit
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

from modelyard.errors import InvalidInput, NotFound
from modelyard.workspace import Workspace
from tests.server_support import RunningServer


@pytest.fixture(scope="module")
def ws(process_server: RunningServer) -> Workspace:
    return process_server.workspace()


def _run(ws: Workspace, name: str, tmp_path: Path, size: int = 200_000) -> str:
    data = tmp_path / "data.bin"
    data.write_bytes(b"x" * size)
    with ws.experiment(name).start_run() as run:
        run.log_artifact(data)
    return run.id


def test_usage_lists_every_kind_largest_first(ws: Workspace, name: str, tmp_path: Path) -> None:
    _run(ws, name, tmp_path)

    usage = ws.storage.usage()

    sizes = [part.bytes for part in usage]
    assert sizes == sorted(sizes, reverse=True)
    runs = next(part for part in usage if part.kind == "runs")
    assert runs.bytes >= 200_000
    assert "Files of runs" in repr(usage)
    assert "run" in repr(usage)
    assert usage.info.disks[0].free > 0
    assert ws.storage.usage(refresh=False).info.measured == usage.info.measured


def test_deleted_runs_are_cleaned_when_they_are_named(
    ws: Workspace, name: str, tmp_path: Path
) -> None:
    id = _run(ws, name, tmp_path)
    ws.runs.delete(id)

    ws.storage.clean()
    assert ws.runs.get(id).info.deleted
    would = ws.storage.clean(["deleted_runs"], dry_run=True)
    assert ws.runs.get(id).info.deleted
    done = ws.storage.clean(["deleted_runs"])

    assert would.info.bytes == done.info.bytes >= 200_000
    assert done[0].count >= 1
    with pytest.raises(NotFound):
        ws.runs.get(id)


def test_what_cannot_be_cleaned_is_refused(ws: Workspace) -> None:
    with pytest.raises(InvalidInput, match="User files"):
        ws.storage.clean(["files"])


def test_an_experiment_can_be_deleted_for_ever(ws: Workspace, name: str, tmp_path: Path) -> None:
    id = _run(ws, name, tmp_path)
    experiment = ws.experiment(name)
    experiment.delete()

    experiment.delete(forever=True)

    with pytest.raises(NotFound):
        ws.runs.get(id)
    with pytest.raises(NotFound):
        experiment.restore()


def test_the_magic_shows_asks_and_cleans(
    process_server: RunningServer,
    ws: Workspace,
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for variable, value in process_server.environment().items():
        monkeypatch.setenv(variable, value)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(colors="nocolor")
    shell.extension_manager.load_extension("modelyard")
    ws.runs.delete(_run(ws, name, tmp_path))
    try:
        usage = shell.run_line_magic("ml", "storage")
        assert "are free" in capsys.readouterr().out
        assert any(part.kind == "deleted_runs" and part.can_go for part in usage)

        monkeypatch.setattr("builtins.input", lambda _question: "n")
        assert shell.run_line_magic("ml", "storage clean deleted_runs") is None
        assert shell.run_line_magic("ml", "storage clean deleted_runs --dry-run")[0].count

        done = shell.run_line_magic("ml", "storage clean deleted_runs --yes")
        assert done[0].count >= 1
        assert shell.run_line_magic("ml", "storage clean deleted_runs")[0].count == 0
    finally:
        shell.atexit_operations()
        atexit.unregister(shell.atexit_operations)
        InteractiveShell.clear_instance()
