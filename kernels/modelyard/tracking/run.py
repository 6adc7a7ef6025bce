"""A run: the open one that code logs to, and the ended one that is looked at."""

from __future__ import annotations

import os
import traceback
import warnings
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from modelyard.client import API, Client
from modelyard.errors import NotConnected, NotFound, WrongState
from modelyard.handle import Handle
from modelyard.schema.lineage import RUN, Thing
from modelyard.schema.tracking import (
    HistoryInfo,
    ModelRef,
    RunFinish,
    RunInfo,
    RunLog,
    RunStatus,
    RunUpdate,
)
from modelyard.tracking import current, show
from modelyard.tracking.files import RunTransfers, figure_bytes
from modelyard.tracking.history import History
from modelyard.tracking.recording import Recording
from modelyard.tracking.values import as_texts

if TYPE_CHECKING:
    from modelyard.models import ModelVersion

_FRESH = 2.0
"""Seconds that reading an open run waits for what it has just logged."""

End = Literal["finished", "failed", "cancelled"]


def run_path(id: str, verb: str = "") -> str:
    """The address of a run, or of something about it.

    Raises
    ------
    NotFound: no run can have that id.
    """
    if not isinstance(id, str) or not id.strip(".") or not id.isprintable():
        raise NotFound(f"There is no run '{str(id)[:80]}'.", field="id")
    return f"/runs/{quote(id, safe='')}{verb}"


class Run(Handle[RunInfo]):
    """One execution: what it was given, what it measured, what it made.

    `ws.experiment(name).start_run()` opens one; use it in a `with` block, or call `finish()`.
    What is read from an open run is fetched anew; of an ended one it is as of `refresh()`.
    """

    _wire = RunInfo

    def __init__(self, client: Client, info: RunInfo, recording: Recording | None = None) -> None:
        super().__init__(client, info)
        self._recording = recording
        self._files = RunTransfers(client, info.id)
        self._pid = os.getpid()

    @staticmethod
    def current() -> Run:
        """The innermost run that is open here.

        Raises
        ------
        WrongState: none is.
        """
        found = current.current()
        if found is None:
            raise WrongState(
                "No run is open here.",
                hint="Begin the cell with '%%ml run --experiment NAME', or use "
                "'with ws.experiment(NAME).start_run() as run:'.",
            )
        return found

    # -- reading ----------------------------------------------------------------------------

    @property
    def info(self) -> RunInfo:
        """All fields at once."""
        if self._recording is not None:
            with suppress(NotConnected):  # what is known here serves until the server is back
                self._recording.writer.sink.deliver(_FRESH)
                self.refresh()
        return self._info

    @property
    def id(self) -> str:
        """32 hex digits."""
        return self._info.id

    @property
    def name(self) -> str:
        """For people; need not be unique."""
        return self._info.name

    @property
    def experiment(self) -> str:
        """Name of the experiment it belongs to."""
        return self._info.experiment

    @property
    def status(self) -> RunStatus:
        """queued, preparing, running, finished, failed or cancelled."""
        return self.info.status

    @property
    def error(self) -> str:
        """Why it failed."""
        return self.info.error

    @property
    def params(self) -> dict[str, str]:
        """What it was given."""
        return dict(self.info.params)

    @property
    def metrics(self) -> dict[str, float]:
        """The last value of each metric; `history(key)` has them all."""
        return {key: float(found.last) for key, found in self.info.metrics.items()}

    @property
    def tags(self) -> dict[str, str]:
        """What it is marked with."""
        return dict(self.info.tags)

    @property
    def note(self) -> str:
        """What people wrote about it."""
        return self.info.note

    @property
    def models(self) -> list[ModelRef]:
        """Versions registered from it."""
        return self.info.models

    @property
    def url(self) -> str:
        """Its address in the REST API."""
        return f"{self._client.url.rstrip('/')}/{API}{self._path()}"

    def history(self, key: str, max_points: int | None = None) -> History:
        """A metric's points.

        Parameters
        ----------
        max_points: thin out to about so many, keeping each stretch's extremes.

        Raises
        ------
        NotFound: no such metric was logged; names a similar one.
        """
        found = self._client.get(
            self._path("/history"), HistoryInfo, key=key, max_points=max_points
        )
        return History(found)

    def output(self) -> str:
        """What it printed to stdout and stderr so far."""
        text, offset = "", 0
        while True:
            piece = self._client.get(self._path("/log"), RunLog, offset=offset)
            if not piece.text:
                return text
            text, offset = text + piece.text, piece.offset

    def artifacts(self, path: str = "") -> show.Artifacts:
        """Files and directories at a path of its artifacts."""
        return show.Artifacts(self._files.list(path))

    def download(self, path: str = "", dir: str | Path = ".") -> Path:
        """Copy an artifact (a file or a directory; all of them without a path) into `dir`."""
        return self._files.fetch(path.strip("/"), Path(dir))

    # -- logging ----------------------------------------------------------------------------

    def log(self, key: str, value: Any, step: int | None = None) -> None:
        """Log a metric. Takes microseconds: it is written to a file and delivered later.

        Parameters
        ----------
        value: a number, a 0-d array or tensor, or a boolean.
        step: by default one more than that metric's last.

        Raises
        ------
        InvalidInput: a malformed name, or no number. WrongState: the run has ended.
        """
        (self._recording or self._ended()).writer.metric(key, value, step)

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log several metrics of one step; see `log`."""
        (self._recording or self._ended()).writer.metrics(metrics, step)

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Log what the run was given.

        Raises
        ------
        InvalidInput: one has another value already.
        """
        texts = as_texts("parameter", params)
        (self._recording or self._ended()).writer.params(texts)

    def set_tags(self, tags: Mapping[str, Any]) -> None:
        """Set tags, of an ended run too; None removes one."""
        gone: dict[str, str | None] = {key: None for key, value in tags.items() if value is None}
        texts = as_texts("tag", {k: v for k, v in tags.items() if v is not None})
        if self._recording is not None:
            self._recording.writer.tags({**gone, **texts})
        else:
            self._update(RunUpdate(tags={**gone, **texts}))

    def set_note(self, note: str) -> None:
        """Replace the note; Markdown."""
        self._update(RunUpdate(note=note))

    def rename(self, name: str) -> None:
        """Give it another name."""
        self._update(RunUpdate(name=name))

    def log_artifact(self, path: str | Path, name: str | None = None) -> None:
        """Store a file or a directory with the run.

        Parameters
        ----------
        name: its path among the artifacts; by default its own name.

        Raises
        ------
        InvalidInput: there is no such file. StorageFull: the server's disk is full.
        """
        self._files.send(Path(path), name)

    def log_artifacts(self, dir: str | Path, path: str = "") -> None:
        """Store all files of a directory, below `path`."""
        self._files.send_all(Path(dir), path)

    def log_text(self, text: str, path: str) -> None:
        """Store text as a file."""
        self._files.send_bytes(text.encode(errors="replace"), path)

    def log_figure(self, figure: Any, path: str) -> None:
        """Store a Matplotlib figure (.png, .svg, .pdf) or a Plotly figure (.html)."""
        self._files.send_bytes(figure_bytes(figure, path), path)

    def log_model(
        self,
        model: Any,
        path: str = "model",
        *,
        input_example: Any = None,
        requirements: Sequence[str] | None = None,
    ) -> None:
        """Store a model so that it can be registered and deployed.

        Parameters
        ----------
        model: a fitted scikit-learn (or compatible) estimator, or any object with `predict`.
        input_example: rows it takes, for its signature and for trying it out.
        requirements: packages of its scoring container, by default those it was trained with.

        Raises
        ------
        InvalidInput: it has no `predict`, is not fitted, or cannot be pickled.
        """
        self._files.send_model(model, path.strip("/"), input_example, requirements)

    def register(
        self, name: str, path: str = "model", tags: Mapping[str, Any] | None = None
    ) -> ModelVersion:
        """Register a logged model; see `ModelsApi.register_from_run`."""
        from modelyard.models import ModelsApi  # noqa: PLC0415 - only who registers pays for it

        return ModelsApi(self._client).register_from_run(self.id, name, path, tags=tags)

    # -- the end ----------------------------------------------------------------------------

    def finish(self, status: End = "finished", error: str = "") -> None:
        """End the run; silent when it has ended, and in a forked child.

        All that was logged is on the server when this returns. If the server does not answer,
        a warning says so, and it reads the rest when it is back.
        """
        recording = self._recording
        if recording is None or os.getpid() != self._pid:
            return
        self._recording = None
        current.closed(self)
        try:
            offset = recording.end(status, error)
            body = RunFinish(status=status, error=error, offset=offset)
            self._info = self._client.post(self._path("/finish"), body, RunInfo)
        except NotConnected as problem:
            self._info.status = status
            warnings.warn(
                f"The end of run '{self.name}' was not delivered yet: {problem}", stacklevel=2
            )
        finally:
            recording.close()

    def __enter__(self) -> Run:
        if self._recording is None:
            self._ended()
        else:
            self._recording.entered = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        clean = error is None or (isinstance(error, SystemExit) and error.code in (None, 0))
        if clean:
            self.finish()
        elif isinstance(error, KeyboardInterrupt):
            self.finish("cancelled", "KeyboardInterrupt: it was interrupted.")
        else:
            if self._recording is not None and os.getpid() == self._pid:
                text = "".join(traceback.format_exception(kind, error, trace))
                self._recording.writer.output(text, 2)
            self.finish("failed", f"{type(error).__name__}: {error}"[:2000])

    def _forked(self) -> None:
        if self._recording is not None:
            self._recording.forked()

    @property
    def _thing(self) -> Thing:
        return Thing(kind=RUN, id=self.id)

    def _path(self, verb: str = "") -> str:
        return run_path(self.id, verb)

    def _update(self, change: RunUpdate) -> None:
        self._info = self._client.request("PATCH", self._path(), body=change, kind=RunInfo)

    def _ended(self) -> Recording:
        raise WrongState(
            f"The run '{self.name}' is not open here.",
            hint="Start another one: ws.experiment(NAME).start_run(). Tags, notes and artifacts "
            "can still be added.",
        )

    def _line(self) -> str:
        return show.run_line(self._info)

    def __repr__(self) -> str:
        return f"Run({self._line()})"

    def _repr_html_(self) -> str:
        return show.run_html(self._info)
