"""The wheel a user installs: complete, light without extras, enabled with them."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("wheel")]


def _run(*argv: str | Path, **options: object) -> str:
    done = subprocess.run(
        [str(word) for word in argv], capture_output=True, text=True, timeout=900, **options
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean checkout of what is committed or staged, as a release is made from."""
    source = tmp_path_factory.mktemp("source")
    files = _run("git", "ls-files", "-z", cwd=ROOT).split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    return source


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("wheel")
    _run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", target, source)
    return next(target.glob("modelyard-*.whl"))


def test_everything_is_in_it_once(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert len(names) == len(set(names))
    for wanted in (
        "modelyard/specs/python/kernel.json",
        "modelyard/score/__main__.py",
        "modelyard_server/app.py",
        "modelyard_server/db/migrations/versions/0001_base.py",
        "modelyard_server/jupyter_config/labconfig/default_setting_overrides.json",
        "share/jupyter/labextensions/@modelyard/lab/package.json",
        "share/jupyter/labextensions/@modelyard/lab/install.json",
        "share/jupyter/modelyard/gallery/quickstart.ipynb",
        "etc/jupyter/jupyter_server_config.d/modelyard.json",
    ):
        assert any(name.endswith(wanted) for name in names), wanted
    assert not any("node_modules" in name or name.startswith("tests/") for name in names)
    bundles = [name for name in names if "/static/remoteEntry" in name]
    assert len(bundles) == 1


def test_building_leaves_the_lock_of_the_front_end_alone(source: Path, wheel: Path) -> None:
    lock = Path("labextension", "package-lock.json")
    assert (source / lock).read_text() == (ROOT / lock).read_text()


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment with the wheel and nothing but its own dependencies."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=True)
    python = folder / "bin" / "python"
    _run(python, "-m", "pip", "install", "-q", wheel)
    return python


def test_the_light_install_is_the_sdk(python: Path) -> None:
    listed = _run(python, "-m", "pip", "list", "--format=freeze").lower()
    assert "jupyterlab" not in listed and "sqlalchemy" not in listed
    out = _run(
        python,
        "-c",
        "import modelyard\n"
        "from modelyard.errors import NotConnected\n"
        "try: modelyard.Workspace()\n"
        "except NotConnected as error: print('HINT', error.hint)",
        env={k: v for k, v in os.environ.items() if not k.startswith("MODELYARD_")},
    )
    assert "HINT" in out and "Workspace(url, token)" in out
    done = subprocess.run(
        [python.parent / "modelyard", "doctor"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1 and 'pip install "modelyard[lab]"' in done.stderr


def test_the_lab_install_is_enabled(python: Path, wheel: Path) -> None:
    _run(python, "-m", "pip", "install", "-q", f"modelyard[lab] @ file://{wheel}")
    jupyter = python.parent / "jupyter"
    server = _run(jupyter, "server", "extension", "list")
    assert "modelyard_server" in server and "X" not in server.split("modelyard_server")[1][:200]
    labextensions = _run(jupyter, "labextension", "list")
    line = next(line for line in labextensions.splitlines() if "@modelyard/lab" in line)
    assert "enabled" in line and "OK" in line
