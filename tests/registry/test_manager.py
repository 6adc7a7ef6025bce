"""The registry's rules on real files and a real database."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import update

from modelyard.errors import InUse, InvalidInput, ModelyardError, NotFound, WrongState
from modelyard.schema.registry import ModelRegister, ModelUpdate
from modelyard_server.registry import uploads
from modelyard_server.registry.tables import UploadRow
from tests.lineage_support import serve
from tests.registry.conftest import Bench

MLMODEL = json.dumps(
    {
        "flavors": {
            "python_function": {"python_version": "3.11.2"},
            "sklearn": {"pickled_model": "model.pkl", "serialization_format": "cloudpickle"},
        },
        "signature": {"inputs": '[{"type": "double", "name": "x"}]'},
        "saved_input_example_info": {"type": "dataframe"},
    }
).encode()
SKLEARN = {
    "MLmodel": MLMODEL,
    "model.pkl": b"never loaded",
    "requirements.txt": b"scikit-learn==1.9.1\n",
    "input_example.json": b'{"columns": ["x"], "data": [[1.5]]}',
}


def test_a_version_says_what_its_files_say(bench: Bench) -> None:
    made = bench.registry.register(
        "churn", bench.request(SKLEARN, flavor="", tags={"team": "a"}, note="first")
    )
    assert (made.name, made.version, made.flavor, made.python) == ("churn", 1, "sklearn", "3.11.2")
    assert (made.tags, made.note) == ({"team": "a"}, "first")
    assert made.requirements == ["scikit-learn==1.9.1"]
    assert made.signature.names == ["x"]
    assert made.input_example == {"data": [{"x": 1.5}]}
    assert made.size == sum(map(len, SKLEARN.values()))
    lines = [f"{hashlib.sha256(c).hexdigest()}  {p}\n" for p, c in sorted(SKLEARN.items())]
    assert made.digest == hashlib.sha256("".join(lines).encode()).hexdigest()
    folder = bench.registry.files("churn", 1).folder
    assert {f.name: f.read_bytes() for f in folder.iterdir()} == SKLEARN
    assert {a.path for a in bench.registry.artifacts("churn", 1)} == set(SKLEARN)


def test_the_upload_is_gone_once_registered(bench: Bench) -> None:
    request = bench.request()
    bench.registry.register("m", request)
    assert bench.on_disk() == {"models/m/1/weights.bin"}
    with pytest.raises(NotFound, match="no upload"):
        bench.registry.register("m", request)


def test_versions_count_up_and_numbers_are_never_given_twice(bench: Bench) -> None:
    numbers = [bench.registry.register("m", bench.request()).version for _ in range(3)]
    assert numbers == [1, 2, 3]
    bench.registry.delete("m", 3)
    assert bench.registry.register("m", bench.request()).version == 4
    bench.registry.delete("m")
    bench.reopen()
    assert bench.registry.list() == []
    assert bench.registry.register("m", bench.request()).version == 5
    assert bench.registry.register("other", bench.request()).version == 1


def test_a_race_gives_every_client_a_number_of_its_own(bench: Bench) -> None:
    requests = [bench.request({"n": str(i).encode()}) for i in range(12)]
    start = threading.Barrier(12)

    def register(request: ModelRegister) -> tuple[int, bytes]:
        start.wait()
        made = bench.registry.register("m", request)
        return made.version, bench.registry.files("m", made.version).folder.joinpath(
            "n"
        ).read_bytes()

    with ThreadPoolExecutor(12) as pool:
        found = dict(pool.map(register, requests))
    assert sorted(found) == list(range(1, 13))
    assert sorted(found.values(), key=int) == [str(i).encode() for i in range(12)]
    assert [v.version for v in bench.registry.model("m").versions] == list(range(12, 0, -1))


def test_a_failed_registration_leaves_nothing_and_takes_no_number(bench: Bench) -> None:
    request = bench.request({"x": b"1"}, flavor="")
    with pytest.raises(InvalidInput, match="no MLmodel file"):
        bench.registry.register("m", request)
    assert bench.registry.list() == []
    assert bench.on_disk() == {f"uploads/{request.upload}/x"}
    request.flavor = "custom"
    assert bench.registry.register("m", request).version == 1


def test_what_a_crash_left_is_swept(bench: Bench) -> None:
    bench.registry.register("m", bench.request())
    for stray in ("models/m/2/x", "models/new/1/x", f"uploads/{'0' * 32}/x"):
        file = bench.paths.artifacts / stray
        file.parent.mkdir(parents=True)
        file.write_text("half")
    bench.reopen()
    bench.registry.sweep()
    assert bench.on_disk() == {"models/m/1/weights.bin"}
    assert bench.registry.register("m", bench.request()).version == 2


def test_a_stray_directory_in_the_way_is_replaced(bench: Bench) -> None:
    stray = bench.paths.artifacts / "models/m/1/old"
    stray.parent.mkdir(parents=True)
    stray.write_text("half")
    bench.registry.register("m", bench.request({"new": b"1"}))
    assert bench.on_disk() == {"models/m/1/new"}


def test_uploads_are_kept_for_a_day(bench: Bench) -> None:
    old, new = bench.request().upload, bench.request().upload
    with bench.db.session() as session:
        age = time.time() - uploads.KEEP - 1
        session.execute(update(UploadRow).where(UploadRow.id == old).values(touched=age))
    bench.registry.sweep()
    assert bench.on_disk() == {f"uploads/{new}/weights.bin"}
    with pytest.raises(NotFound):
        bench.put(old, {"late": b""})


def test_an_upload_is_registered_once(bench: Bench) -> None:
    request = bench.request()
    with bench.registry.uploads.claimed(request.upload):
        with pytest.raises(WrongState, match="being registered"):
            bench.registry.register("m", request)
        with pytest.raises(WrongState, match="being registered"):
            bench.put(request.upload, {"late": b""})
        bench.registry.sweep()
        assert bench.on_disk() == {f"uploads/{request.upload}/weights.bin"}


def test_a_deployed_version_is_not_deleted(bench: Bench) -> None:
    for _ in range(2):
        bench.registry.register("m", bench.request())
    serve(bench.db, "bc", ("m", 1))
    for version in (1, None):
        with pytest.raises(InUse, match="m:1 is deployed at endpoint 'bc'") as caught:
            bench.registry.delete("m", version)
        assert caught.value.hint
    assert bench.registry.version("m", 1).endpoints == ["bc"]
    assert bench.registry.model("m").versions[1].endpoints == ["bc"]
    bench.registry.delete("m", 2)
    assert bench.on_disk() == {"models/m/1/weights.bin"}


def test_references(bench: Bench) -> None:
    for _ in range(2):
        bench.registry.register("m", bench.request())
    assert bench.registry.resolve("m").version == 2
    assert bench.registry.resolve("m:1").version == 1
    for bad in ("m:", "m:x", "m:-1", "m:1:2", "m:²", "a/b", ""):
        with pytest.raises(InvalidInput):
            bench.registry.resolve(bad)
    with pytest.raises(NotFound, match="It has: 1, 2"):
        bench.registry.resolve("m:7")


def test_unknown_names_suggest_a_known_one(bench: Bench) -> None:
    with pytest.raises(NotFound, match="No model is registered yet"):
        bench.registry.model("churn")
    bench.registry.register("breast-cancer", bench.request())
    with pytest.raises(NotFound, match="Did you mean 'breast-cancer'"):
        bench.registry.model("brest-cancer")


@pytest.mark.parametrize("name", ["", "a/b", "..", "x" * 300, "ü", "-a", "a\nb", "a b"])
def test_bad_names(bench: Bench, name: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        bench.registry.register(name, ModelRegister(upload="0" * 32))
    assert caught.value.field == "name"
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"flavor": "sklaern"}, "flavor"),
        ({"flavor": "sklearn"}, "flavor"),
        ({"requirements": ["--index-url x"]}, "requirements"),
        ({"tags": {"": "x"}}, "tags"),
        ({"tags": {"k": "x" * 6000}}, "tags"),
        ({"note": "x" * 60_000}, "note"),
        ({"run_id": "0" * 32}, "run_id"),
    ],
)
def test_bad_requests_change_nothing(bench: Bench, fields: dict, field: str) -> None:
    request = bench.request(**fields)
    before = bench.on_disk()
    with pytest.raises(InvalidInput) as caught:
        bench.registry.register("m", request)
    assert caught.value.field == field
    assert bench.on_disk() == before
    assert bench.registry.list() == []


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "a\\b", "", "a//b", "x\x00", "."])
def test_uploads_stay_in_their_folder(bench: Bench, path: str) -> None:
    upload = bench.registry.uploads.open().id
    with pytest.raises(InvalidInput):
        bench.registry.uploads.writer(upload, path)
    assert bench.on_disk() == set()


@pytest.mark.parametrize("id", ["", "..", "0" * 31, "0" * 32, "../models", "G" * 32])
def test_unknown_uploads(bench: Bench, id: str) -> None:
    with pytest.raises(ModelyardError) as caught:
        bench.registry.register("m", ModelRegister(upload=id, flavor="custom"))
    assert caught.value.status in (400, 404)


def test_a_description_that_names_a_missing_file(bench: Bench) -> None:
    request = bench.request({"MLmodel": MLMODEL}, flavor="")
    with pytest.raises(InvalidInput, match=r"'model\.pkl', which is not among its files"):
        bench.registry.register("m", request)


def test_tags_and_notes_are_edited_and_files_are_not(bench: Bench) -> None:
    bench.registry.register("m", bench.request(tags={"a": "1", "b": "2"}))
    bench.registry.update("m", 1, ModelUpdate(tags={"a": None, "c": "3"}))
    bench.registry.update("m", None, ModelUpdate(note="of the model", tags={"owner": "me"}))
    model = bench.registry.model("m")
    assert (model.note, model.tags) == ("of the model", {"owner": "me"})
    assert (model.versions[0].note, model.versions[0].tags) == ("", {"b": "2", "c": "3"})


def test_what_changes_is_told(bench: Bench) -> None:
    bench.registry.register("m", bench.request())
    bench.registry.register("m", bench.request())
    bench.registry.delete("m", 1)
    bench.registry.delete("m", 2)
    seen = [(c.op, [v.version for v in c.item.versions] if c.item else None) for c in bench.changes]
    assert {c.id for c in bench.changes} == {"m"}
    assert seen == [
        ("updated", [1]),
        ("updated", [2, 1]),
        ("updated", [2]),
        ("deleted", None),
    ]


def test_files_by_path(bench: Bench) -> None:
    bench.registry.register("m", bench.request({"a/weights.bin": b"1"}))
    file, sha256 = bench.registry.file("m", 1, "a/weights.bin")
    assert (file.read_bytes(), sha256) == (b"1", hashlib.sha256(b"1").hexdigest())
    with pytest.raises(NotFound, match=r"Did you mean 'a/weights\.bin'"):
        bench.registry.file("m", 1, "a/weigths.bin")
    for path in ("../../2/x", "/etc/passwd", "a", "a/../a/weights.bin", "\x00"):
        with pytest.raises(NotFound):
            bench.registry.file("m", 1, path)


_KILLED = """
import os, signal, sys
from pathlib import Path
from tests.registry.conftest import Bench
from modelyard_server.registry.store import RegistryStore

bench = Bench(Path(sys.argv[1]))
request = bench.request()
print(request.upload, flush=True)
RegistryStore.add = lambda *_args: os.kill(os.getpid(), signal.SIGKILL)
bench.registry.register("m", request)
"""


def test_a_server_killed_while_it_registers(tmp_path: Path) -> None:
    root = tmp_path / "workspace"
    done = subprocess.run(
        [sys.executable, "-c", _KILLED, str(root)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == -signal.SIGKILL
    upload = done.stdout.strip()
    bench = Bench(root)
    assert "models/m/1/weights.bin" in bench.on_disk()
    bench.registry.sweep()
    assert bench.on_disk() == {f"uploads/{upload}/weights.bin"}
    assert bench.registry.list() == []
    request = ModelRegister(upload=upload, flavor="custom")
    assert bench.registry.register("m", request).version == 1
    bench.db.close()
