"""Named amounts of CPU and memory."""

from __future__ import annotations

import os

from modelyard.errors import InvalidInput
from modelyard.schema.common import EngineInfo, Size
from modelyard.suggest import did_you_mean

GIB = 1 << 30

_STEPS = [("small", 1, 2), ("medium", 2, 4), ("large", 4, 8), ("xlarge", 8, 16)]


def this_machine() -> EngineInfo:
    """What this machine has, while the engine does not say what it may use of it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return EngineInfo(name="", available=False, cpus=float(os.cpu_count() or 1), memory=memory)


def sizes_for(engine: EngineInfo) -> list[Size]:
    """The sizes that fit this machine, and `full`: all of it."""
    found = [
        Size(name=name, cpus=cpus, memory=gib * GIB, description=f"{_cpus(cpus)}, {gib} GiB")
        for name, cpus, gib in _STEPS
        if cpus <= engine.cpus and gib * GIB <= engine.memory
    ]
    total = f"the whole machine: {_cpus(engine.cpus)}, {engine.memory / GIB:.1f} GiB"
    return [*found, Size(name="full", cpus=engine.cpus, memory=engine.memory, description=total)]


def _cpus(count: float) -> str:
    return f"{count:g} CPU" + ("" if count == 1 else "s")


def pick(sizes: list[Size], name: str) -> Size:
    """The size of that name; empty: the first.

    Raises
    ------
    InvalidInput: there is no such size; names the nearest.
    """
    if not name:
        return sizes[0]
    names = [size.name for size in sizes]
    if name in names:
        return sizes[names.index(name)]
    raise InvalidInput(
        f"There is no size '{name[:80]}'.",
        hint=f"{did_you_mean(name, names)} Sizes: {', '.join(names)}.".lstrip(),
        field="size",
    )
