"""The base of every handler: who asks, what they may do, request -> struct, error -> HTTP."""

from __future__ import annotations

import asyncio
import errno
import functools
import uuid
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import Executor, Future
from typing import Any, ClassVar, TypeVar

import msgspec
from jupyter_core.utils import ensure_async
from jupyter_server.auth.identity import User
from jupyter_server.base.handlers import APIHandler
from tornado import web

from modelyard.errors import (
    FREES_SPACE,
    InvalidInput,
    ModelyardError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    ServerError,
    StorageFull,
)
from modelyard_server.core.holder import LOCAL_SUBJECT
from modelyard_server.core.tokens import PREFIX, Principal, Tokens
from modelyard_server.core.verbs import Verb, describe, read_body, read_query
from modelyard_server.db.session import Interrupted, abandoned

T = TypeVar("T")

PREFIX_URL = r"/modelyard/api/v1"
"""All our routes lie below it."""

NAME = r"(?P<name>[^/]{1,400})"
"""Route part of a name; longer or malformed names are answered by the manager, not by a 404."""


class Handler(APIHandler):
    """Parse, authorize, one manager call, status code: subclasses do that and nothing else."""

    auth_resource = "modelyard"
    principal: Principal | None = None
    verb: Verb
    """The one that is being answered."""

    abandons: ClassVar[bool] = True
    """Whether what a client no longer waits for is given up: queued work is not begun, a search
    in the database ends. Not where every step cleans up after another (transfer.py)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._left = False
        self._pending: set[Future[Any] | asyncio.Task[Any]] = set()
        super().__init__(*args, **kwargs)

    # -- who asks ---------------------------------------------------------------------------

    async def prepare(self) -> None:
        """Let our own tokens in; everybody else goes through Jupyter's identity provider."""
        header = self.request.headers.get("Authorization", "")
        token = header.partition(" ")[2].strip()
        if not token.startswith(PREFIX):
            await super().prepare()
            return
        tokens: Tokens = self.settings["modelyard_tokens"]
        # On threads of its own: who asks is known soon, however much work is queued.
        self.principal = await self._run("modelyard_lookups", tokens.find, token)
        if self.principal is None or not self.check_host():
            raise NotAuthenticated(
                "The token is not valid, or was revoked.",
                hint="Restart the kernel: it gets a fresh one.",
            )
        if self.principal.expired:
            raise NotAuthenticated(
                "The token has expired.",
                hint="Start what uses it again: it gets a fresh one.",
            )
        user = User(username=self.principal.subject, name=self.principal.subject)
        self.current_user = self._jupyter_current_user = user

    def check_xsrf_cookie(self) -> None:
        """A bearer of our own token sends no cookie, so there is nothing to forge."""
        if self.principal is None:
            super().check_xsrf_cookie()

    # -- what they may do -------------------------------------------------------------------

    async def authorize(self, action: str, thing: str = "") -> None:
        """Raise NotPermitted unless the caller may `read`, `write` or `execute` our resource.

        Parameters
        ----------
        thing: what a token of limited scope must name; empty: closed to all such tokens.
        """
        if self.current_user is None:
            raise NotAuthenticated(
                "You are not logged in.", hint="Log in to JupyterLab, or send a token."
            )
        if self.principal is not None:
            if not self.principal.may(action, thing):
                raise NotPermitted(
                    f"A token of kind '{self.principal.kind}' may not do this.",
                    hint="A job reaches its own run and its inputs; docs/security.md lists the "
                    "kinds.",
                )
            return
        allowed = await ensure_async(
            self.authorizer.is_authorized(self, self.current_user, action, self.auth_resource)
        )
        if not allowed:
            raise NotPermitted(f"You are not allowed to {action} this workspace.")

    async def confined(self) -> bool:
        """Whether the caller is a program in a container, which may start nothing outside."""
        if self.principal is None:
            return False
        if self.principal.kind != "instance":
            return True
        if self.principal.subject == LOCAL_SUBJECT:
            return False
        compute = self.settings["modelyard"].compute
        return await self.in_thread(compute.is_isolated, self.principal.subject)

    # -- answer -----------------------------------------------------------------------------

    def reply(self, answer: Any) -> None:
        """Send a small struct as JSON, with the verb's status; see `answer`."""
        self.set_status(self.verb.status)
        self.finish(msgspec.json.encode(answer))

    async def answer(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        """Run blocking work and send what it gives, of any size, as JSON encoded off the loop.

        Where the verb has no answer, what the work gives is dropped.
        """

        def encoded() -> bytes | None:
            given = function(*args, **kwargs)
            return None if self.verb.answer is None else msgspec.json.encode(given)

        data = await self.in_thread(encoded)
        self.set_status(self.verb.status)
        self.finish(data)

    # -- work -------------------------------------------------------------------------------

    async def in_thread(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run blocking work off the event loop: the database, files, a model's description."""
        return await self._run("modelyard_executor", function, *args, **kwargs)

    async def in_waiting_thread(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run what waits for somebody else (an engine), on threads that work does not need."""
        return await self._run("modelyard_waiting", function, *args, **kwargs)

    async def in_turn(self, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """Run what may take minutes and happens once at a time; who waits holds no thread."""
        return await self._run("modelyard_turns", function, *args, **kwargs)

    async def unless_left(self, work: Coroutine[Any, Any, T]) -> T:
        """Await something, and cancel it when the client leaves."""
        return await self._awaited(asyncio.ensure_future(work))

    async def _run(self, pool: str, function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        executor: Executor = self.settings[pool]
        call = functools.partial(function, *args, **kwargs)
        if not self.abandons:
            return await asyncio.get_running_loop().run_in_executor(executor, call)
        return await self._awaited(executor.submit(_while_awaited, lambda: self._left, call))

    async def _awaited(self, future: Future[T] | asyncio.Task[T]) -> T:
        self._pending.add(future)
        try:
            if isinstance(future, Future):
                return await asyncio.wrap_future(future)
            return await future
        except (asyncio.CancelledError, Interrupted):
            if self._left:
                raise web.Finish from None  # nobody hears the answer
            raise
        finally:
            self._pending.discard(future)

    def on_connection_close(self) -> None:
        """The client left: what it waited for is given up, as far as it can be."""
        super().on_connection_close()
        self._left = True
        for future in list(self._pending):
            future.cancel()

    # -- errors -----------------------------------------------------------------------------

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Expected errors are answers, not incidents; `_translated` logs all others."""
        if isinstance(value, web.HTTPError):
            super().log_exception(typ, value, tb)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer every error as `ErrorInfo`, never with a traceback."""
        raised = kwargs.get("exc_info", (None, None, None))[1]
        error = self._translated(raised)
        # 405 and its like have no class of their own.
        is_other = isinstance(raised, web.HTTPError) and isinstance(error, InvalidInput)
        self.set_status(status_code if is_other else error.status)
        self.finish(msgspec.json.encode(error.body()))

    def _translated(self, error: BaseException | None) -> ModelyardError:
        if isinstance(error, ModelyardError):
            return error
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return StorageFull("The disk is full.", hint=FREES_SPACE)
        if isinstance(error, web.HTTPError):
            kinds = {400: InvalidInput, 401: NotAuthenticated, 403: NotAuthenticated, 404: NotFound}
            kind = kinds.get(error.status_code, ServerError)
            if error.status_code == 403 and self.current_user is not None:
                kind = NotPermitted
            if kind is ServerError and error.status_code < 500:
                kind = InvalidInput  # 405 and its like
            return kind(error.log_message or f"The server answered {error.status_code}.")
        incident = uuid.uuid4().hex[:8]
        self.log.error("modelyard incident %s", incident, exc_info=error)
        return ServerError(
            "Something went wrong on our side.",
            hint=f"The server's log holds the details under '{incident}'.",
        )


def _while_awaited(left: Callable[[], bool], call: Callable[[], T]) -> T:
    """Run on a worker, where the database asks whether somebody still waits."""
    token = abandoned.set(left)
    try:
        return call()
    finally:
        abandoned.reset(token)


Method = Callable[..., Awaitable[None]]


def authorized(
    action: str,
    *,
    within: str = "",
    answer: Any = None,
    status: int = 200,
    takes: str = "",
    gives: str = "",
    errors: Sequence[type[ModelyardError]] = (),
) -> Callable[[Method], Method]:
    """Guard a verb, and say what it answers; what it takes is in its signature.

    A parameter `body` of the verb is the request's JSON, `query` its query parameters, each as the
    struct that the annotation names. Route parts are strings; tornado has URL-decoded them.

    Parameters
    ----------
    action: `read`, `write` or `execute`.
    within: what a token of limited scope must name to be let in, with the route's parts in it:
        `run/{id}`. A verb without it is closed to such tokens.
    answer, status, takes, gives, errors: see `Verb`.
    """

    def wrap(method: Method) -> Method:
        verb = describe(
            method,
            action=action,
            within=within,
            answer=answer,
            status=status,
            takes=takes,
            gives=gives,
            errors=tuple(errors),
        )

        @functools.wraps(method)
        async def guarded(self: Handler, **parts: str) -> None:
            await self.authorize(action, within.format(**parts))
            self.verb = verb
            taken: dict[str, Any] = {**parts}
            if verb.query is not None:
                taken["query"] = read_query(self.request.query_arguments, verb.query)
            if verb.body is not None:
                taken["body"] = read_body(self.request.body, verb.body)
            await method(self, **taken)

        vars(guarded)["verb"] = verb
        return guarded

    return wrap
