"""The artifacts of runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from modelyard.errors import InvalidInput, NotFound, WrongState
from modelyard.schema.tracking import ArtifactInfo
from modelyard_server.artifacts.store import ArtifactStore, Writer
from modelyard_server.tracking.layout import HIDDEN, run_key
from modelyard_server.tracking.store.runs import RunStore


class RunFiles:
    """Lists, opens and takes the files of a run.

    Parameters
    ----------
    forget: removes the files of a run that there is no more; False when there is such a run.
    """

    def __init__(self, store: ArtifactStore, runs: RunStore, forget: Callable[[str], bool]) -> None:
        self._store = store
        self._runs = runs
        self._forget = forget

    def list(self, id: str, path: str = "", *, recursive: bool = False) -> list[ArtifactInfo]:
        """What lies in a directory of a run's artifacts; paths are relative to the artifacts.

        Our own folder is listed only when asked for by path.

        Raises
        ------
        NotFound: the run, or a `path` in it. InvalidInput: the path.
        """
        self._runs.position(id)
        key = run_key(id, path)
        if path and not self._store.exists(key):
            raise NotFound(f"The run has no artifact '{path}'.", field="path")
        found = self._store.list(key, recursive=recursive)
        if path:
            for info in found:
                info.path = f"{path}/{info.path}"
            return found
        return [info for info in found if info.path.partition("/")[0] != HIDDEN]

    def path(self, id: str, path: str) -> Path:
        """Where an artifact lies on the server. NotFound: the run. InvalidInput: the path."""
        self._runs.position(id)
        return self._store.path(run_key(id, path))

    def writer(self, id: str, path: str) -> Writer:
        """Begin a file of a run.

        Raises
        ------
        NotFound: the run. InvalidInput: the path. WrongState: the run is deleted.
        """
        if self._runs.get(id).deleted:
            raise WrongState("The run was deleted.", hint=f"Restore it: ws.runs.restore('{id}')")
        if path.partition("/")[0] == HIDDEN:
            raise InvalidInput(
                f"'{HIDDEN}/' is Modelyard's own.", hint="Choose another directory.", field="path"
            )
        return _RunWriter(self._store.writer(run_key(id, path)), lambda: self._still(id))

    def _still(self, id: str) -> None:
        """NotFound: the run was removed for ever; so is what lies under its id."""
        try:
            self._runs.position(id)
        except NotFound:
            if self._forget(id):
                raise


class _RunWriter:
    """A file of a run that may be removed for ever before the file is complete.

    Whoever removes a run removes its row first and its files then: a file that appears before the
    second goes with the others, and one that appears after the first finds no row, and goes here.
    So an upload leaves no files of no run.
    """

    def __init__(self, writer: Writer, still: Callable[[], None]) -> None:
        self._writer = writer
        self._still = still

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def commit(self, *, durable: bool = True) -> ArtifactInfo:
        info = self._writer.commit(durable=durable)
        self._still()
        return info

    def abort(self) -> None:
        self._writer.abort()
