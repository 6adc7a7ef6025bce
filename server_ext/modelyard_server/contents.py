"""JupyterLab's file access when the server is root and programs in containers are not.

User files are written by both. A program on an instance could put a symbolic link in place of an
open notebook, and the next save would write, as root, wherever it points. So links that somebody
else made are followed only as far as User files reach. (Between the look and the write a program
could still exchange a file; not running JupyterLab as root is the whole answer, and `modelyard
doctor` says so.)
"""

from __future__ import annotations

from pathlib import Path

from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError
from traitlets import default


def inside(root: Path, path: Path) -> bool:
    """Whether `path` lies below `root` once every link that is not root's own is followed."""
    root = root.resolve()
    if path.resolve().is_relative_to(root):
        return True
    for part in (path, *path.parents):
        if part == root:
            return True
        if part.is_symlink() and part.lstat().st_uid != 0:
            return False
    return False


class GuardedCheckpoints(AsyncFileCheckpoints):
    """Checkpoints that follow no foreign link out of User files."""

    def checkpoint_path(self, checkpoint_id: str, path: str) -> str:
        """Where a checkpoint lies. 403 when a link leads it out of User files."""
        found = super().checkpoint_path(checkpoint_id, path)
        if Path(found).is_relative_to(self.root_dir) and not inside(
            Path(self.root_dir), Path(found)
        ):
            raise HTTPError(403, f"The checkpoints of {path} are a link out of User files.")
        return found


class GuardedContents(AsyncLargeFileManager):
    """Contents that follow no foreign link out of User files."""

    @default("checkpoints_class")
    def _checkpoints_class_default(self) -> type[GuardedCheckpoints]:
        return GuardedCheckpoints

    def _get_os_path(self, path: str) -> str:
        found = super()._get_os_path(path)
        if not inside(Path(self.root_dir), Path(found)):
            raise HTTPError(403, f"{path} is a link out of User files that an instance made.")
        return found
