"""`modelyard up` in an unfriendly place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.server_support import RunningServer


def test_modules_in_the_current_folder_are_not_run(
    own_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever writes to User files, a kernel for example, must not be run as the server.
    planted = tmp_path / "here"
    planted.mkdir()
    (planted / "jupyterlab.py").write_text("raise SystemExit('planted')\n")
    monkeypatch.chdir(planted)
    own_server.start()
    assert own_server.workspace().compute.list() == []
