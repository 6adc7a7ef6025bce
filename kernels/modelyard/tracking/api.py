"""`ws.experiment(name)` and `ws.runs`."""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from typing import Any

from modelyard.client import Client
from modelyard.collection import Api
from modelyard.errors import NotFound
from modelyard.schema.tracking import ExperimentInfo, ExperimentUpdate, RunInfo, RunPage
from modelyard.suggest import did_you_mean
from modelyard.tracking.names import check_name
from modelyard.tracking.run import Run, run_path
from modelyard.tracking.show import Runs
from modelyard.tracking.start import start_run

_PAGE = 500


class Experiment:
    """A named context that holds runs. It is made when its first run starts.

    Unlike other objects of the SDK it keeps no fields: it may not exist yet, and is found by its
    name each time.
    """

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = check_name(name)

    @property
    def name(self) -> str:
        """Its name."""
        return self._name

    @property
    def info(self) -> ExperimentInfo:
        """All about it. NotFound while it has had no run."""
        return find_experiment(self._client, self._name)

    @property
    def id(self) -> int:
        """Its number."""
        return self.info.id

    def start_run(
        self,
        name: str = "",
        *,
        tags: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        source: str | None = None,
    ) -> Run:
        """Open a run: `with ws.experiment('churn').start_run() as run:`.

        Its code, its output, the installed packages, start, end and status are kept without
        another line. A run that starts in the `with` block of another is its child.

        Parameters
        ----------
        name: for people; one is chosen without it.
        tags, params: what to mark it with, and what it was given.
        source: the code that is the run; by default the notebook or script is found out.

        Raises
        ------
        InvalidInput: a malformed name, tag or parameter.
        WrongState: the experiment was deleted.
        NotConnected: the server does not answer, and there is no spool that it reads later.
        """
        return start_run(self._client, self._name, name=name, tags=tags, params=params, cell=source)

    def runs(
        self, *, q: str = "", order_by: str = "created", descending: bool = True, limit: int = 100
    ) -> Runs:
        """Its runs; see `RunsApi.list`."""
        return RunsApi(self._client).list(
            experiment=self._name, q=q, order_by=order_by, descending=descending, limit=limit
        )

    def rename(self, name: str) -> Experiment:
        """Give it another name. AlreadyExists when that is taken."""
        check_name(name)
        self._patch(ExperimentUpdate(name=name))
        self._name = name
        return self

    def set_note(self, note: str) -> Experiment:
        """Replace its note; Markdown."""
        self._patch(ExperimentUpdate(note=note))
        return self

    def delete(self, *, forever: bool = False) -> None:
        """Hide it with its runs; `restore()` brings them back.

        Parameters
        ----------
        forever: remove it with its runs and their files; also one that was deleted before. Models
            registered from them stay.

        Raises
        ------
        InUse: runs of it have not ended, or an endpoint depends on one.
        """
        id = find_experiment(self._client, self._name, deleted=True).id if forever else self.id
        self._client.delete(f"/experiments/{id}", forever="true" if forever else None)

    def restore(self) -> Experiment:
        """Bring it back after `delete()`; silent when it was not deleted."""
        found = find_experiment(self._client, self._name, deleted=True)
        self._client.post(f"/experiments/{found.id}/restore", kind=ExperimentInfo)
        return self

    def _patch(self, change: ExperimentUpdate) -> None:
        self._client.patch(f"/experiments/{self.id}", change, ExperimentInfo)

    def __repr__(self) -> str:
        return f"Experiment({self._name!r})"


class RunsApi(Api):
    """`ws.runs`: runs of all experiments."""

    def experiments(self) -> builtins.list[ExperimentInfo]:
        """All experiments that are not deleted."""
        return self._client.get("/experiments", builtins.list[ExperimentInfo])

    def experiment(self, name: str) -> Experiment:
        """The experiment of that name; its first run makes it.

        Raises
        ------
        InvalidInput: nothing can have that name.
        """
        return Experiment(self._client, name)

    def get(self, id: str) -> Run:
        """One run. NotFound when there is none."""
        return Run(self._client, self._client.get(run_path(id), RunInfo))

    def list(
        self,
        *,
        experiment: str | None = None,
        q: str = "",
        order_by: str = "created",
        descending: bool = True,
        limit: int = 100,
        deleted: bool = False,
    ) -> Runs:
        """Runs, newest first unless ordered otherwise.

        Parameters
        ----------
        experiment: only those of this experiment, by name.
        q: words in name, tags or parameters, how an id begins, and comparisons such as
            'metrics.accuracy > 0.9'.
        order_by: created, name, status, metric.KEY or param.KEY. Runs without it come last.
        limit: at most so many.

        Raises
        ------
        NotFound: there is no such experiment. InvalidInput: `q` or `order_by`.
        """
        id = find_experiment(self._client, experiment).id if experiment else None
        found, page = Runs(), ""
        while len(found) < limit:
            answer: RunPage = self._client.get(
                "/runs",
                RunPage,
                experiment=id,
                q=q or None,
                order_by=order_by,
                descending=descending,
                limit=min(_PAGE, limit - len(found)),
                page=page or None,
                deleted=deleted,
            )
            found.extend(Run(self._client, info) for info in answer.runs)
            page = answer.next
            if not page:
                break
        return found

    def delete(self, id: str, *, forever: bool = False) -> None:
        """Hide a run; `restore(id)` brings it back.

        Parameters
        ----------
        forever: remove it with its files; also one that was deleted before. Models registered
            from it stay.

        Raises
        ------
        WrongState: it has not ended. InUse: an endpoint depends on it.
        """
        self._client.delete(run_path(id), forever=forever)

    def restore(self, id: str) -> Run:
        """Bring a deleted run back."""
        return Run(self._client, self._client.post(f"{run_path(id)}/restore", kind=RunInfo))


def find_experiment(client: Client, name: str, *, deleted: bool = False) -> ExperimentInfo:
    """The experiment of that name; with `deleted`, a deleted one too.

    Raises
    ------
    NotFound: there is none; names a similar one.
    """
    found = client.get("/experiments", list[ExperimentInfo])
    if deleted:
        found += client.get("/experiments", list[ExperimentInfo], deleted=True)
    for experiment in found:
        if experiment.name == name:
            return experiment
    raise NotFound(
        f"There is no experiment '{name[:80]}'.",
        hint=did_you_mean(name, [e.name for e in found]) or "Its first run makes it.",
        field="experiment",
    )
