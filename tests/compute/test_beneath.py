"""What a program on an instance plants in its folders does not lead the server astray."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modelyard_server.compute.workdir import WorkDir
from modelyard_server.core.paths import Paths
from modelyard_server.engines.programs import read_pid
from modelyard_server.engines.spec import Runtime
from modelyard_server.serving.files import EndpointFolder

_OWNER = (1000, 1000)
_RUNTIME = Runtime(python="/usr/bin/python3", python_version="3.11", paths=["/opt/packages"])


@pytest.fixture
def work(tmp_path: Path) -> WorkDir:
    paths = Paths(tmp_path / "ws").make()
    work = WorkDir(paths, "cpu-1", _OWNER if os.getuid() == 0 else (os.getuid(), os.getgid()))
    work.root.mkdir()
    work.make(_RUNTIME, "[global]\n")
    work.write_token("myd_first")
    return work


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A folder of the host's with a file that the instance must not reach."""
    folder = tmp_path / "host"
    folder.mkdir(mode=0o700)
    (folder / "secret").write_text("secret")
    (folder / "secret").chmod(0o600)
    return folder


def _facts(folder: Path) -> list[tuple[str, int, int, int, int]]:
    every = [folder, *sorted(folder.rglob("*"))]
    stats = [(each.name, each.lstat()) for each in every]
    return [(name, s.st_uid, s.st_gid, s.st_mode, s.st_size) for name, s in stats]


@pytest.mark.parametrize("name", ["venv/pip.conf", "venv/pyvenv.cfg", "venv/bin/pip", "token"])
@pytest.mark.parametrize("target", ["secret", "new"])
def test_a_link_in_a_files_place_is_replaced(
    work: WorkDir, host: Path, name: str, target: str
) -> None:
    before = _facts(host)
    (work.root / name).unlink()
    (work.root / name).symlink_to(host / target)
    work.make(_RUNTIME, "[global]\nindex-url = https://mirror\n")
    work.write_token("myd_second")
    assert _facts(host) == before
    assert not (work.root / name).is_symlink()
    assert work.read_token() == "myd_second"


@pytest.mark.parametrize("name", ["home", "venv", "venv/bin", "venv/lib"])
def test_a_link_in_a_folders_place_is_refused(work: WorkDir, host: Path, name: str) -> None:
    before = _facts(host)
    (work.root / name).rename(work.root / "moved")
    (work.root / name).symlink_to(host)
    with pytest.raises(OSError):
        work.make(_RUNTIME, "[global]\n")
    assert _facts(host) == before


def test_making_it_again_keeps_what_the_user_installed(work: WorkDir) -> None:
    installed = work.venv / "lib/python3.11/site-packages/mine.py"
    installed.write_text("x = 1")
    work.make(_RUNTIME, "[global]\n")
    assert installed.read_text() == "x = 1"
    assert (work.venv / "pip.conf").stat().st_mode & 0o777 == 0o600
    assert work.python.readlink() == Path("/usr/bin/python3")
    owned = (work.home, work.venv, work.venv / "bin" / "pip", work.token, installed.parent)
    assert {each.lstat().st_uid for each in owned} == {os.getuid() or _OWNER[0]}


@pytest.mark.parametrize("plant", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_pipes_and_devices_are_not_read(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    pid_file = tmp_path / "kernel.pid"
    plant(pid_file)
    assert read_pid(pid_file) is None
    folder = EndpointFolder(tmp_path / "endpoint")
    folder.run("one").mkdir(parents=True)
    plant(folder.status_file("one"))
    assert folder.status("one") is None
