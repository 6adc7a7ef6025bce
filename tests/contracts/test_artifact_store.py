"""What every artifact store promises, run on each of them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.errors import AlreadyExists, Conflict, InvalidInput, NotFound, StorageFull
from modelyard_server.artifacts.store import ArtifactStore, LocalArtifactStore


@pytest.fixture(params=["local"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    return {"local": LocalArtifactStore}[request.param](tmp_path / "artifacts")


def put(store: ArtifactStore, key: str, data: bytes = b"data") -> None:
    writer = store.writer(key)
    writer.write(data)
    writer.commit()


def everything(store: ArtifactStore) -> list[str]:
    assert isinstance(store, LocalArtifactStore)
    return sorted(str(p.relative_to(store.root)) for p in store.root.rglob("*") if p.is_file())


def test_a_file_comes_back_byte_for_byte_with_its_digest(store: ArtifactStore) -> None:
    data = os.urandom(3_000_000)
    writer = store.writer("runs/a/plots/roc é.png")
    for start in range(0, len(data), 700_001):
        writer.write(data[start : start + 700_001])
    info = writer.commit()
    with store.open("runs/a/plots/roc é.png") as stream:
        assert stream.read() == data
    digest = hashlib.sha256(data).hexdigest()
    assert (info.sha256, info.size, info.path) == (digest, len(data), "runs/a/plots/roc é.png")
    assert store.path("runs/a/plots/roc é.png").read_bytes() == data


def test_nothing_appears_before_commit_or_after_abort(store: ArtifactStore) -> None:
    writer = store.writer("a/b")
    writer.write(b"half")
    assert not store.exists("a/b")
    assert store.list("a") == []
    writer.abort()
    writer.abort()
    assert everything(store) == []


def test_a_replaced_file_leaves_open_readers_and_copies_alone(store: ArtifactStore) -> None:
    put(store, "run/model/weights", b"first")
    store.copy_tree("run/model", "models/m/1")
    with store.open("run/model/weights") as reader:
        put(store, "run/model/weights", b"second")
        assert reader.read() == b"first"
    assert store.path("models/m/1/weights").read_bytes() == b"first"
    assert store.path("run/model/weights").read_bytes() == b"second"


def test_a_copy_shares_no_byte_with_its_source(store: ArtifactStore) -> None:
    data = os.urandom(2_500_000)
    put(store, "run/model/deep/weights", data)
    put(store, "run/model/a", b"1")
    files = store.copy_tree("run/model", "models/m/1")
    assert [(f.path, f.size, f.sha256) for f in files] == [
        ("a", 1, hashlib.sha256(b"1").hexdigest()),
        ("deep/weights", len(data), hashlib.sha256(data).hexdigest()),
    ]
    source, copy = store.path("run/model/deep/weights"), store.path("models/m/1/deep/weights")
    source.chmod(0o644)
    with source.open("r+b") as file:
        file.write(b"changed")
    assert copy.read_bytes() == data
    assert [f.path for f in store.copy_tree("models/m/1/a", "one/file")] == ["a"]


def test_what_is_stored_is_read_only_and_can_be_removed(store: ArtifactStore) -> None:
    put(store, "run/model/weights")
    store.copy_tree("run/model", "models/m/1")
    for key in ("run/model/weights", "models/m/1/weights"):
        assert store.path(key).stat().st_mode & 0o222 == 0
    put(store, "run/model/weights", b"a newer one")
    store.delete_tree("run")
    store.delete_tree("models")
    assert everything(store) == []


def test_listing(store: ArtifactStore) -> None:
    put(store, "r/z.txt", b"12")
    put(store, "r/d/e/f.txt", b"345")
    put(store, "r/d/g.txt", b"6")
    level = [(i.path, i.is_dir, i.size) for i in store.list("r")]
    assert level == [("d", True, 4), ("z.txt", False, 2)]
    assert [i.path for i in store.list("r", recursive=True)] == ["d/e/f.txt", "d/g.txt", "z.txt"]
    assert store.list("nothing") == []
    assert store.size("r") == 6
    assert store.size("r/z.txt") == 2
    assert store.size("nothing") == 0
    assert store.stat("r/d").is_dir
    with pytest.raises(NotFound):
        store.stat("r/none")


def test_copy_and_delete(store: ArtifactStore) -> None:
    put(store, "r/m/a", b"1")
    store.copy_tree("r/m", "x/1")
    store.copy_tree("r/m/a", "x/2/only")
    with pytest.raises(AlreadyExists):
        store.copy_tree("r/m", "x/1")
    with pytest.raises(NotFound):
        store.copy_tree("r/none", "x/3")
    store.delete_tree("r")
    store.delete_tree("r")
    assert everything(store) == ["x/1/a", "x/2/only"]


@pytest.mark.parametrize(
    "key",
    [
        "", "/etc/passwd", "..", "../x", "a/../../x", "a//b", "a/", "./a", "a\\b", "a\0b", "a\nb",
        "x" * 256, "/".join(["long"] * 500), "\ud800", ".drafts/x",
    ],
)  # fmt: skip
def test_keys_that_escape_or_cannot_be_are_refused(store: ArtifactStore, key: str) -> None:
    actions = [store.writer, store.open, store.path, store.exists, store.list, store.delete_tree]
    for action in [*actions, lambda k: store.copy_tree("a", k), lambda k: store.copy_tree(k, "a")]:
        with pytest.raises(InvalidInput) as caught:
            action(key)
        assert caught.value.field == "path"


def test_symlinks_lead_nowhere(store: ArtifactStore, tmp_path: Path) -> None:
    assert isinstance(store, LocalArtifactStore)
    (tmp_path / "secret").write_text("x")
    put(store, "r/file")
    (store.root / "r" / "out").symlink_to(tmp_path)
    (store.root / "r" / "leak").symlink_to(tmp_path / "secret")
    for key in ("r/out/secret", "r/leak"):
        with pytest.raises(InvalidInput):
            store.open(key)
    with pytest.raises(InvalidInput):
        store.writer("r/out/new")
    store.copy_tree("r", "copy")
    assert everything(store).count("copy/leak") == 0
    assert [i.path for i in store.list("r")] == ["file"]


def test_a_file_cannot_be_a_directory_too(store: ArtifactStore) -> None:
    put(store, "a/b")
    with pytest.raises(Conflict):
        store.writer("a")
    with pytest.raises(Conflict):
        store.writer("a/b/c")
    with pytest.raises(NotFound):
        store.open("a")
    with pytest.raises(NotFound):
        store.open("a/b/c")


def test_many_writers_of_one_key_leave_one_whole_file(store: ArtifactStore) -> None:
    versions = [bytes([n]) * 200_000 for n in range(8)]

    def write(data: bytes) -> None:
        put(store, "same", data)

    threads = [threading.Thread(target=write, args=(data,)) for data in versions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.path("same").read_bytes() in versions
    assert everything(store) == ["same"]


def test_drafts_of_a_killed_server_are_swept(tmp_path: Path) -> None:
    first = LocalArtifactStore(tmp_path)
    first.writer("a").write(b"half")
    assert everything(first) != []
    assert everything(LocalArtifactStore(tmp_path)) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    mount = tmp_path / "small"
    mount.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", mount], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("mounting a small disk needs root")
    yield mount
    subprocess.run(["umount", "-l", mount], check=True)


def test_a_full_disk_is_reported_and_nothing_is_left(small_disk: Path) -> None:
    store = LocalArtifactStore(small_disk)
    put(store, "keep", b"k" * 1000)
    writer = store.writer("big")
    with pytest.raises(StorageFull):
        for _ in range(40):
            writer.write(b"x" * 100_000)
    assert everything(store) == ["keep"]
    put(store, "after", b"y" * 500_000)
    assert everything(store) == ["after", "keep"]
