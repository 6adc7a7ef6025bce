"""A disk that is full: a clear error, nothing half-made, and it goes on once there is space."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.httpclient import HTTPClientError

from modelyard.errors import StorageFull
from modelyard.tracking.sink import Sink
from modelyard.tracking.writer import Writer
from modelyard_server.tracking.records import read_lines
from tests.tracking.conftest import Bench

API = "modelyard/api/v1"


def mounted(folder: Path, size: str) -> Iterator[Path]:
    """A small disk."""
    folder.mkdir(parents=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if made.returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def small_artifacts(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "workspace" / ".modelyard" / "artifacts", "2m")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "small", "256k")


async def test_an_upload_is_refused_and_leaves_nothing(small_artifacts: Path, jp_fetch) -> None:
    id = uuid.uuid4().hex
    body = json.dumps({"id": id, "experiment": "e"})
    await jp_fetch(API, "runs", method="POST", body=body)
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(API, "runs", id, "files", "big", method="PUT", body=b"x" * 5_000_000)
    assert caught.value.code == 507 and caught.value.response is not None
    error = json.loads(caught.value.response.body)
    assert error["code"] == "storage_full" and error["hint"]
    assert [path for path in small_artifacts.rglob("*") if path.is_file()] == []
    await jp_fetch(API, "runs", id, "files", "small", method="PUT", body=b"x" * 1_000_000)


def test_logging_says_so_and_goes_on(small_disk: Path) -> None:
    sink = Sink(small_disk, "0" * 32)
    writer = Writer(sink, {})
    (small_disk / "ballast").write_bytes(b"x" * 200_000)
    logged = 0
    with pytest.raises(StorageFull, match="cannot be written") as caught:
        while True:
            writer.metric("a", float(logged), logged)
            logged += 1
    assert "the Storage page" in caught.value.hint
    (small_disk / "ballast").unlink()
    writer.metric("a", -1.0, 7)
    batch = read_lines(sink.path.read_bytes())
    assert batch.metrics["a"].values.tolist() == [*map(float, range(logged)), -1.0]
    assert batch.bad <= 1
    sink.close()


@pytest.fixture
def small_logs(tmp_path: Path) -> Iterator[Path]:
    yield from mounted(tmp_path / "workspace" / ".modelyard" / "logs" / "runs", "64k")


def test_output_that_cannot_be_kept_waits_in_the_spool(small_logs: Path, bench: Bench) -> None:
    run, writer = bench.spooled()
    (small_logs / "ballast").write_bytes(b"x" * 60_000)
    for number in range(5):
        writer.output(f"{number}" * 4000 + "\n", 1)
    bench.manager.log.disabled = True
    bench.manager.step()
    assert bench.manager.run(run.id).status == "running"
    (small_logs / "ballast").unlink()
    text = bench.manager.output(run.id, 0).text
    assert text == "".join(f"{number}" * 4000 + "\n" for number in range(5))
    bench.manager.log.disabled = False
    writer.sink.close()
