"""Which devices a request gets, and who is served first. Pure functions."""

from __future__ import annotations

import time
from collections import Counter
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


class Request(msgspec.Struct, kw_only=True, frozen=True):
    """Somebody who wants devices."""

    container: str
    kind: str
    name: str
    workspace: str
    engine: str
    gpus: Gpus
    since: float
    """When it asked: its place in the line."""


def choose(
    wanted: Gpus,
    devices: Sequence[Found],
    held: Held,
    before: Sequence[str] = (),
    line: Sequence[Request] = (),
) -> list[Found]:
    """The devices that the request gets, in the order of the inventory.

    An exclusive one gets devices that nobody holds; a shared one may join others that share,
    and goes first where the fewest do. Those it had `before` are preferred; then those on which
    no program computes that we know nothing of.

    Parameters
    ----------
    line: those that asked earlier and wait, the first one first. For each, as many devices as it
        wants are kept, so that small requests do not keep a large one waiting for ever.

    Raises
    ------
    NotEnoughDevices: names who holds the rest, and who is first.
    """
    taken = _with_reserved(line, devices, held)
    free = [each for each in devices if _free(wanted, taken.get(each.id, ()))]
    if len(free) < wanted.count:
        raise NotEnoughDevices(_refusal(wanted, devices, held, line), hint=_HINT, field="gpus")
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


def waits_for(
    wanted: Gpus, devices: Sequence[Found], held: Held, line: Sequence[Request] = ()
) -> str:
    """One line for people: `Waits for 2 GPUs; held by a (1), b (1); c (4) is first`."""
    holders = Counter(each.name for device in devices for each in held.get(device.id, ()))
    said = [f"Waits for {_gpus(wanted.count)}"]
    if holders:
        said.append("held by " + ", ".join(f"{name} ({n})" for name, n in sorted(holders.items())))
    if line:
        said.append(f"{_first(line)} {'is' if len(line) == 1 else 'are'} first")
    return "; ".join(said)


_HINT = "Stop one of them, share GPUs (shared=True), or let it wait for its turn (queue=True)."


def _free(wanted: Gpus, holders: Sequence[DeviceHolder]) -> bool:
    return not holders or (wanted.shared and all(each.shared for each in holders))


def _with_reserved(line: Sequence[Request], devices: Sequence[Found], held: Held) -> Held:
    """What is held, and kept for those in the line as if they held it.

    Each keeps what it could have now, then what the fewest hold: nobody new joins those, so that
    they come free one by one, until it has all of them.
    """
    taken = {each.id: [*held.get(each.id, ())] for each in devices}
    for request in line:
        best = sorted(
            taken.values(), key=lambda holders: (not _free(request.gpus, holders), len(holders))
        )
        for holders in best[: request.gpus.count]:
            holders.append(
                DeviceHolder(
                    kind=request.kind,
                    name=request.name,
                    workspace=request.workspace,
                    shared=request.gpus.shared,
                )
            )
    return taken


def _refusal(wanted: Gpus, devices: Sequence[Found], held: Held, line: Sequence[Request]) -> str:
    some = f"{_gpus(wanted.count)} {'was' if wanted.count == 1 else 'were'}"
    free = sum(_free(wanted, held.get(each.id, ())) for each in devices)
    there = f"{free or 'none'} of {len(devices)} {'is' if free < 2 else 'are'} free"
    if line:
        there += f", and {_first(line)} asked first"
    taken = [
        f"{label(each)} is held by {' and '.join(map(_holder, held[each.id]))}"
        for each in devices
        if held.get(each.id)
    ]
    return f"{some} asked for, {there}{': ' if taken else ''}{'; '.join(taken)}."


def _first(line: Sequence[Request]) -> str:
    return ", ".join(f"{each.name} ({each.gpus.count})" for each in line)


def _gpus(count: int) -> str:
    return f"{count} GPU{'' if count == 1 else 's'}"


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
