"""What a folder takes of the disk, whatever lies in it."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import pytest

from modelyard_server.core.beneath import remove_tree
from modelyard_server.core.measure import Measuring, Stopped


def du(folder: Path) -> int:
    """What `du` says, in bytes."""
    return int(subprocess.check_output(["du", "-sk", folder]).split()[0]) << 10


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_it_says_what_du_says(tmp_path: Path) -> None:
    for name in ("a/b/c", "a/d", "e"):
        (tmp_path / name).mkdir(parents=True)
        for size in (0, 1, 5000, 300_000):
            (tmp_path / name / f"{size}.bin").write_bytes(b"x" * size)
    os.link(tmp_path / "e/300000.bin", tmp_path / "a/again.bin")

    found = Measuring().of(tmp_path)

    assert found.bytes == du(tmp_path)
    assert found.files == 12
    assert not found.partial


def test_no_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(b"x" * 1_000_000)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").symlink_to(tmp_path / "big")
    (tmp_path / "in" / "folder").symlink_to(tmp_path)
    (tmp_path / "to-folder").symlink_to(tmp_path / "in")

    assert Measuring().of(tmp_path / "in").bytes < 100_000
    assert Measuring().of(tmp_path / "to-folder").files == 0
    assert Measuring().of(tmp_path / "missing").bytes == 0


def test_a_path_of_any_depth_is_measured_with_few_descriptors(tmp_path: Path) -> None:
    depth = 5000
    at = os.open(tmp_path, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=at)
        inner = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    with os.fdopen(os.open("leaf", os.O_CREAT | os.O_WRONLY, dir_fd=at), "wb") as leaf:
        leaf.write(b"x" * 8192)
    os.close(at)
    before = _descriptors()
    try:
        found = Measuring().of(tmp_path)
        assert found.files == 1
        assert found.bytes >= 8192
        assert not found.partial
        assert _descriptors() == before
    finally:
        remove_tree(tmp_path / "d")


def test_a_folder_that_is_moved_away_ends_the_walk_and_leads_nowhere_else(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside / "a" / "b", outside):
        folder.mkdir(parents=True)
    (outside / "secret").write_bytes(b"x" * 100_000)
    for number in range(5000):  # it speaks after so many entries
        (inside / "a" / "b" / str(number)).touch()

    def move(_files: int) -> None:
        (inside / "a").rename(outside / "a")

    found = Measuring(say=move).of(inside)

    assert found.partial
    assert found.bytes < 100_000 + 5000


def test_what_has_names_elsewhere_is_not_freed(tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "env").mkdir()
    (tmp_path / "cache" / "wheel").write_bytes(b"x" * 400_000)
    os.link(tmp_path / "cache" / "wheel", tmp_path / "env" / "module")
    (tmp_path / "env" / "own").write_bytes(b"x" * 200_000)
    os.link(tmp_path / "env" / "own", tmp_path / "env" / "own-again")

    found = Measuring().of(tmp_path / "env")

    assert found.bytes >= 600_000
    assert 200_000 <= found.freed < 300_000


def test_what_is_stored_once_is_counted_once(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    (tmp_path / "a" / "file").write_bytes(b"x" * 100_000)
    os.link(tmp_path / "a" / "file", tmp_path / "b" / "file")
    measuring = Measuring()

    assert measuring.of(tmp_path / "a").bytes >= 100_000
    assert measuring.of(tmp_path / "b").bytes < 100_000


def test_it_ends_where_it_is_told(tmp_path: Path) -> None:
    for number in range(20):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "file").touch()

    assert Measuring(most=10).of(tmp_path).partial
    assert Measuring().of(tmp_path, without=[tmp_path / "3", tmp_path / "4"]).files == 18


def test_it_can_be_given_up(tmp_path: Path) -> None:
    for number in range(5001):
        (tmp_path / f"{number}").touch()
    stop = threading.Event()
    stop.set()
    before = _descriptors()

    with pytest.raises(Stopped):
        Measuring(stop).of(tmp_path)
    assert _descriptors() == before
