"""What came back from a server, or did not, as a value or as one of our errors."""

from __future__ import annotations

from typing import Any

import httpx
import msgspec

from modelyard.errors import InvalidInput, ModelyardError, NotConnected, NotFound, from_body

_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""No JSON, other JSON, bytes that are no text, and nesting without end."""

_PROXY = (502, 503, 504)


def decoded(content: bytes, kind: Any, url: str) -> Any:
    """An answer as a `kind`.

    Raises
    ------
    NotConnected: whoever wrote this is not our server, or not one of this version.
    """
    try:
        return msgspec.json.decode(content, type=kind)
    except _UNREADABLE as error:
        said = "too deeply nested" if isinstance(error, RecursionError) else str(error)[:120]
        raise NotConnected(
            f"What answers at {url} is not Modelyard, or not a version that fits ({said}).",
            hint="Give the address of JupyterLab itself, and the version of modelyard that its "
            "server has.",
        ) from None


def check(answer: httpx.Response, url: str) -> None:
    """Raise what an answer that is no success means.

    Raises
    ------
    ModelyardError: what the server said; NotConnected where somebody else said it.
    """
    if not answer.is_error and not answer.is_redirect:
        return
    try:
        body = msgspec.json.decode(answer.content, type=dict[str, Any])
    except _UNREADABLE:
        body = {}
    status = answer.status_code
    if "code" in body:
        raise from_body(status, {key: str(value) for key, value in body.items()})
    if answer.is_redirect:
        raise NotConnected(f"{url} wants a login.", hint="Give the token: Workspace(url, token).")
    if status in _PROXY:
        raise NotConnected(
            f"The server at {url} is not reached: a proxy before it answered {status}.",
            hint="Is JupyterLab running? Start it with: modelyard up",
        )
    if status in (NotFound.status, 405):
        raise NotConnected(
            f"There is no Modelyard at {url}, or none that knows this request ({status}).",
            hint="Give the address of JupyterLab itself; its server needs modelyard[lab] of the "
            "version that is installed here.",
        )
    message = body.get("message")
    raise from_body(status, {"message": message} if isinstance(message, str) else {})


def unreachable(error: Exception, url: str) -> ModelyardError:
    """What it means that no answer came."""
    if isinstance(error, httpx.TimeoutException):
        return NotConnected("The server did not answer in time.", hint="Try again.")
    return NotConnected(
        f"The server at {url} does not answer ({str(error)[:200]}).",
        hint="Is JupyterLab running? Start it with: modelyard up",
    )


def encoded(body: Any) -> bytes:
    """The body of a request.

    Raises
    ------
    InvalidInput: something in it has no form in JSON.
    """
    try:
        return msgspec.json.encode(body)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise InvalidInput(
            f"An argument cannot be sent: {str(error)[:120]}.",
            hint="Use plain text, numbers, lists and dicts.",
        ) from error


def unsendable(error: Exception) -> InvalidInput:
    """An argument that no URL can hold."""
    said = "it is not plain text" if isinstance(error, UnicodeError) else str(error)[:120]
    return InvalidInput(f"An argument cannot be part of a request: {said}.")
