"""What the domains may know and do of Jupyter's kernels."""

from __future__ import annotations

from collections import Counter
from typing import Any

from jupyter_client.kernelspec import KernelSpecManager
from jupyter_core.utils import ensure_async
from jupyter_server.services.kernels.kernelmanager import MappingKernelManager
from traitlets import Unicode

from modelyard_server.compute import kernelspecs
from modelyard_server.core.paths import Paths


class WorkspaceKernelSpecs(KernelSpecManager):
    """All kernelspecs but those of other workspaces' instances, which are on this machine too."""

    workspace = Unicode("", config=True, help="First eight digits of the workspace's id.")

    def find_kernel_specs(self) -> dict[str, str]:
        """Names of kernelspecs and where they lie."""
        ours = f"{kernelspecs.PREFIX}{self.workspace}-"
        return {
            name: folder
            for name, folder in super().find_kernel_specs().items()
            if not name.startswith(kernelspecs.PREFIX) or name.startswith(ours)
        }


class Kernels:
    """Jupyter's live kernels, by kernelspec and by instance."""

    def __init__(self, manager: MappingKernelManager, paths: Paths) -> None:
        self._manager = manager
        self._paths = paths

    def live(self) -> Counter[str]:
        """How many kernels of each kernelspec live; callable from any thread."""
        return Counter(kernel.kernel_name for _, kernel in self._all())

    async def shutdown(self, instance: str) -> None:
        """End an instance's kernels at once, so that Jupyter does not restart them."""
        spec = kernelspecs.spec_name(self._paths, instance)
        for key, kernel in self._all():
            if kernel.kernel_name == spec:
                await ensure_async(self._manager.shutdown_kernel(key, now=True))

    def _all(self) -> list[tuple[str, Any]]:
        """Ids and managers of the kernels that live; each may end while we look."""
        # Not get_kernel: for one that has just ended, Jupyter's raises an HTTP error.
        return list(self._manager._kernels.items())
