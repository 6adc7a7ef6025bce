"""What stands for NVIDIA's container hook: Docker runs it before a container's program.

Like the real one it reads from the container's configuration which GPUs Docker wants to be seen,
and puts `nvidia-smi` into it, which lists them. Tests steer it by files in its folder:

- `silent`: ids that nvidia-smi does not list;
- `gate`: a FIFO; the hook makes `begun`, then waits until there is a byte in it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

NAME = "nvidia-container-runtime-hook"


def install(folder: Path) -> None:
    """Make it a program in a folder that will be on dockerd's PATH."""
    program = folder / NAME
    program.write_text(f"#!{sys.executable}\n{Path(__file__).read_text()}")
    program.chmod(0o755)


def main(folder: Path) -> None:
    """Docker's `prestart`: the container's state comes on standard input."""
    bundle = Path(json.load(sys.stdin)["bundle"])
    config = json.loads((bundle / "config.json").read_text())
    variables = dict(each.split("=", 1) for each in config["process"]["env"])
    seen = variables["NVIDIA_VISIBLE_DEVICES"].split(",")
    silent = folder / "silent"
    answering = [id for id in seen if not silent.exists() or id not in silent.read_text()]
    program = bundle / config["root"]["path"] / "bin" / "nvidia-smi"
    lines = [f"echo 'GPU {n}: Made up (UUID: {id})'" for n, id in enumerate(answering)]
    program.write_text("\n".join(['#!/bin/sh\n[ "$1" = -L ] || exit 2', *lines, ""]))
    program.chmod(0o755)
    if (folder / "gate").exists():
        (folder / "begun").touch()
        with (folder / "gate").open("rb", buffering=0) as gate:
            gate.read(1)


if __name__ == "__main__":
    main(Path(__file__).parent)
