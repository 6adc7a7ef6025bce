"""Routes of storage."""

from __future__ import annotations

import msgspec

from modelyard.errors import EngineUnavailable
from modelyard.schema.storage import StorageClean, StorageCleaned, StorageUsage
from modelyard_server.core.handler import PREFIX_URL, Handler, authorized
from modelyard_server.core.holder import LOCAL, holder_of
from modelyard_server.storage.manager import StorageManager


class StorageQuery(msgspec.Struct, kw_only=True):
    """How fresh."""

    refresh: bool = False
    """Measure now, in the background; else only when the last time is an hour ago."""


class _StorageBase(Handler):
    abandons = False  # what is being removed is removed, whether somebody waits or not

    @property
    def storage(self) -> StorageManager:
        """The manager."""
        return self.settings["modelyard"].storage


class StorageHandler(_StorageBase):
    """What takes how much of the disk."""

    @authorized("read", answer=StorageUsage)
    async def get(self, query: StorageQuery) -> None:
        """What takes how much, as it was measured last."""
        await self.answer(self.storage.usage, refresh=query.refresh)


class StorageCleanHandler(_StorageBase):
    """What can go."""

    @authorized("write", answer=StorageCleaned, errors=(EngineUnavailable,))
    async def post(self, body: StorageClean) -> None:
        """Remove what can go of some kinds, or say what that is."""
        run = self.in_waiting_thread if body.dry_run else self.in_turn
        is_own = holder_of(self.principal) == LOCAL
        self.reply(await run(self.storage.clean, body, shared=is_own))


routes: list[tuple[str, type]] = [
    (rf"{PREFIX_URL}/storage", StorageHandler),
    (rf"{PREFIX_URL}/storage/clean", StorageCleanHandler),
]
