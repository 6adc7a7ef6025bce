"""What a program on an instance plants in its folders does not lead the server astray."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modelyard_server.compute.workdir import WorkDir
from modelyard_server.core.paths import Paths
from modelyard_server.engines.programs import read_pid
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import Runtime
from modelyard_server.serving.files import EndpointFolder

_OWNER = (1000, 1000)
_RUNTIME = Runtime(python="/usr/bin/python3", python_version="3.11", paths=["/opt/packages"])


@pytest.fixture
def work(tmp_path: Path) -> WorkDir:
    paths = Paths(tmp_path / "ws").make()
    work = WorkDir(
        SameHost(paths), "cpu-1", _OWNER if os.getuid() == 0 else (os.getuid(), os.getgid())
    )
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
@pytest.mark.parametrize("plant", ["link", "loop", "file", "pipe"])
def test_an_intruder_in_a_folders_place_is_moved_aside(
    work: WorkDir, host: Path, name: str, plant: str
) -> None:
    before = _facts(host)
    place = work.root / name
    place.rename(work.root / "moved")
    _plant(place, plant, host)
    work.make(_RUNTIME, "[global]\n")
    assert _facts(host) == before
    assert place.is_dir() and not place.is_symlink()
    assert (work.venv / "bin" / "python").readlink() == Path("/usr/bin/python3")
    assert [each.name[:7] for each in place.parent.iterdir() if "aside" in each.name] == [".aside-"]


@pytest.mark.parametrize(
    "name", ["token", "venv/pip.conf", "venv/bin/pip", "venv/bin/python", "venv/bin/python3.11"]
)
def test_a_folder_in_a_files_place_is_moved_aside(work: WorkDir, name: str) -> None:
    place = work.root / name
    for _ in range(2):  # once more than once: what was moved aside is in nobody's way
        place.unlink()
        (place / "inside").mkdir(parents=True)
        assert not (name == "token" and work.read_token())
        work.make(_RUNTIME, "[global]\n")
        work.write_token("myd_second")
        assert work.read_token() == "myd_second"
        assert not place.is_dir() or place.is_symlink()
    aside = [each for each in place.parent.iterdir() if each.name.startswith(".aside-")]
    assert len(aside) == 2 and all((each / "inside").is_dir() for each in aside)


def _plant(place: Path, what: str, host: Path) -> None:
    if what == "file":
        place.write_text("mine")
    elif what == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(host if what == "link" else place.name)


@pytest.mark.parametrize("depth", [1_000, 3_000])
def test_deep_folders_are_measured_and_deleted(work: WorkDir, depth: int) -> None:
    (work.home / "data").write_bytes(b"x" * 8192)
    before = work.disk()
    assert before >= 8192
    _dig(work.home, depth)
    assert work.disk() >= before
    work.remove()
    assert not work.root.exists()


def test_measuring_and_deleting_stay_in_the_folder(work: WorkDir, host: Path) -> None:
    (host / "big").write_bytes(b"x" * (1 << 20))
    before = _facts(host)
    for place in (work.home / "out", work.venv / "out", work.root / "out"):
        place.symlink_to(host)
    for file in ("a", "b"):
        (work.home / file).symlink_to(host / "big")
    os.mkfifo(work.home / "pipe")
    assert work.disk() < 1 << 20
    work.remove()
    assert not work.root.exists()
    assert _facts(host) == before


def test_a_link_in_the_work_directorys_own_place_is_not_followed(work: WorkDir, host: Path) -> None:
    before = _facts(host)
    work.root.rename(work.root.with_name("moved"))
    work.root.symlink_to(host)
    assert work.disk() == 0
    work.remove()
    assert _facts(host) == before


def test_what_is_gone_measures_nothing_and_is_deleted_in_silence(work: WorkDir) -> None:
    for number in range(300):  # wide, and with names that the deletion itself may choose
        (work.home / str(number) / str(number)).mkdir(parents=True)
        (work.home / str(number) / "file").touch()
    work.remove()
    assert not work.root.exists()
    assert work.disk() == 0
    work.remove()


def _dig(folder: Path, depth: int) -> None:
    """Folders in each other, with a file in each; far deeper than a path may be long."""
    at = os.open(folder, os.O_RDONLY)
    try:
        for _ in range(depth):
            os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=at))
            os.mkdir("d", dir_fd=at)
            inner = os.open("d", os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = inner
    finally:
        os.close(at)


def test_making_it_again_keeps_what_the_user_installed(work: WorkDir) -> None:
    installed = work.venv / "lib/python3.11/site-packages/mine.py"
    installed.write_text("x = 1")
    work.make(_RUNTIME, "[global]\n")
    assert installed.read_text() == "x = 1"
    assert (work.venv / "pip.conf").stat().st_mode & 0o777 == 0o600
    assert (work.venv / "bin" / "python").readlink() == Path("/usr/bin/python3")
    owned = (work.home, work.venv, work.venv / "bin" / "pip", work.token, installed.parent)
    assert {each.lstat().st_uid for each in owned} == {os.getuid() or _OWNER[0]}


@pytest.mark.parametrize("plant", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
def test_pipes_and_devices_are_not_read(tmp_path: Path, plant: Callable[[Path], None]) -> None:
    pid_file = tmp_path / "kernel.pid"
    plant(pid_file)
    assert read_pid(pid_file) is None
    folder = EndpointFolder(
        tmp_path / "ws" / ".modelyard" / "endpoints" / "e", SameHost(Paths(tmp_path / "ws"))
    )
    folder.run("one").mkdir(parents=True)
    plant(folder.status_file("one"))
    assert folder.status("one") is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root gives files away")
def test_a_log_that_another_engine_wrote_goes_to_whoever_writes_it_now(
    work: WorkDir, host: Path
) -> None:
    log = work.root / "log.txt"
    log.write_text("as root\n")
    work.make(_RUNTIME, "")
    assert (log.stat().st_uid, log.stat().st_gid) == _OWNER
    assert log.read_text() == "as root\n"

    for plant in (os.symlink, os.link):
        log.unlink()
        plant(host / "secret", log)
        before = _facts(host)
        work.make(_RUNTIME, "")
        assert _facts(host) == before
