"""One list says what domains the SDK has: the facade and `%ml` follow from it."""

from __future__ import annotations

import inspect
import pkgutil
import subprocess
import sys
import typing

import pytest

import modelyard.magics.commands
from modelyard import domains as listed
from modelyard.collection import Api
from modelyard.domains import Domain, domains
from modelyard.magics.catalog import COMMANDS


@pytest.mark.parametrize("domain", domains(), ids=lambda domain: domain.name)
def test_a_domain_is_what_its_line_says(domain: Domain[typing.Any]) -> None:
    kind = domain.load()
    assert issubclass(kind, Api)
    # The annotation is what an editor and pyright see; the text is what runs.
    assert listed.Domains.__annotations__[domain.name] == f"Domain[{kind.__name__}]"
    assert inspect.getdoc(kind), f"{kind.__name__} says nothing of itself"


def test_no_module_of_commands_is_left_out() -> None:
    there = {found.name for found in pkgutil.iter_modules(modelyard.magics.commands.__path__)}
    named = [name for domain in domains() for name in domain.commands]
    assert sorted([*named, "status"]) == sorted(there)
    assert len({command.words for command in COMMANDS}) == len(COMMANDS)


def test_a_workspace_imports_no_domain_before_it_is_used() -> None:
    program = "import sys, modelyard.workspace, modelyard.magics.catalog; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    homes = {domain.home.partition(":")[0] for domain in domains()}
    assert "modelyard.workspace" in loaded
    assert homes.isdisjoint(loaded)


def test_the_light_modules_stay_light() -> None:
    program = "import sys, modelyard; from modelyard.magics import catalog; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout.split()
    assert {"httpx", "sklearn", "numpy", "pandas"}.isdisjoint(loaded)
