"""The rules of runs, and what keeps them going."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from traitlets import Float
from traitlets.config import LoggingConfigurable

from modelyard.errors import InvalidInput, WrongState
from modelyard.schema.lineage import MODEL_VERSION, RUN
from modelyard.schema.tracking import (
    HistoryInfo,
    LogAck,
    ModelRef,
    RunCreate,
    RunFinish,
    RunInfo,
    RunLog,
    RunPage,
    RunUpdate,
)
from modelyard.tracking.names import NOTE_LENGTH, check_name, check_text, random_name
from modelyard_server.artifacts.store import ArtifactStore
from modelyard_server.core.events import Events
from modelyard_server.core.holder import LOCAL
from modelyard_server.core.loop import Loop
from modelyard_server.core.paths import Paths
from modelyard_server.db.session import Database
from modelyard_server.lineage.manager import LineageManager
from modelyard_server.tracking.closing import Closing
from modelyard_server.tracking.experiments import Experiments
from modelyard_server.tracking.files import RunFiles
from modelyard_server.tracking.ingest import Ingestor
from modelyard_server.tracking.layout import log_key, run_key
from modelyard_server.tracking.live import LiveRuns
from modelyard_server.tracking.output import LONGEST, OutputLogs
from modelyard_server.tracking.purging import Purging
from modelyard_server.tracking.query import parse_order, parse_page_token, parse_query
from modelyard_server.tracking.spools import Spools
from modelyard_server.tracking.store.experiments import ExperimentStore
from modelyard_server.tracking.store.metrics import MetricStore
from modelyard_server.tracking.store.pages import PageStore
from modelyard_server.tracking.store.purge import PurgeStore
from modelyard_server.tracking.store.runs import Position, RunStore
from modelyard_server.tracking.tailer import TURN, Tailer
from modelyard_server.tracking.texts import check_texts

_INTERVAL = 0.2
"""Seconds between looks at the spools of active runs."""

_PURGE_INTERVAL = 5.0
"""Seconds between looks for deleted runs that can go."""


class TrackingManager(LoggingConfigurable):
    """Experiments, runs and what runs log.

    Attributes
    ----------
    experiments: their rules.
    files: the artifacts of runs.
    purging: removes runs for ever, and what is left of them.
    """

    purge_after = Float(
        30 * 86400.0,
        min=0.0,
        help="Seconds after which deleted runs are removed for ever; 0: never.",
    ).tag(config=True)

    def __init__(
        self,
        *,
        db: Database,
        store: ArtifactStore,
        paths: Paths,
        events: Events,
        lineage: LineageManager,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._lineage = lineage
        experiments = ExperimentStore(db)
        self._runs = RunStore(db)
        self._pages = PageStore(db)
        self._metrics = MetricStore(db)
        self._events = events
        self._logs = OutputLogs(paths.logs / "runs", store)
        self._spools = Spools(paths.spool)
        self._ingestor = Ingestor(self._runs, store, self._logs, self.log)
        self._tailer = Tailer(self._spools, self._ingestor, self._runs, self, self.log)
        self._closing = Closing(self._logs, self._spools, self._runs, self.log)
        self.purging = Purging(
            PurgeStore(db),
            store,
            self._logs,
            self._spools,
            self.log,
            after=lambda: self.purge_after,
        )
        self.files = RunFiles(store, self._runs, self.purging.remove_orphan)
        self._looked_back = False
        self._failing: dict[str, str] = {}
        self._live = LiveRuns(events, self.run, experiments.get)
        self._loop = Loop("tracking", self.step, _INTERVAL, self.log)
        # A thread of its own: removing many files must not keep spools waiting.
        self._purge_loop = Loop("purge", self.purge_step, _PURGE_INTERVAL, self.log)
        self.experiments = Experiments(experiments, self._live, events, self._purge_experiment)

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Follow the spools, and finish what an earlier server left.

        Never raises: what cannot be done yet is in `problems` and tried again by the loop.
        """
        self._loop.start()
        self._purge_loop.start()

    def stop(self) -> None:
        """Read no more; what is logged meanwhile waits in the spools."""
        self._loop.stop()
        self._purge_loop.stop()

    def step(self) -> None:
        """What the loop does: tidy up, read spools, tell the browser; each whatever the others do.

        What fails is logged when it begins to, and tried again by the next step.
        """
        if not self._looked_back:
            self._looked_back = self._attempt("finishing earlier runs", self._closing.look_back)
        self._attempt("storing output", self._closing.retry)
        self._attempt("reading spools", self._tailer.step)
        self._attempt("telling of runs", self._live.flush)

    def purge_step(self) -> None:
        """What the purge loop does: remove a few of the runs that were deleted long ago."""
        self._attempt("removing deleted runs", self.purging.step)

    def problems(self) -> list[str]:
        """Sentences about what does not work at this moment; empty when all does."""
        failing = [f"Tracking: {what} fails: {error}" for what, error in self._failing.items()]
        return failing + self._closing.problems() + self.purging.problems()

    def _attempt(self, what: str, action: Callable[[], None]) -> bool:
        try:
            action()
        except Exception as error:
            if what not in self._failing:
                self.log.error("modelyard: %s fails; it is tried again", what, exc_info=error)
            self._failing = {**self._failing, what: str(error)}
            return False
        if what in self._failing:
            self._failing = {name: e for name, e in self._failing.items() if name != what}
        return True

    def _purge_experiment(self, id: int) -> None:
        self.purging.purge_experiment(id)
        self._purge_loop.wake()

    # -- runs -------------------------------------------------------------------------------

    def create_run(self, body: RunCreate, holder: str = LOCAL) -> RunInfo:
        """Begin a run; one with that id is returned as it is, so that a client may retry.

        Parameters
        ----------
        holder: who creates it, see `core.holder`: the spool is read from that folder alone.

        Raises
        ------
        InvalidInput: a name, a tag or a parameter. WrongState: the experiment is deleted.
        """
        check_name(body.experiment, field="experiment")
        if body.name:
            check_name(body.name, what="run")
        check_texts("tag", body.tags)
        check_texts("parameter", body.params)
        self.experiments.refuse_deleted(body.experiment)
        self._runs.create(body, body.name or random_name(), holder, time.time())
        self._tailer.expect()
        run = self._live.run_now(body.id)
        self._live.experiment_now(run.experiment_id)
        return run

    def run(self, id: str) -> RunInfo:
        """One run. NotFound when there is none."""
        run = self._runs.get(id)
        run.models = self._models_of([id]).get(id, [])
        return run

    def fresh_run(self, id: str) -> RunInfo:
        """One run, with all that is in its spool now: who logs and then reads finds it."""
        self._catch_up(id)
        return self.run(id)

    def runs(
        self,
        *,
        experiment: int | None = None,
        q: str = "",
        order_by: str = "created",
        descending: bool = True,
        limit: int = 100,
        page: str = "",
        deleted: bool = False,
    ) -> RunPage:
        """A page of runs.

        Parameters
        ----------
        q: words that must be found in name, tags or parameters (or begin the id), and comparisons:
            `metrics.accuracy > 0.9`.
        order_by: created, name, status, metric.KEY or param.KEY.
        page: the `next` of the page before.

        Raises
        ------
        InvalidInput: it names the argument.
        """
        found = self._pages.page(
            experiment=experiment,
            deleted=deleted,
            query=parse_query(q),
            order=parse_order(order_by, descending=descending),
            limit=limit,
            place=parse_page_token(page),
        )
        models = self._models_of([run.id for run in found.runs])
        for run in found.runs:
            run.models = models.get(run.id, [])
        return found

    def update_run(self, id: str, body: RunUpdate) -> RunInfo:
        """Change name, note or tags."""
        values: dict[str, Any] = {}
        if body.name is not None:
            values["name"] = check_name(body.name, what="run")
        if body.note is not None:
            values["note"] = check_text(body.note, what="note", key="note", limit=NOTE_LENGTH)
        tags = body.tags or {}
        check_texts("tag", {key: value or "" for key, value in tags.items()})
        self._runs.update(id, values, tags)
        return self._live.run_now(id)

    def delete_run(self, id: str, *, forever: bool = False) -> None:
        """Hide a run; `restore_run` brings it back, unless it is removed for ever.

        Versions registered from it have files of their own, and stay.

        Raises
        ------
        WrongState: it has not ended. InUse: a live deployment depends on it.
        """
        run = self.run(id)
        if not self._runs.position(id).ended:
            raise WrongState(
                f"The run '{run.name}' has not ended.", hint="Wait for it, or restart its kernel."
            )
        if forever:
            self.purging.purge(id)
        else:
            self._runs.hide(id, time.time())
        self._events.deleted("run", id)
        self._live.experiment_now(run.experiment_id)

    def restore_run(self, id: str) -> RunInfo:
        """Bring a deleted run back; silent when it was not deleted."""
        self._runs.update(id, {"deleted": None}, {})
        run = self._live.run_now(id)
        self._live.experiment_now(run.experiment_id)
        return run

    def finish_run(self, id: str, body: RunFinish) -> RunInfo:
        """End a run once `body.offset` bytes of its spool are read; silent when it has ended.

        Raises
        ------
        WrongState: the server does not hold that much of the spool.
        """
        position = self._runs.position(id)
        if position.writing and position.spool:
            position = self._tailer.read(id)
        if not position.ended and position.offset < body.offset:
            raise WrongState(
                f"The server holds {position.offset} of {body.offset} bytes that were logged.",
                hint="Send the rest first.",
                field="offset",
            )
        if not position.ended:
            self._runs.end(position.id, body.status, body.error, time.time())
            self.closed(id)
        return self.run(id)

    def touch(self, id: str) -> None:
        """Tell the browser of a run: something about it changed elsewhere."""
        self._live.run_now(id)

    def _models_of(self, ids: Sequence[str]) -> dict[str, list[ModelRef]]:
        """The registered versions made from runs; a run without any is left out."""
        found = self._lineage.resting(MODEL_VERSION, RUN, ids)
        return {
            run: sorted(map(_model_ref, versions), key=_place) for run, versions in found.items()
        }

    # -- what runs log ----------------------------------------------------------------------

    def ingest(self, id: str, offset: int, data: bytes) -> LogAck:
        """Take a piece of a run's spool from a client; says how much the server holds."""
        position = self._ingestor.ingest(id, offset, data)
        self.changed(id)
        if position.ended:
            self.closed(id)
        return LogAck(offset=position.offset)

    def history(self, id: str, key: str, max_points: int = 0) -> HistoryInfo:
        """A metric's points; of more than `max_points`, the extremes of each stretch.

        Raises
        ------
        NotFound: the run, or its metric.
        """
        self._catch_up(id)
        return self._metrics.history(id, key, max_points)

    def output(self, id: str, offset: int) -> RunLog:
        """What the run printed, from a byte on; at most 1 MiB at once.

        Raises
        ------
        InvalidInput: no log is as long as `offset`.
        """
        if offset > LONGEST:
            raise InvalidInput(
                f"No run's output has {offset:,} bytes; {LONGEST:,} are kept.", field="offset"
            )
        position = self._catch_up(id)
        text, end = self._logs.read(id, log_key(id), offset, position.log_size)
        return RunLog(text=text, offset=end, ended=position.ended and not text)

    def _catch_up(self, id: str) -> Position:
        position = self._runs.position(id)
        behind = position.spool and self._spools.of(position.holder, id).size() > position.offset
        return self._tailer.read(id, TURN) if position.writing and behind else position

    def adopt(self, body: RunCreate, holder: str) -> None:
        """Make a run that a holder began while no server answered; its experiment comes back."""
        self.experiments.bring_back(body.experiment)
        body.spool = True
        self.create_run(body, holder)

    def changed(self, uid: str) -> None:
        """Tell the browser soon; at most twice a second for a run."""
        self._live.mark(uid)

    def closed(self, uid: str) -> None:
        """Tidy up after a run that has ended."""
        self._closing.close(uid)
        if self._runs.exists(uid):
            run = self._live.run_now(uid)
            self._live.experiment_now(run.experiment_id)

    def artifact_key(self, run_id: str, path: str = "") -> str:
        """Key in the artifact store of a path below a run's artifacts."""
        return run_key(run_id, path)


def _model_ref(version: str) -> ModelRef:
    name, _, number = version.rpartition(":")
    return ModelRef(name=name, version=int(number))


def _place(model: ModelRef) -> tuple[str, int]:
    return model.name, model.version
