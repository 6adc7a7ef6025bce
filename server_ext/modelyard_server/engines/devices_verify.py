"""Running means that the device answered inside."""

from __future__ import annotations

from shlex import quote

from modelyard.errors import EngineUnavailable
from modelyard_server.engines.base import Engine
from modelyard_server.engines.devices import Lease
from modelyard_server.engines.spec import LeasedDevice

TIMEOUT = 30.0
"""Seconds: the first question wakes a driver without persistence mode."""

_NO_PROGRAM = 42

# nvidia-smi where it came along (the toolkit mounts it), else the device files.
_NVIDIA = f"""\
if command -v nvidia-smi >/dev/null 2>&1; then nvidia-smi -L; exit $?; fi
ls /dev/nvidiactl /dev/nvidia[0-9]* 2>/dev/null; exit {_NO_PROGRAM}
"""


def verify(engine: Engine, container: str, lease: Lease, timeout: float = TIMEOUT) -> None:
    """Ask in a running container whether its devices are there; silent when all are.

    Raises
    ------
    EngineUnavailable: one is not, or did not answer in `timeout` seconds; the hint mends it.
    """
    nvidia = [each for each in lease if each.kind == "nvidia"]
    if nvidia:
        _nvidia(engine, container, nvidia, timeout)
    for path in dict.fromkeys(path for each in lease for path in each.paths):
        code, _ = _ask(
            engine, container, f"test -r {quote(path)} && test -w {quote(path)}", timeout
        )
        if code:
            raise EngineUnavailable(
                f"The device {path} cannot be opened in {container}.",
                hint=f"See who may: ls -l {path}",
            )


def _nvidia(engine: Engine, container: str, lease: list[LeasedDevice], timeout: float) -> None:
    code, output = _ask(engine, container, _NVIDIA, timeout)
    if code == _NO_PROGRAM:
        missing = [] if output.count("/dev/nvidia") > len(_gpus(lease)) else lease
    else:
        missing = [each for each in lease if each.id not in output]
    if code in (0, _NO_PROGRAM) and not missing:
        return
    said = output.strip().splitlines()[-1:] or ["there is no device"]
    raise EngineUnavailable(
        f"The GPU does not answer in {container}: {said[0][:200]}",
        hint="Check the driver with nvidia-smi, then the NVIDIA Container Toolkit: "
        "sudo nvidia-ctk runtime configure --runtime=docker && sudo systemctl restart docker",
    )


def _gpus(lease: list[LeasedDevice]) -> set[str]:
    """Numbers of the GPUs: slices of one share its device file."""
    return {each.index.partition(":")[0] for each in lease}


def _ask(engine: Engine, container: str, script: str, timeout: float) -> tuple[int, str]:
    code, output = engine.check(container, script, timeout)
    if code is None:
        raise EngineUnavailable(
            f"The device did not answer in {container} within {timeout:.0f} s.",
            hint="Look for errors of the driver: sudo dmesg | grep -i -e xid -e nvrm",
        )
    return code, output
