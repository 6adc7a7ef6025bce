"""The rules of the registry: numbers count up, files never change, what serves is not deleted."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from traitlets.config import LoggingConfigurable

from modelyard.errors import InvalidInput, NotFound, WrongState
from modelyard.flavors import checked_requirements
from modelyard.schema.common import NAME_RULE, valid_name
from modelyard.schema.lineage import ENDPOINT, MODEL_VERSION, version_thing
from modelyard.schema.registry import Model, ModelRegister, ModelUpdate, ModelVersionInfo
from modelyard.schema.tracking import ArtifactInfo, RunInfo
from modelyard.suggest import did_you_mean
from modelyard_server.artifacts.store import ArtifactStore
from modelyard_server.core.events import Events
from modelyard_server.core.loop import Loop
from modelyard_server.db.session import Database
from modelyard_server.lineage.manager import LineageManager
from modelyard_server.registry.contents import Contents, RegisteredFiles, read_contents
from modelyard_server.registry.labels import check_note, check_tags
from modelyard_server.registry.store import RegistryStore
from modelyard_server.registry.uploads import Uploads
from modelyard_server.tracking.manager import TrackingManager

FOLDER = "models"

_SWEEP = 3600.0
"""Seconds between looks for what crashes and abandoned uploads left."""


class RegistryManager(LoggingConfigurable):
    """Registers, reads and deletes model versions.

    Attributes
    ----------
    uploads: staging areas of files that come from outside.
    """

    def __init__(
        self,
        *,
        db: Database,
        store: ArtifactStore,
        tracking: TrackingManager,
        events: Events,
        lineage: LineageManager,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._rows = RegistryStore(db)
        self._files = store
        self._tracking = tracking
        self._events = events
        self._lock = threading.Lock()
        self._taken: dict[str, set[int]] = defaultdict(set)
        self._loop = Loop("registry", self.sweep, _SWEEP, self.log)
        self.uploads = Uploads(self._rows, store)
        self._lineage = lineage

    def start(self) -> None:
        """Begin to sweep what is abandoned; at once, and then every hour."""
        self._loop.start()

    def stop(self) -> None:
        """End the sweep."""
        self._loop.stop()

    # -- reading ----------------------------------------------------------------------------

    def list(self) -> list[Model]:
        """All models, by name."""
        models = self._rows.all()
        self._add_endpoints([version for model in models for version in model.versions])
        return models

    def model(self, name: str) -> Model:
        """One model with its versions. NotFound names a similar one."""
        model = self._rows.get(name)
        self._add_endpoints(model.versions)
        return model

    def version(self, name: str, version: int | None = None) -> ModelVersionInfo:
        """One version; the newest for None. NotFound when there is none."""
        found = self._rows.version(name, version)
        self._add_endpoints([found])
        return found

    def resolve(self, reference: str) -> ModelVersionInfo:
        """The version that `name:3` or `name` (the newest) means.

        Raises
        ------
        InvalidInput: it is neither. NotFound: there is none.
        """
        name, colon, number = reference.partition(":")
        if colon and not (number.isascii() and number.isdigit() and len(number) < 10):
            raise InvalidInput(
                f"'{reference[:80]}' is not a model version.",
                hint="Write NAME:VERSION such as 'churn:3', or NAME for the newest.",
                field="model",
            )
        return self.version(_checked_name(name), int(number) if colon else None)

    def artifacts(self, name: str, version: int) -> list[ArtifactInfo]:
        """The files of a version, with their SHA-256."""
        return self._rows.files(name, version)

    def files(self, name: str, version: int) -> RegisteredFiles:
        """A version's files: where they lie and what is known of them. NotFound: no such version.

        They are for reading, and for copying to wherever a user's code runs.
        """
        return RegisteredFiles(
            reference=f"{name}:{version}",
            folder=self._files.path(_key(name, version)),
            files=self._rows.files(name, version),
        )

    def file(self, name: str, version: int, path: str) -> tuple[Path, str]:
        """One file of a version, where it lies and its SHA-256. NotFound when there is none."""
        known = {info.path: info.sha256 for info in self._rows.files(name, version)}
        if path not in known:
            raise NotFound(
                f"{name}:{version} has no file '{path[:200]}'.",
                hint=did_you_mean(path, known),
                field="path",
            )
        return self._files.path(f"{_key(name, version)}/{path}"), known[path]

    # -- registering ------------------------------------------------------------------------

    def register(self, name: str, request: ModelRegister) -> ModelVersionInfo:
        """Make a version of a run's artifacts, or of an upload (which is gone afterwards).

        Raises
        ------
        InvalidInput: a malformed name, flavor, tag or requirement, or files that are no model.
        NotFound: no such run, upload or path.
        """
        _checked_name(name)
        check_tags(request.tags)
        check_note(request.note)
        if request.requirements is not None:
            request.requirements = checked_requirements(request.requirements)
        if bool(request.run_id) == bool(request.upload):
            raise InvalidInput(
                "A version is made from a run or from an upload: give one of them.",
                hint="Send run_id and path, or upload.",
                field="run_id",
            )
        if request.upload:
            with self.uploads.claimed(request.upload) as key:
                return self._add(name, request, key, None)
        run = self._tracking.run(request.run_id)
        made = self._add(name, request, self._source(run, request.path), run)
        self._tracking.touch(run.id)
        return made

    def _source(self, run: RunInfo, path: str) -> str:
        if run.deleted:
            raise WrongState(
                f"Run '{run.name or run.id}' is deleted.", hint="Restore it first.", field="run_id"
            )
        if not path:
            raise InvalidInput(
                "Which of the run's artifacts is the model?",
                hint="Give its path, such as path='model'.",
                field="path",
            )
        key = self._tracking.artifact_key(run.id, path)
        if not self._files.exists(key):
            raise NotFound(
                f"Run '{run.name or run.id}' has no artifact '{path[:200]}'.",
                hint="Log the model first: run.log_model(model, 'model').",
                field="path",
            )
        return key

    def _add(
        self, name: str, request: ModelRegister, source: str, run: RunInfo | None
    ) -> ModelVersionInfo:
        with self._number(name) as number:
            key = _key(name, number)
            try:
                files = self._copy(source, key)
                contents = read_contents(self._files.path(key), files, request.flavor)
                made = _made(name, number, request, contents, run)
                # Last: what has a row is complete, and what has none is swept.
                self._rows.add(made, contents.files)
            except BaseException:
                self._files.delete_tree(key)
                raise
        self.usage_changed(name)
        return self.version(name, number)

    def _copy(self, source: str, key: str) -> list[ArtifactInfo]:
        self._files.delete_tree(key)  # a crash may have left one
        path = self._files.path(source)
        target = f"{key}/{path.name}" if path.is_file() else key
        return self._files.copy_tree(source, target)

    @contextmanager
    def _number(self, name: str) -> Iterator[int]:
        """The next number under a name; given back when the block fails."""
        with self._lock:
            number = max(self._rows.last_number(name), *self._taken[name], 0) + 1
            self._taken[name].add(number)
        try:
            yield number
        finally:
            with self._lock:
                self._taken[name].discard(number)

    # -- changing ---------------------------------------------------------------------------

    def update(self, name: str, version: int | None, request: ModelUpdate) -> None:
        """Change note and tags of a model, or of one of its versions."""
        check_tags(request.tags or {})
        check_note(request.note or "")
        self._rows.update(name, version, request.note, request.tags)
        self.usage_changed(name)

    def delete(self, name: str, version: int | None = None) -> None:
        """Delete a version, or a model with all of them; the last version takes the model along.

        Raises
        ------
        NotFound: there is none. InUse: a deployment uses it; names the endpoint.
        """
        model = self._rows.get(name)
        doomed = [v.version for v in model.versions]
        if version is not None:
            doomed = [self._rows.version(name, version).version]
        runs = {v.run_id for v in model.versions if v.version in doomed and v.run_id}
        gone = self._rows.remove(name, doomed)
        for number in doomed:
            self._files.delete_tree(_key(name, number))
        if gone:
            self._events.deleted("model", name)
        else:
            self.usage_changed(name)
        for run_id in runs:
            self._tracking.touch(run_id)

    def require(self, transaction: Any, name: str, version: int) -> None:
        """Raise NotFound unless the version is there until another domain's transaction ends.

        With an edge written in the same transaction it cannot go afterwards either.
        """
        self._rows.require(transaction, name, version)

    def _add_endpoints(self, versions: Sequence[ModelVersionInfo]) -> None:
        ids = [version_thing(each.name, each.version).id for each in versions]
        serving = self._lineage.resting(ENDPOINT, MODEL_VERSION, ids)
        for each, id in zip(versions, ids, strict=True):
            each.endpoints = serving.get(id, [])

    # -- telling others ---------------------------------------------------------------------

    def usage_changed(self, name: str) -> None:
        """Tell the browser about a model anew (a deployment of it came or went, for example)."""
        try:
            self._events.updated("model", name, self.model(name))
        except NotFound:
            self._events.deleted("model", name)

    # -- cleaning ---------------------------------------------------------------------------

    def sweep(self) -> None:
        """Remove uploads nobody registered, and directories that a crash left without a row."""
        self.uploads.sweep()
        root = self._files.path(FOLDER)
        found = [(n.name, v.name) for n in _folders(root) for v in _folders(n)]
        # In this order: a registration that ends meanwhile is in one of the two.
        with self._lock:
            taken = {(name, n) for name, numbers in self._taken.items() for n in numbers}
        known = {(name, str(number)) for name, number in self._rows.numbers()}
        known |= {(name, str(number)) for name, number in taken}
        for name, version in found:
            if (name, version) not in known:
                self.log.info("modelyard: removing the unfinished model %s/%s", name, version)
                self._files.delete_tree(f"{FOLDER}/{name}/{version}")


def _folders(root: Path) -> list[Path]:
    return [entry for entry in root.iterdir() if entry.is_dir()] if root.is_dir() else []


def _key(name: str, version: int) -> str:
    return f"{FOLDER}/{_checked_name(name)}/{version}"


def _checked_name(name: str) -> str:
    if not valid_name(name):
        raise InvalidInput(
            f"'{name[:80]}' cannot name a model.", hint=f"Use {NAME_RULE}.", field="name"
        )
    return name


def _made(
    name: str, number: int, request: ModelRegister, contents: Contents, run: RunInfo | None
) -> ModelVersionInfo:
    about = contents.description
    requirements = request.requirements
    return ModelVersionInfo(
        name=name,
        version=number,
        created=time.time(),
        flavor=about.flavor,
        tags=request.tags,
        note=request.note,
        run_id=run.id if run else "",
        run_name=run.name if run else "",
        experiment=run.experiment if run else "",
        path=request.path if run else "",
        size=contents.size,
        digest=contents.digest,
        python=about.python,
        requirements=about.requirements if requirements is None else requirements,
        signature=about.signature,
        input_example=about.input_example,
    )
