"""No module escapes the import rules: what a new domain may not do, `make lint` says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from modelyard_server.services import DOMAINS

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT = ROOT / "pyproject.toml"
SERVER = "server_ext/modelyard_server"
FOO = f"{SERVER}/foo"


class Checkout:
    """A copy of our two packages and their rules, to add to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for package in ("server_ext/modelyard_server", "kernels/modelyard"):
            for file in (ROOT / package).rglob("*.py"):
                copy = root / file.relative_to(ROOT)
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, copy)
        shutil.copy(PYPROJECT, root)

    def add(self, path: str, text: str) -> None:
        """A module, in packages that are made for it."""
        file = self.root / path
        if not file.parent.exists():
            file.parent.mkdir()
            (file.parent / "__init__.py").touch()
        with file.open("a") as out:
            out.write(text)

    def place(self, domain: str) -> None:
        """Give a domain its place, right of all others."""
        file = self.root / "pyproject.toml"
        text = file.read_text()
        assert text.count('    "gallery",\n') == 1
        file.write_text(text.replace('    "gallery",\n', f'    "{domain}",\n    "gallery",\n'))

    def broken(self) -> str:
        """What import-linter says; empty when all rules are kept."""
        done = subprocess.run(
            [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": f"{self.root}/server_ext:{self.root}/kernels"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stderr
        return done.stdout + done.stderr if done.returncode else ""


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


def test_the_rules_are_kept(checkout: Checkout) -> None:
    assert checkout.broken() == ""


def test_a_package_without_a_place_breaks_them(checkout: Checkout) -> None:
    checkout.add(f"{FOO}/manager.py", "")
    assert "modelyard_server.foo" in checkout.broken()
    checkout.place("foo")
    assert checkout.broken() == ""


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (f"{FOO}/manager.py", "import modelyard_server.tracking.store.runs"),
        (f"{FOO}/manager.py", "from modelyard_server.compute.tables import InstanceRow"),
        (f"{FOO}/manager.py", "import modelyard_server.lineage.store"),
        (f"{FOO}/manager.py", "import sqlalchemy"),
        (f"{FOO}/manager.py", "import tornado.web"),
        (f"{FOO}/manager.py", "import modelyard_server.core.handler"),
        (f"{FOO}/manager.py", "import docker"),
        (f"{FOO}/queue.py", "import docker"),
        (f"{FOO}/queue.py", "import jupyter_server"),
        (f"{FOO}/queue.py", "import sqlalchemy.orm"),
        (f"{FOO}/manager.py", "import modelyard_server.services"),
        (f"{SERVER}/compute/manager.py", "\nimport modelyard_server.foo"),
        (f"{SERVER}/compute/tables.py", "\nimport modelyard_server.compute.store"),
        (f"{SERVER}/compute/store.py", "\nimport modelyard_server.compute.manager"),
        (f"{SERVER}/compute/handlers.py", "\nimport modelyard_server.compute.store"),
        ("kernels/modelyard/score/app.py", "\nimport modelyard.suggest"),
        ("kernels/modelyard/schema/common.py", "\nimport modelyard.suggest"),
        ("kernels/modelyard/suggest.py", "\nimport modelyard_server.version"),
    ],
)  # fmt: skip
def test_a_new_module_is_under_every_rule(checkout: Checkout, path: str, text: str) -> None:
    checkout.add(f"{FOO}/__init__.py", "")
    checkout.place("foo")
    checkout.add(path, text)
    assert checkout.broken() != ""


def test_domains_are_listed_in_the_order_of_their_layers() -> None:
    contracts = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["contracts"]
    layers = [name.strip() for layer in contracts[0]["layers"] for name in layer.split("|")]
    names = [domain.manager.__module__.split(".")[1] for domain in DOMAINS]
    assert names == sorted(names, key=lambda name: -layers.index(name))


def test_every_domain_is_in_the_list() -> None:
    """A package that offers a manager is a domain, and one that no server builds is forgotten."""
    server = ROOT / "server_ext" / "modelyard_server"
    packages = {file.parent.name for file in server.glob("*/manager.py")}
    assert packages == {domain.manager.__module__.split(".")[1] for domain in DOMAINS}
