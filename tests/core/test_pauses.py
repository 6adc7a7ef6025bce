"""Nothing holds up the whole server for long."""

from __future__ import annotations

import gc
from asyncio import AbstractEventLoop

from jupyter_server.serverapp import ServerApp


def test_full_collections_pass_over_what_is_loaded(
    jp_serverapp: ServerApp, jp_asyncio_loop: AbstractEventLoop
) -> None:
    # Looking at all of it holds up every thread for a fifth of a second.
    left = len(gc.get_objects())
    assert gc.get_freeze_count() > 2 * left
    jp_asyncio_loop.run_until_complete(jp_serverapp.extension_manager.stop_all_extensions())
    assert gc.get_freeze_count() == 0, "a server that ended keeps nothing alive"
