"""A run's artifacts, from and to files here."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from modelyard import flavors
from modelyard.client import Client
from modelyard.errors import InvalidInput, NotFound
from modelyard.flavors.description import MLMODEL
from modelyard.schema.tracking import ArtifactInfo
from modelyard.transfers import download_files, files_below, upload_files


class RunTransfers:
    """Moves files between this machine and a run's artifacts."""

    def __init__(self, client: Client, run_id: str) -> None:
        self._client = client
        self._url = f"/runs/{quote(run_id, safe='')}/files"
        self._list = f"/runs/{quote(run_id, safe='')}/artifacts"

    def list(self, path: str, *, recursive: bool = False) -> list[ArtifactInfo]:
        """One directory, or all files below it."""
        params = {"path": path, "recursive": recursive}
        return self._client.request("GET", self._list, kind=list[ArtifactInfo], params=params)

    def send(self, source: Path, name: str | None) -> None:
        """Upload a file, or a directory with all files in it.

        Raises
        ------
        InvalidInput: there is no such file, or its name cannot be a path.
        """
        if source.is_dir():
            self.send_all(source, name if name is not None else source.name)
            return
        if not source.is_file():
            raise InvalidInput(
                f"There is no file '{source}'.",
                hint=f"Relative paths begin at {Path.cwd()}.",
                field="path",
            )
        target = _target(name if name is not None else source.name)
        upload_files(self._client, self._url, {target: source}, f"Uploading {source.name}")

    def send_all(self, folder: Path, path: str) -> None:
        """Upload all files below a directory."""
        if not folder.is_dir():
            raise InvalidInput(f"There is no directory '{folder}'.", field="path")
        prefix = f"{_target(path)}/" if path else ""
        files = {f"{prefix}{name}": file for name, file in files_below(folder).items()}
        # What makes a directory a model comes last: half a model is none.
        ordered = dict(sorted(files.items(), key=lambda f: PurePosixPath(f[0]).name == MLMODEL))
        upload_files(self._client, self._url, ordered, f"Uploading {path or folder.name}")

    def send_bytes(self, data: bytes, path: str) -> None:
        """Upload a file that is in memory."""
        url = f"{self._url}/{quote(_target(path))}"
        self._client.upload(url, io.BytesIO(data), ArtifactInfo)

    def send_model(
        self, model: Any, path: str, input_example: Any, requirements: Sequence[str] | None
    ) -> None:
        """Write a model as a directory and upload it."""
        _target(path)
        with tempfile.TemporaryDirectory(prefix="modelyard-") as scratch:
            folder = Path(scratch) / "model"
            flavors.save(model, folder, input_example=input_example, requirements=requirements)
            self.send_all(folder, path)

    def fetch(self, path: str, directory: Path) -> Path:
        """Download a file or a directory into `directory`, and say where it is now.

        Raises
        ------
        NotFound: the run has nothing at that path.
        """
        parent, _, name = path.rpartition("/")
        if path:
            beside = {info.path: info for info in self.list(parent)}
            if path not in beside:
                names = ", ".join(sorted(beside)[:10])
                raise NotFound(
                    f"The run has no artifact '{path}'.",
                    hint=f"There are: {names}." if names else "It has no files there.",
                    field="path",
                )
            if not beside[path].is_dir:
                target = directory / name
                self._client.download(f"{self._url}/{quote(path)}", target)
                return target
        files = self.list(path, recursive=True)
        download_files(self._client, self._url, files, directory, f"Downloading {path or 'run'}")
        return directory / path


def figure_bytes(figure: Any, path: str) -> bytes:
    """A Matplotlib or Plotly figure in the format that the path's ending names.

    Raises
    ------
    InvalidInput: it is no figure, or the format is unknown to it.
    """
    ending = PurePosixPath(path).suffix.lstrip(".").lower()
    if hasattr(figure, "figure") and not hasattr(figure, "savefig"):
        figure = figure.figure  # Axes
    if ending == "html" and hasattr(figure, "to_html"):
        return figure.to_html().encode()
    if not hasattr(figure, "savefig"):
        raise InvalidInput(
            f"A {type(figure).__name__} cannot be stored as '{path}'.",
            hint="Give a Matplotlib figure, or a Plotly figure with a path that ends in .html.",
            field="figure",
        )
    out = io.BytesIO()
    try:
        figure.savefig(out, format=ending or "png", bbox_inches="tight")
    except ValueError as error:
        raise InvalidInput(str(error), hint="Use .png, .svg or .pdf.", field="path") from error
    return out.getvalue()


def _target(path: str) -> str:
    parts = path.split("/")
    if not path or "\\" in path or any(part in ("", ".", "..") for part in parts):
        raise InvalidInput(
            f"'{path[:80]}' cannot be the path of an artifact.",
            hint="Use a relative path such as 'plots/roc.png'.",
            field="path",
        )
    return path
