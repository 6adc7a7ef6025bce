"""One stream of changes, of which no event is large."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from modelyard.schema.common import Change, ChangeEvent
from modelyard.schema.registry import Model, ModelVersionInfo
from modelyard.schema.serving import EndpointInfo
from modelyard.schema.tracking import MetricSummary, RunInfo
from modelyard_server.core.events import MOST_EVENT, MOST_ITEM, Events

LARGEST = 32_000
"""Bytes of JSON that one object may put into an event, with what is around it."""


def run(id: str, metrics: int, **fields: Any) -> RunInfo:
    """A run with so many metrics."""
    summary = MetricSummary(last=0.1234567, min=0.0123, max=1.2345, step=99_999, count=100_000)
    return RunInfo(
        id=id,
        experiment_id=1,
        experiment="demo",
        name="wide",
        status="running",
        created=1.0,
        params={"lr": "0.1"},
        metrics={f"layer.{number}/grad": summary for number in range(metrics)},
        **fields,
    )


def told(report: Callable[[Events], None], changes: int) -> list[ChangeEvent]:
    """The events with which so many changes arrive, as their JSON says them."""
    sent: list[ChangeEvent] = []

    async def listen() -> None:
        arrived = asyncio.Event()

        def emit(payload: dict[str, Any]) -> None:
            sent.append(msgspec.json.decode(msgspec.json.encode(payload), type=ChangeEvent))
            if sum(len(event.changes) for event in sent) >= changes:
                arrived.set()

        events = Events(emit)
        report(events)
        events.start(asyncio.get_running_loop())
        await asyncio.wait_for(arrived.wait(), 30)
        events.stop()

    asyncio.run(listen())
    return [event for event in sent if event.changes]


def only(item: msgspec.Struct) -> Change:
    """The change with which one object arrives."""
    [event] = told(lambda events: events.updated("any", "a", item), 1)
    assert len(msgspec.json.encode(event)) < LARGEST
    return event.changes[0]


def test_a_run_with_thousands_of_metrics_is_told_without_them() -> None:
    change = only(run("a", 5_000, note="short"))
    assert change.omitted == ["metrics"]
    seen = msgspec.convert(change.item, RunInfo)
    assert seen == run("a", 0, note="short")


def test_as_little_as_possible_is_left_out() -> None:
    change = only(run("a", 5_000, note="n" * 100_000, error="Boom"))
    assert sorted(change.omitted) == ["metrics", "note"]
    assert change.item["error"] == "Boom"
    assert change.item["params"] == {"lr": "0.1"}


def test_what_is_small_travels_whole() -> None:
    change = only(run("a", 100))
    assert change.omitted == []
    assert msgspec.convert(change.item, RunInfo) == run("a", 100)


def test_large_inputs_of_endpoints_and_models_stay_at_home() -> None:
    example = {"inputs": [[0.5] * 1_000] * 100}
    endpoint = EndpointInfo(
        name="e",
        url="http://127.0.0.1:1",
        port=1,
        state="running",
        engine="docker",
        created=1.0,
        updated=1.0,
        input_example=example,
    )
    assert only(endpoint).omitted == ["input_example"]
    version = ModelVersionInfo(
        name="m", version=1, created=1.0, flavor="sklearn", input_example=example
    )
    model = Model(name="m", created=1.0, updated=1.0, versions=[version])
    assert only(model).omitted == ["versions"]


def test_many_changes_at_once_are_spread_over_events() -> None:
    runs = [run(f"{number:032x}", 180) for number in range(50)]

    def report(events: Events) -> None:
        for each in runs:
            events.updated("run", each.id, each)
        events.deleted("run", "gone")

    events = told(report, len(runs) + 1)
    assert len(events) > 1
    assert all(len(msgspec.json.encode(event)) < MOST_EVENT + MOST_ITEM for event in events)
    assert [event.revision for event in events] == list(range(1, len(events) + 1))
    ids = [change.id for event in events for change in event.changes]
    assert ids == [*(each.id for each in runs), "gone"]
