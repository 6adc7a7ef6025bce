"""Notebook templates, and copies of them in User files."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import msgspec
from traitlets import Unicode, default
from traitlets.config import LoggingConfigurable

from modelyard.errors import NotFound, ServerError
from modelyard.schema.gallery import Template, TemplateCopied
from modelyard.suggest import did_you_mean
from modelyard_server.core.paths import Paths

_CHECKOUT = Path(__file__).resolve().parents[3] / "notebooks"
_INSTALLED = Path(sys.prefix) / "share" / "jupyter" / "modelyard" / "gallery"

_MODE = 0o664
"""Programs on instances share the folder's group and may write to the copy."""

_MOST_COPIES = 10_000


class _About(msgspec.Struct):
    """What a notebook's metadata says under `modelyard`."""

    title: str
    description: str = ""
    tags: list[str] = []
    minutes: int | None = None
    rank: int = 100
    """Lower ranks are listed first."""


class _Metadata(msgspec.Struct):
    modelyard: _About


class _Notebook(msgspec.Struct):
    metadata: _Metadata


class GalleryManager(LoggingConfigurable):
    """Lists the templates of a directory and copies them.

    Parameters
    ----------
    paths: the workspace's; copies go to its User files.
    """

    directory = Unicode(
        help="Directory of the templates: *.ipynb whose metadata has a `modelyard` entry."
    ).tag(config=True)

    def __init__(self, *, paths: Paths, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._files = paths.files

    @default("directory")
    def _default_directory(self) -> str:
        # An editable install copied the templates once; those of the checkout are up to date.
        return str(_CHECKOUT if _CHECKOUT.is_dir() else _INSTALLED)

    def list(self) -> list[Template]:
        """All templates, in the order of their ranks; a file that is none is left out."""
        ranked = []
        for file in sorted(Path(self.directory).glob("*.ipynb")):
            about = self._about(file)
            if about is not None:
                ranked.append((about.rank, _template(file, about)))
        ranked.sort(key=lambda pair: pair[0])
        return [template for _, template in ranked]

    def copy(self, name: str) -> TemplateCopied:
        """Copy a template into User files, as `name.ipynb` or `name (2).ipynb`, …

        Raises
        ------
        NotFound: there is no such template; names a similar one.
        StorageFull: the disk is full (by way of the OSError).
        """
        known = {template.name for template in self.list()}
        if name not in known:
            near = did_you_mean(name, known)
            raise NotFound(
                f"There is no template '{name[:80]}'.",
                hint=near or f"Known: {', '.join(sorted(known)) or 'none'}.",
                field="name",
            )
        content = (Path(self.directory) / f"{name}.ipynb").read_bytes()
        self._files.mkdir(parents=True, exist_ok=True)
        return TemplateCopied(path=self._write(name, content).name)

    def _about(self, file: Path) -> _About | None:
        try:
            return msgspec.json.decode(file.read_bytes(), type=_Notebook).metadata.modelyard
        except (OSError, msgspec.MsgspecError) as error:
            self.log.warning("modelyard: %s is not a template: %s", file, error)
            return None

    def _write(self, name: str, content: bytes) -> Path:
        handle, draft = tempfile.mkstemp(prefix=".modelyard-", dir=self._files)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                os.fchmod(out.fileno(), _MODE)
                if os.getuid() == 0:
                    os.fchown(out.fileno(), -1, self._files.stat().st_gid)
            target = self._reserve(name)
            # The reserved file is ours and empty: replacing it overwrites nobody's work, and the
            # notebook appears complete. (A hard link would do it in one step, but network and
            # FAT file systems have none.)
            Path(draft).replace(target)
            return target
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise

    def _reserve(self, name: str) -> Path:
        for count in range(1, _MOST_COPIES):
            target = self._files / (f"{name}.ipynb" if count == 1 else f"{name} ({count}).ipynb")
            try:
                target.touch(mode=_MODE, exist_ok=False)
            except FileExistsError:
                continue
            return target
        raise ServerError(
            f"There are {_MOST_COPIES} copies of '{name}'.", hint="Delete some of them."
        )


def _template(file: Path, about: _About) -> Template:
    return Template(
        name=file.stem,
        title=about.title,
        description=about.description,
        tags=about.tags,
        minutes=about.minutes,
    )
