"""The extension application: configuration, life cycle, and where the parts are joined."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

from jupyter_core.paths import jupyter_data_dir
from jupyter_server.extension.application import ExtensionApp
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPMessageDelegate
from tornado.netutil import bind_unix_socket
from tornado.routing import Router
from tornado.web import Application, ErrorHandler
from traitlets import Enum, Unicode

from modelyard_server.core.events import SCHEMA, SCHEMA_ID, Events
from modelyard_server.core.holder import LOCAL, LOCAL_SUBJECT
from modelyard_server.core.lock import lock
from modelyard_server.core.ownership import share
from modelyard_server.core.paths import Paths, ServerInfo, write_server
from modelyard_server.core.starting import Starting
from modelyard_server.engines.choose import open_engines
from modelyard_server.engines.devices_inventory import DeviceInventory
from modelyard_server.engines.names import AUTO, CHOICES
from modelyard_server.engines.reach import SameHost
from modelyard_server.jupyter_kernels import Kernels
from modelyard_server.services import DOMAINS, ROUTES, Services, build
from modelyard_server.status.handlers import last_routes
from modelyard_server.status.handlers import routes as status_routes

_POOLS = {
    "modelyard_executor": 16,
    "modelyard_waiting": 16,
    "modelyard_lookups": 2,
    "modelyard_turns": 1,
}
"""Threads: for work, for waiting on others, for finding out who asks, and for what takes long and
is done one after the other (core/handler.py)."""


class ModelyardApp(ExtensionApp):
    """Modelyard in a Jupyter server."""

    name = "modelyard"
    classes = [DeviceInventory, *(domain.manager for domain in DOMAINS)]
    load_other_extensions = True
    description = "A managed machine-learning workspace inside JupyterLab."

    workspace = Unicode(
        "",
        config=True,
        help="Directory of the workspace; by default one that belongs to Jupyter's root folder.",
    )
    engine = Enum(
        CHOICES,
        AUTO,
        config=True,
        help="What runs new compute targets whose maker names no engine; auto: Docker where it "
        "answers or is in use already, else local processes.",
    )
    on_exit = Enum(
        ["keep", "stop"],
        "keep",
        config=True,
        help="What happens to running compute instances when the server exits. "
        "Endpoints go on serving either way.",
    )

    services: Services
    _exported: dict[str, str] = {}
    _life: asyncio.Lock
    _lock: IO[str] | None = None
    starting: Starting | None = None
    _socket: HTTPServer | None = None

    # -- building ---------------------------------------------------------------------------

    def initialize_settings(self) -> None:
        """Build the managers."""
        assert self.serverapp is not None
        if os.getuid() == 0:
            os.umask(0o002)  # programs in containers write to the same files, see core/ownership
        self._life = asyncio.Lock()
        paths = self._paths()
        self._lock = lock(paths)
        engines = open_engines(paths)
        logger: Any = self.serverapp.event_logger
        logger.register_event_schema(SCHEMA)
        events = Events(lambda data: logger.emit(schema_id=SCHEMA_ID, data=data))
        kernels = Kernels(self.serverapp.kernel_manager, paths)
        self.services = build(
            paths, engines, self.engine, events, kernels.live, self.serverapp.base_url, self
        )
        share(paths.files, engines.default.user())
        self.settings.update(
            modelyard=self.services,
            modelyard_tokens=self.services.tokens,
            modelyard_kernels=kernels,
            modelyard_routes=ROUTES,
            **{
                name: ThreadPoolExecutor(threads, thread_name_prefix=name)
                for name, threads in _POOLS.items()
            },
        )

    def initialize_handlers(self) -> None:
        """Join the domains' routes."""
        self.handlers.extend([*status_routes, *ROUTES, *last_routes])

    def _paths(self) -> Paths:
        """The workspace that was configured, or the one that belongs to Jupyter's root folder."""
        assert self.serverapp is not None
        root = Path(self.serverapp.root_dir).resolve()
        if self.workspace:
            return Paths(Path(self.workspace).expanduser()).make()
        if root.name == "files" and (root.parent / ".modelyard").is_dir():
            return Paths(root.parent).make()
        key = hashlib.sha256(str(root).encode()).hexdigest()[:12]
        home = Path(jupyter_data_dir()) / "modelyard" / f"{root.name or 'root'}-{key}"
        return Paths(home, files=root).make()

    # -- life -------------------------------------------------------------------------------

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Start loops, events and the socket for containers."""
        async with self._life:
            await self._begin(serverapp)

    async def _begin(self, serverapp: Any) -> None:
        services = self.services
        self._listen(serverapp.web_app)
        loop = asyncio.get_running_loop()
        services.events.start(loop)
        self.starting = Starting(
            {
                "The kernel of JupyterLab": lambda: self._export(serverapp),
                "server.json": lambda: self._write_server_info(serverapp),
                **services.starts(),
            },
            services.events.system_changed,
            self.log,
        )
        self.settings["modelyard_starting"] = self.starting
        await loop.run_in_executor(None, self.starting.begin)
        # A full collection looks at every object, 300,000 by now, and holds up all threads for a
        # fifth of a second: those that were loaded stay, so it passes over them from here on.
        gc.freeze()
        engine = services.engines.default.name
        self.log.info("Modelyard serves %s on the %s engine", services.paths.root, engine)

    def _export(self, serverapp: Any) -> None:
        """What kernels on the server's machine, outside of any instance, inherit."""
        paths = self.services.paths
        paths.spool_of(LOCAL).mkdir(exist_ok=True)
        self._exported = {
            **SameHost(paths).variables(LOCAL, serverapp.base_url),
            "MODELYARD_TOKEN": self.services.tokens.issue("instance", LOCAL_SUBJECT),
        }
        os.environ.update(self._exported)

    def _write_server_info(self, serverapp: Any) -> None:
        """Where `modelyard status` and `down` find this server."""
        info = ServerInfo(
            pid=os.getpid(),
            url=serverapp.connection_url,
            base_url=serverapp.base_url,
            token=serverapp.identity_provider.token or "",
            engine=self.services.engines.default.name,
        )
        write_server(self.services.paths, info)

    async def stop_extension(self) -> None:
        """Stop loops and leave the workspace to the next server."""
        async with self._life:  # Jupyter answers, and can be told to stop, before all has begun
            await self._end()

    async def _end(self) -> None:
        gc.unfreeze()
        for name in self._exported:
            os.environ.pop(name, None)
        self.services.events.stop()
        loop = asyncio.get_running_loop()
        if self.starting is not None:
            await loop.run_in_executor(None, self.starting.stop)
        if self._socket is not None:
            self._socket.stop()
        everything = self.on_exit == "stop"
        await loop.run_in_executor(None, lambda: self.services.stop(everything=everything))
        for name in _POOLS:
            self.settings[name].shutdown(wait=False)
        if self._lock is not None:
            self._lock.close()

    def _listen(self, web_app: Application) -> None:
        """Serve our routes, and no other of Jupyter's, on a Unix socket that containers mount."""
        services = self.services
        path = services.paths.api_socket
        path.parent.mkdir(parents=True, exist_ok=True)
        # Containers reach the socket, and nobody of their group may put another in its place.
        path.parent.chmod(0o750)
        group = services.engines.group
        os.chown(path.parent, -1, group)
        socket = bind_unix_socket(str(path), mode=0o660)
        os.chown(path, -1, group)
        prefix = f"{web_app.settings['base_url']}modelyard/api/"
        server = HTTPServer(_OnlyOurs(web_app, prefix))
        server.add_socket(socket)
        self._socket = server


class _OnlyOurs(Router):
    """Hands our routes to the application and answers 404 to all others."""

    def __init__(self, app: Application, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    def find_handler(self, request: Any, **kwargs: Any) -> HTTPMessageDelegate | None:
        if request.path.startswith(self._prefix):
            return self._app.find_handler(request, **kwargs)
        return self._app.get_handler_delegate(request, ErrorHandler, {"status_code": 404})
