"""The root of the SDK: one object that leads to everything in a workspace."""

from __future__ import annotations

import os
from pathlib import Path

from modelyard.client import Client, find_server
from modelyard.compute import ComputeApi
from modelyard.endpoints import EndpointsApi
from modelyard.models import ModelsApi
from modelyard.schema.common import Status
from modelyard.schema.tracking import ExperimentInfo
from modelyard.tracking.api import Experiment, RunsApi


class Workspace:
    """A connection to a Modelyard workspace.

    Parameters
    ----------
    url: the Jupyter server's URL, `http://host:8888/`; by default the server this code runs
        under (`MODELYARD_URL`).
    token: Jupyter's token; by default `MODELYARD_TOKEN`.

    Raises
    ------
    NotConnected: no server is known, or it does not answer.
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
        self.compute = ComputeApi(self._client)
        self.runs = RunsApi(self._client)
        self.models = ModelsApi(self._client)
        self.endpoints = EndpointsApi(self._client)

    def experiment(self, name: str) -> Experiment:
        """The experiment of that name, made if there is none."""
        return Experiment(self._client, name)

    def experiments(self) -> list[ExperimentInfo]:
        """All experiments that are not deleted."""
        return self._client.get("/experiments", list[ExperimentInfo])

    def __repr__(self) -> str:
        return f"Workspace({self.status.workspace!r}, engine={self.status.engine.name!r})"
