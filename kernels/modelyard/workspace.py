"""The root of the SDK: one object that leads to everything in a workspace."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from modelyard.address import find_server
from modelyard.client import Client
from modelyard.domains import Domains
from modelyard.schema.common import Status

if TYPE_CHECKING:
    from modelyard.schema.tracking import ExperimentInfo
    from modelyard.tracking.api import Experiment


class Workspace(Domains):
    """A connection to a Modelyard workspace.

    Its parts are attributes, such as `ws.compute` and `ws.models`; see `Domains`.

    Parameters
    ----------
    url: the Jupyter server's URL, `http://host:8888/`, or as the browser shows it; by default
        that of the server this code runs under (`MODELYARD_URL`).
    token: Jupyter's token, where the URL has none; by default `MODELYARD_TOKEN`.

    Attributes
    ----------
    status: the workspace, its engines and sizes, as they were when this was made.

    Raises
    ------
    NotConnected: no server is known, it does not answer, or what answers is not Modelyard.
    NotAuthenticated: the token is wrong.
    """

    def __init__(self, url: str | None = None, token: str | None = None) -> None:
        if url is None:
            url, found = find_server()
            token = token if token is not None else found
        self._client = Client(url, token or "")
        self.status: Status = self._client.get("/status", Status)
        # What the environment names is the spool of the server around us, which need not be this.
        if os.environ.get("MODELYARD_SPOOL", "") == self.status.spool:
            self._client.spool = Path(self.status.spool)

    def experiment(self, name: str) -> Experiment:
        """The experiment of that name; its first run makes it.

        Raises
        ------
        InvalidInput: nothing can have that name.
        """
        return self.runs.experiment(name)

    def experiments(self) -> list[ExperimentInfo]:
        """All experiments that are not deleted."""
        return self.runs.experiments()

    def __repr__(self) -> str:
        return f"Workspace({self.status.workspace!r}, engine={self.status.engine.name!r})"
