"""Environments on both engines, from an index of tiny wheels."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest

from modelyard.errors import EngineUnavailable, InvalidInput, ModelyardError
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Engine, image_engine
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import Runtime
from modelyard_server.environments import sdk
from modelyard_server.environments.manager import EnvironmentManager
from tests.environments.conftest import MakeManager, OnEngine, Reports, make_wheel


def python(engine: Engine, runtime: Runtime, code: str) -> str:
    """What a program prints that runs in the environment."""
    code = f"import sys; sys.path[:0] = {runtime.paths!r}\n{code}"
    if isinstance(engine, DockerEngine):
        return engine.run_once(runtime.image, [runtime.python, "-c", code]).strip()
    done = subprocess.run(
        [runtime.python, "-I", "-c", code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def left_over(manager: OnEngine, engine: Engine, repository: str) -> list[str]:
    """Half-made things."""
    folder = manager.manager._folder
    found = [str(path) for path in folder.glob("**/draft-*")]
    return found + (engine.images(repository) if isinstance(engine, DockerEngine) else [])


def test_the_environment_of_an_instance(
    engine: Engine, manager: MakeManager, reports: Reports
) -> None:
    runtime = manager().kernel("", reports.append)
    code = "import alpha, core, modelyard; print(alpha.VERSION, core.VERSION, modelyard.__name__)"
    assert python(engine, runtime, code) == "2.0 1.0 modelyard"
    version = "import sys; print('%d.%d' % sys.version_info[:2])"
    assert python(engine, runtime, version) == runtime.python_version
    metadata = "import importlib.metadata as m; print(m.version('modelyard') != '')"
    assert python(engine, runtime, metadata) == "True"
    assert {"resolving", "fetching"} <= reports.phases()


def test_console_scripts_run_in_it(engine: Engine, manager: MakeManager, reports: Reports) -> None:
    runtime = manager().kernel("", reports.append)
    site = runtime.paths[-1]
    code = f"""
import subprocess
run = subprocess.run([{site!r} + "/bin/alpha"], env={{"PYTHONPATH": {site!r}}}, capture_output=True)
print(run.stdout.decode(), run.stderr.decode())
print(open({site!r} + "/bin/alpha").readline())
"""
    assert python(engine, runtime, code).split() == ["alpha", "2.0", f"#!{runtime.python}"]


def test_a_cached_environment_needs_no_index(
    engine: Engine,
    manager: MakeManager,
    reports: Reports,
    wheels: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    first = manager().kernel("", reports.append)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "nowhere"))
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "empty-cache"))
    reports.clear()
    assert manager().kernel("", reports.append) == first
    assert reports == []


def test_an_environment_stays_what_it_is(
    engine: Engine, manager: MakeManager, reports: Reports, wheels: Path
) -> None:
    runtime = manager().kernel("", reports.append)
    make_wheel(wheels, "alpha", "3.0")
    again = manager().kernel("", reports.append)
    assert again == runtime
    other = manager(default_packages=["alpha>2"]).kernel("", reports.append)
    assert python(engine, other, "import alpha; print(alpha.VERSION)") == "3.0"
    assert python(engine, again, "import alpha; print(alpha.VERSION)") == "2.0"


def test_a_new_sdk_does_not_redo_the_packages(
    engine: Engine, manager: MakeManager, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = manager().kernel("", reports.append)
    reports.clear()
    monkeypatch.setattr(sdk, "package_digest", lambda: "another")
    second = manager().kernel("", reports.append)
    assert second != first
    assert "fetching" not in reports.phases()


def test_the_environment_of_a_deployment(
    engine: Engine, manager: MakeManager, reports: Reports, tmp_path: Path, repository: str
) -> None:
    app = tmp_path / "app"
    deep = app / "model" / ("long-" * 30)
    deep.mkdir(parents=True)
    (deep / "größe.bin").write_bytes(b"x" * 3_000_000)
    (app / "score.py").write_text("def run(data): return data\n")
    (app / "tool.sh").write_text("#!/bin/sh\n")
    (app / "tool.sh").chmod(0o700)
    (app / "link").symlink_to("score.py")
    tag = f"{repository}/app:1"
    runtime = manager().scoring(["beta", "# a comment"], app, tag, {"a": 'b "c"'}, reports.append)
    code = f"""
import os, alpha, beta, core, modelyard
app = {runtime.app!r}
big = os.path.join(app, "model", "long-" * 30, "größe.bin")
print(alpha.VERSION, beta.VERSION, os.path.getsize(big), os.readlink(app + "/link"))
print(os.access(app + "/tool.sh", os.X_OK), open(app + "/score.py").read() != "")
"""
    assert python(engine, runtime, code).split() == [
        "1.0", "1.0", "3000000", "score.py", "True", "True",
    ]  # fmt: skip
    if engine.name == "process":
        assert runtime.app == str(app)
    manager().remove_app_image(tag)
    manager().remove_app_image(tag)
    if isinstance(engine, DockerEngine):
        assert not engine.has_image(tag)


def test_packages_that_do_not_exist_leave_nothing_behind(
    engine: Engine, manager: MakeManager, reports: Reports, tmp_path: Path, repository: str
) -> None:
    made = manager()
    with pytest.raises(InvalidInput, match="nosuchpackage"):
        made.scoring(["nosuchpackage"], tmp_path, f"{repository}/app:1", {}, reports.append)
    assert left_over(made, engine, repository) == []


@pytest.mark.parametrize("engine", ["process"], indirect=True)
@pytest.mark.parametrize(
    ("requirements", "said"),
    [
        (["alpha==99"], "alpha==99"),
        (["beta", "alpha>=2"], "alpha"),
        (["-r /etc/passwd"], "-r /etc/passwd"),
        (["--index-url=http://elsewhere"], "elsewhere"),
        (["alpha; import os"], "alpha; import os"),
        (["../escape"], "../escape"),
        (["alpha\n-r /etc/passwd"], "/etc/passwd"),
    ],
)
def test_requirements_that_cannot_be(
    engine: Engine,
    manager: MakeManager,
    reports: Reports,
    tmp_path: Path,
    requirements: list[str],
    said: str,
) -> None:
    with pytest.raises(InvalidInput) as caught:
        manager().scoring(requirements, tmp_path, "", {}, reports.append)
    assert said in caught.value.message
    assert caught.value.field == "requirements"
    assert caught.value.hint


def test_a_package_that_has_gone_since(
    engine: Engine, manager: MakeManager, reports: Reports, wheels: Path, repository: str
) -> None:
    made = manager()
    made.manager._locks.mkdir(parents=True)
    made.kernel("", reports.append)
    for lock in made.manager._locks.iterdir():
        lock.write_text("alpha==1.5\n")
    with pytest.raises(InvalidInput, match=r"alpha==1\.5"):
        made.kernel("", reports.append)
    made.kernel("", reports.append)  # the lock was forgotten


def test_our_own_package_is_not_asked_of_the_index(
    engine: Engine, manager: MakeManager, reports: Reports, tmp_path: Path, repository: str
) -> None:
    requirements = ["modelyard==0.1.0", "Modelyard"]
    tag = f"{repository}/app:1"
    runtime = manager().scoring(requirements, tmp_path, tag, {}, reports.append)
    assert python(engine, runtime, "import modelyard.score; print(1)") == "1"


def test_an_index_that_does_not_answer(
    engine: Engine, manager: MakeManager, reports: Reports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(EngineUnavailable, match="could not be fetched"):
        manager(default_packages=["gamma"]).kernel("", reports.append)


def test_one_build_for_all_who_ask(engine: Engine, manager: MakeManager, reports: Reports) -> None:
    found: list[Runtime] = []
    threads = [
        threading.Thread(target=lambda: found.append(manager().kernel("", reports.append)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(each == found[0] for each in found)
    assert sum(each.message.startswith("Fetching 2") for each in reports) == 1


def test_what_a_killed_server_left_is_swept(manager: MakeManager, tmp_path: Path) -> None:
    folder = tmp_path / "ws" / ".modelyard" / "environments"
    dead = [folder / "draft-4194304-x", folder / "locks" / "draft-4194304-y"]
    alive = folder / f"draft-{os.getpid()}-z"
    for path in (*dead, alive):
        (path / "site").mkdir(parents=True)
    manager()
    assert not any(path.exists() for path in dead)
    assert alive.exists()


def test_what_was_removed_is_made_again(
    engine: Engine, manager: MakeManager, reports: Reports
) -> None:
    made = manager(default_packages=["beta"])
    first = made.kernel("", reports.append)
    images = image_engine(engine)
    if images is not None:
        images.remove_image(first.image)
    else:
        shutil.rmtree(Path(first.paths[1]).parent)
    again = made.kernel("", reports.append)
    assert again == first
    assert python(engine, again, "import alpha; print(alpha.VERSION)") == "1.0"


def test_images_need_docker(tmp_path: Path, wheels: Path, reports: Reports) -> None:
    paths = Paths(tmp_path / "ws").make()
    made, engine = EnvironmentManager(paths=paths), ProcessEngine(SameHost(paths), paths.engine)
    with pytest.raises(InvalidInput) as caught:
        made.kernel(engine, "python:3.12-slim", reports.append)
    assert caught.value.field == "image"
    for call in (made.ensure_base, made.build_base):
        with pytest.raises(ModelyardError, match="Images need Docker"):
            call(engine, reports.append)
