"""Sealing: one key whoever is first, and rotation that loses nothing."""

from __future__ import annotations

import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from modelyard.errors import ServerError
from modelyard_server.core.secrets import Reseal, SecretBox

MANY = 8


def _seal_at_once(barrier: Barrier, file: Path, out: Any) -> None:
    box = SecretBox(file)
    barrier.wait()
    out.put(box.seal("value"))


def test_first_use_by_many_processes_makes_one_key(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    for turn in range(5):
        file = tmp_path / str(turn)
        barrier, out = context.Barrier(MANY), context.Queue()
        given = (barrier, file, out)
        started = [context.Process(target=_seal_at_once, args=given) for _ in range(MANY)]
        for process in started:
            process.start()
        sealed = [out.get(timeout=30) for _ in started]
        for process in started:
            process.join(30)
        assert [SecretBox(file).open(each) for each in sealed] == ["value"] * MANY
    assert list(tmp_path.glob("*.tmp")) == []


def test_first_use_by_many_threads_makes_one_key(tmp_path: Path) -> None:
    for turn in range(20):
        box, start = SecretBox(tmp_path / str(turn)), threading.Barrier(MANY)

        def seal(number: int, box: SecretBox = box, start: threading.Barrier = start) -> str:
            start.wait()
            return box.seal(number)

        with ThreadPoolExecutor(MANY) as pool:
            sealed = list(pool.map(seal, range(MANY)))
        assert [SecretBox(tmp_path / str(turn)).open(each) for each in sealed] == list(range(MANY))


def test_a_file_of_before_goes_on_opening(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    key = Fernet.generate_key()
    file.write_bytes(key)
    assert SecretBox(file).open(Fernet(key).encrypt(b'["a"]').decode()) == ["a"]


def test_rotation_replaces_the_key(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    box = SecretBox(file)
    kept = [box.seal("a"), box.seal("b")]
    old, before = file.read_bytes(), list(kept)

    def apply(reseal: Reseal) -> None:
        kept[:] = [reseal(each) for each in kept]

    box.rotate(apply)
    assert [box.open(each) for each in kept] == ["a", "b"]
    assert [SecretBox(file).open(each) for each in kept] == ["a", "b"]
    assert old not in file.read_bytes() and file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(ServerError, match="cannot be read"):
        box.open(before[0])


def test_a_rotation_that_stops_half_way_loses_nothing(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    box = SecretBox(file)
    kept = [box.seal("a"), box.seal("b")]

    def half(reseal: Reseal) -> None:
        kept[0] = reseal(kept[0])
        raise OSError("killed")

    with pytest.raises(OSError, match="killed"):
        box.rotate(half)
    assert [SecretBox(file).open(each) for each in kept] == ["a", "b"]

    def whole(reseal: Reseal) -> None:
        kept[:] = [reseal(each) for each in kept]

    SecretBox(file).rotate(whole)
    assert [SecretBox(file).open(each) for each in kept] == ["a", "b"]
    assert len(file.read_bytes().split()) == 1
