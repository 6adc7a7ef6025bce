"""The folder of an endpoint: whole files, and copies that nobody can reach the registry through."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from modelyard.errors import ServerError
from modelyard.schema.registry import ModelVersionInfo
from modelyard_server.core.paths import Paths
from modelyard_server.engines.reach import SameHost
from modelyard_server.serving.files import EndpointFolder
from tests.serving.bench import Bench

VANDAL = """
import json, os
def run(raw):
    path = os.path.join(os.environ["AZUREML_MODEL_DIR"], "factor")
    os.chmod(path, 0o666)
    with open(path, "w") as file:
        file.write("666")
    return {"wrote": open(path).read()}
"""


@pytest.fixture
def light(plain: Bench) -> ModelVersionInfo:
    """`light:1`, whose only file is `factor`."""
    return plain.register_files("light", {"factor": b"1", "sub/more": b"2"}, flavor="custom")


@pytest.fixture
def folder(tmp_path: Path) -> EndpointFolder:
    paths = Paths(tmp_path)
    return EndpointFolder(paths.endpoints / "e", SameHost(paths))


def test_what_is_done_to_an_app_stays_there(
    plain: Bench, light: ModelVersionInfo, folder: EndpointFolder
) -> None:
    registered = plain.registry.files("light", 1)
    app = folder.make_app("d1", registered, "def run(d): ...")
    assert (app / "model" / "sub" / "more").read_bytes() == b"2"
    assert (app / "score.py").read_text() == "def run(d): ..."
    taken = app / "model" / "factor"
    assert taken.stat().st_mode & 0o222 == 0
    taken.chmod(0o644)
    taken.write_bytes(b"666")
    assert (registered.folder / "factor").read_bytes() == b"1"
    assert folder.make_app("d1", registered, "") == app


@pytest.mark.parametrize("missing", [True, False])
def test_a_changed_registered_file_is_named_and_nothing_is_made(
    plain: Bench, light: ModelVersionInfo, folder: EndpointFolder, missing: bool
) -> None:
    registered = plain.registry.files("light", 1)
    file = registered.folder / "sub" / "more"
    file.unlink()
    if not missing:
        file.write_bytes(b"3")
    with pytest.raises(ServerError, match=r"'sub/more' of light:1") as caught:
        folder.make_app("d1", registered, "")
    assert str(file) in caught.value.hint
    assert list(folder.app("d1").parent.iterdir()) == []


def test_a_scoring_script_cannot_change_the_registered_model(bench: Bench) -> None:
    made = bench.deploy("e", "light:1", script=VANDAL)
    assert made.state == "running", made
    reply = bench.score("e", b"{}")
    assert reply.status in (200, 500)  # in a container the model's files are root's
    assert (bench.registry.files("light", 1).folder / "factor").read_bytes() == b"1"
    again = bench.deploy("e", "light:1", script=VANDAL)
    assert again.state == "running", again


def test_a_changed_model_is_not_deployed(plain: Bench) -> None:
    plain.register_light()
    file = plain.registry.files("light", 1).folder / "factor"
    file.chmod(0o644)
    file.write_bytes(b"666")
    plain.serving.start()
    made = plain.deploy("e", "light:1", script="def run(d): ...")
    assert made.state == "failed" and made.error is not None
    assert "'factor' of light:1" in made.error.message and "backup" in made.error.hint


def test_keys_written_by_many_at_once_are_whole(folder: EndpointFolder) -> None:
    failed: list[BaseException] = []
    gate = threading.Barrier(8)

    def write(number: int) -> None:
        gate.wait()
        try:
            for turn in range(50):
                folder.write_keys([f"{number}-{turn}", "other"])
        except OSError as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    last = folder.keys.read_bytes()
    folder.write_keys(["final", "other"])
    assert folder.keys.read_bytes() != last
    assert [file.name for file in folder.keys.parent.iterdir()] == ["keys.json"]


def test_a_deep_folder_of_a_scoring_server_goes_with_its_deployment(folder: EndpointFolder) -> None:
    for gone, remove in (
        (folder.run("d1"), lambda: folder.drop("d1")),
        (folder.root, folder.remove),
    ):
        run = folder.run("d1")
        run.mkdir(parents=True)
        at = os.open(run, os.O_RDONLY)
        for _ in range(1500):  # no path is that long: one below the other
            os.mkdir("d", dir_fd=at)
            below = os.open("d", os.O_RDONLY, dir_fd=at)
            os.close(at)
            at = below
        os.close(at)
        remove()
        assert not gone.exists()
