"""`ws.models` against a real server."""

from __future__ import annotations

import hashlib
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from modelyard.errors import InvalidInput, NotFound
from modelyard.workspace import Workspace
from tests.server_support import RunningServer

X = np.random.default_rng(0).normal(size=(40, 3))
Y = (X[:, 0] > 0).astype(int)


@pytest.fixture(scope="module")
def ws(process_server: RunningServer) -> Workspace:
    return process_server.workspace()


@pytest.fixture
def name() -> str:
    return f"m-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def model():
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)


def test_a_live_model(ws: Workspace, name: str, model, tmp_path: Path) -> None:
    made = ws.models.register(name, model=model, input_example=X[:2], tags={"n": 1}, note="by hand")
    assert (made.name, made.version, made.flavor) == (name, 1, "sklearn")
    assert (made.tags, made.note, made.run_id, made.endpoints) == ({"n": "1"}, "by hand", "", [])
    assert made.signature.features == 3
    assert any(r.startswith("scikit-learn==") for r in made.requirements)
    assert np.array_equal(made.load().predict(X), model.predict(X))


def test_a_file_comes_back_byte_for_byte(ws: Workspace, name: str, model, tmp_path: Path) -> None:
    file = tmp_path / "model.joblib"
    joblib.dump(model, file)
    made = ws.models.register(name, path=str(file), flavor="sklearn")
    got = ws.models.get(name, 1).download(tmp_path / "got")
    assert (got / "model.joblib").read_bytes() == file.read_bytes()
    assert np.array_equal(made.load().predict(X), model.predict(X))


def test_a_directory_comes_back_byte_for_byte(ws: Workspace, name: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep" / "er").mkdir(parents=True)
    (source / "deep" / "er" / "ü 100%.bin").write_bytes(bytes(range(256)))
    (source / "empty").write_bytes(b"")
    made = ws.models.register(name, path=source, flavor="custom")
    got = made.download(tmp_path / "got")
    assert {p.relative_to(got): p.read_bytes() for p in got.rglob("*") if p.is_file()} == {
        p.relative_to(source): p.read_bytes() for p in source.rglob("*") if p.is_file()
    }


def test_a_model_of_a_run(ws: Workspace, name: str, model) -> None:
    with ws.experiment("registry").start_run(name="logreg") as run:
        run.log_model(model, "model", input_example=X[:2])
        made = run.register(name, path="model", tags={"team": "a"})
    assert (made.run_id, made.info.run_name, made.tags) == (run.id, "logreg", {"team": "a"})
    assert np.array_equal(made.load().predict(X), model.predict(X))
    assert [m.name for m in ws.runs.get(run.id).refresh().info.models] == [name]


def test_two_clients_at_once(ws: Workspace, name: str, model) -> None:
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda _: ws.models.register(name, model=model), range(2)))
    assert sorted(m.version for m in made) == [1, 2]
    assert [v.version for v in ws.models.versions(name)] == [2, 1]
    assert ws.models.get(name).version == 2
    assert name in [m.name for m in ws.models.list()]


def test_tags_notes_and_deletion(ws: Workspace, name: str, model) -> None:
    made = ws.models.register(name, model=model, tags={"a": "1"})
    made.set_tags({"a": None, "b": 2}).set_note("checked")
    assert (made.tags, made.note) == ({"b": "2"}, "checked")
    made.delete()
    with pytest.raises(NotFound, match="no model"):
        ws.models.get(name)


def test_a_misspelt_name(ws: Workspace, name: str, model) -> None:
    ws.models.register(name, model=model)
    with pytest.raises(NotFound, match=f"Did you mean '{name}'"):
        ws.models.get(name[:-1])
    with pytest.raises(NotFound, match="It has: 1"):
        ws.models.get(name, 3)


@pytest.mark.parametrize("bad", ["", "a/b", "x" * 300, "..", "a b"])
def test_bad_names(ws: Workspace, bad: str, model) -> None:
    with pytest.raises(InvalidInput, match="cannot name a model"):
        ws.models.register(bad, model=model)
    with pytest.raises(InvalidInput, match="cannot name a model"):
        ws.models.get(bad)


def test_bad_arguments(ws: Workspace, name: str, model, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("no model")
    (tmp_path / "empty").mkdir()
    joblib.dump(model, tmp_path / "m.joblib")
    for arguments, says in [
        ({}, "Give the model's path or the model itself"),
        ({"path": tmp_path / "x.txt", "model": model}, "Give the model's path"),
        ({"path": tmp_path / "none"}, "There is no file"),
        ({"path": tmp_path / "x.txt"}, "is not a file written by"),
        ({"path": tmp_path}, "no MLmodel file"),
        ({"path": tmp_path / "empty", "flavor": "custom"}, "holds no files"),
        ({"path": tmp_path / "m.joblib", "flavor": "sklaern"}, "Did you mean 'sklearn'"),
        ({"model": model, "requirements": ["-r x"]}, "not a requirement"),
        ({"model": model, "tags": {"": "x"}}, "cannot be a tag"),
    ]:
        with pytest.raises(InvalidInput, match=re.escape(says)):
            ws.models.register(name, **arguments)
    with pytest.raises(NotFound):
        ws.models.get(name)


def _peak_memory(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) << 10


def test_a_large_model_streams(
    ws: Workspace, name: str, process_server: RunningServer, tmp_path: Path, capsys
) -> None:
    size = 200 << 20
    file = tmp_path / "weights.bin"
    with file.open("wb") as out:
        out.truncate(size)
    Path(f"/proc/{process_server.process.pid}/clear_refs").write_text("5")
    before = _peak_memory(process_server.process.pid)
    made = ws.models.register(name, path=file, flavor="custom")
    got = made.download(tmp_path / "got") / "weights.bin"
    grown = _peak_memory(process_server.process.pid) - before
    assert grown < 64 << 20
    with got.open("rb") as stream:
        assert hashlib.file_digest(stream, "sha256").hexdigest() == made.files()[0].sha256
    assert got.stat().st_size == size
    assert "200 of 200 MiB" in capsys.readouterr().out
    made.delete()
