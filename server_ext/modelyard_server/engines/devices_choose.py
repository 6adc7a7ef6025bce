"""Which devices a request gets. Pure functions."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import msgspec

from modelyard.errors import NotEnoughDevices
from modelyard.schema.devices import DeviceHolder
from modelyard_server.engines.devices_inventory import Found

Held = Mapping[str, Sequence[DeviceHolder]]
"""Device id -> who has it."""


class Gpus(msgspec.Struct, kw_only=True, frozen=True):
    """What is asked for: all of it, or nothing."""

    count: int
    shared: bool = False
    """Others that share may be on it, too."""


def choose(
    wanted: Gpus, devices: Sequence[Found], held: Held, before: Sequence[str] = ()
) -> list[Found]:
    """The devices that the request gets, in the order of the inventory.

    An exclusive one gets devices that nobody holds; a shared one may join others that share,
    and goes first where the fewest do. Those it had `before` are preferred, so that a container
    need not be made anew; then those on which no program computes that we know nothing of.

    Raises
    ------
    NotEnoughDevices: names who holds the rest.
    """
    free = [each for each in devices if _free(wanted, held.get(each.id, ()))]
    if len(free) < wanted.count:
        raise NotEnoughDevices(_refusal(wanted, devices, held, len(free)), hint=_HINT, field="gpus")
    order = {each.id: place for place, each in enumerate(devices)}
    free.sort(
        key=lambda each: (
            each.id not in before,
            len(held.get(each.id, ())),
            bool(each.processes),
            order[each.id],
        )
    )
    return sorted(free[: wanted.count], key=lambda each: order[each.id])


_HINT = "Stop one of them, share GPUs (shared=True), or let it wait for its turn (queue=True)."


def _free(wanted: Gpus, holders: Sequence[DeviceHolder]) -> bool:
    return not holders or (wanted.shared and all(each.shared for each in holders))


def _refusal(wanted: Gpus, devices: Sequence[Found], held: Held, free: int) -> str:
    some = "1 GPU was" if wanted.count == 1 else f"{wanted.count} GPUs were"
    there = f"{free or 'none'} of {len(devices)} {'is' if free < 2 else 'are'} free"
    taken = [
        f"{label(each)} is held by {' and '.join(map(_holder, held[each.id]))}"
        for each in devices
        if held.get(each.id)
    ]
    return f"{some} asked for, {there}: {'; '.join(taken)}."


def label(device: Found) -> str:
    """What people call it: 'GPU 0', or a configured device's id."""
    return f"GPU {device.index}" if device.kind == "nvidia" else device.id


def _holder(holder: DeviceHolder) -> str:
    since = (
        f" since {time.strftime('%Y-%m-%d %H:%M', time.localtime(holder.since))}"
        if holder.since
        else ""
    )
    return f"{holder.kind} '{holder.name}' (workspace {holder.workspace[:8]}){since}"
