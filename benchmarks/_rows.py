"""Many ended runs at once, written as rows: by the API they would take minutes."""

from __future__ import annotations

import random
import uuid

from modelyard_server.db.session import Database
from modelyard_server.tracking.tables import ExperimentRow, MetricKeyRow, MetricRow, RunRow


def add_ended_runs(db: Database, count: int) -> None:
    """Runs of an experiment `old`, each with a metric `accuracy`."""
    noise = random.Random(1)
    with db.session() as session:
        experiment = ExperimentRow(name="old", created=1.0, updated=1.0)
        metric = MetricKeyRow(name="accuracy")
        session.add_all([experiment, metric])
        session.flush()
        runs = [
            RunRow(
                uid=uuid.UUID(int=noise.getrandbits(128)).hex, experiment_id=experiment.id,
                name=f"run-{number}", status="finished", created=1.0 + number, started=1.0,
                ended=2.0, compute="", parent="", source_kind="script", source_name="", python="",
                spool=True, heard=2.0,
            )
            for number in range(count)
        ]  # fmt: skip
        session.add_all(runs)
        session.flush()
        values = [(run.id, noise.random()) for run in runs]
        session.add_all(
            MetricRow(
                run_id=id, key_id=metric.id, experiment_id=experiment.id, last=value, min=value,
                max=value, step=0, count=1, sealed=0,
            )
            for id, value in values
        )  # fmt: skip
