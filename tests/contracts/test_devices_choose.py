"""Who gets which device: whatever is asked for and held, never one twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelyard.errors import NotEnoughDevices
from modelyard.schema.devices import DeviceHolder
from modelyard_server.engines.devices_choose import Gpus, Request, choose, waits_for
from modelyard_server.engines.devices_inventory import Found


def gpu(index: int) -> Found:
    return Found(id=f"GPU-{index}", name="H", kind="nvidia", index=str(index))


def holder(name: str, *, shared: bool = False, since: float | None = None) -> DeviceHolder:
    return DeviceHolder(kind="instance", name=name, workspace="w" * 32, shared=shared, since=since)


@given(
    there=st.integers(0, 6),
    asked=st.lists(st.tuples(st.integers(1, 4), st.booleans(), st.booleans()), max_size=30),
)
def test_an_exclusive_device_has_one_holder(
    there: int, asked: list[tuple[int, bool, bool]]
) -> None:
    devices = [gpu(index) for index in range(there)]
    held: dict[str, list[DeviceHolder]] = {each.id: [] for each in devices}
    for turn, (count, shared, first_leaves) in enumerate(asked):
        free = [
            each
            for each in devices
            if not held[each.id] or (shared and all(h.shared for h in held[each.id]))
        ]
        try:
            got = choose(Gpus(count=count, shared=shared), devices, held)
        except NotEnoughDevices:
            assert len(free) < count
            continue
        assert len({each.id for each in got}) == count
        for each in got:
            held[each.id].append(holder(str(turn), shared=shared))
        for holders in held.values():
            assert len(holders) <= 1 or all(each.shared for each in holders)
        if first_leaves:
            held = {id: [h for h in hs if h.name != str(turn)] for id, hs in held.items()}


def test_the_error_names_the_holders() -> None:
    held = {"GPU-0": [holder("a", since=1e9)], "GPU-1": [holder("b", shared=True)]}
    with pytest.raises(NotEnoughDevices) as caught:
        choose(Gpus(count=1), [gpu(0), gpu(1)], held)
    message = caught.value.message
    assert "GPU 0 is held by instance 'a' (workspace wwwwwwww) since 2001-09-" in message
    assert "GPU 1 is held by instance 'b'" in message
    assert caught.value.field == "gpus"


def test_all_or_nothing() -> None:
    with pytest.raises(NotEnoughDevices, match="1 of 2 is free"):
        choose(Gpus(count=2), [gpu(0), gpu(1)], {"GPU-0": [holder("a")]})


def test_what_it_had_before_is_preferred() -> None:
    got = choose(Gpus(count=1), [gpu(0), gpu(1)], {}, before=["GPU-1"])
    assert [each.id for each in got] == ["GPU-1"]


def request(name: str, count: int, *, shared: bool = False) -> Request:
    gpus = Gpus(count=count, shared=shared)
    return Request(
        container=name, kind="instance", name=name, workspace="w" * 32, engine="docker",
        gpus=gpus, since=1.0,
    )  # fmt: skip


def test_small_requests_do_not_pass_a_gang_that_waits() -> None:
    devices = [gpu(index) for index in range(4)]
    held = {"GPU-0": [holder("a")]}
    line = [request("gang", 4)]
    with pytest.raises(NotEnoughDevices, match=r"3 of 4 are free, and gang \(4\) asked first"):
        choose(Gpus(count=1), devices, held, line=line)
    assert waits_for(Gpus(count=1), devices, held, line) == (
        "Waits for 1 GPU; held by a (1); gang (4) is first"
    )
    assert len(choose(Gpus(count=4), devices, {})) == 4


def test_what_the_first_does_not_need_is_given() -> None:
    devices = [gpu(index) for index in range(4)]
    got = choose(Gpus(count=2), devices, {}, line=[request("first", 2)])
    assert [each.id for each in got] == ["GPU-2", "GPU-3"]


def test_sharing_does_not_pass_one_that_waits_for_all() -> None:
    held = {"GPU-0": [holder("a", shared=True)]}
    with pytest.raises(NotEnoughDevices):
        choose(Gpus(count=1, shared=True), [gpu(0)], held, line=[request("alone", 1)])
    shares = [request("shares", 1, shared=True)]
    assert choose(Gpus(count=1, shared=True), [gpu(0)], held, line=shares)
