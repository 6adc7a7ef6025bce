"""Every error Modelyard reports, as one tree.

The server turns an error into an HTTP answer, the SDK turns the answer back into the same
class, and the Lab shows `message` and `hint`.

    ModelyardError
    ├── InvalidInput (400)
    ├── NotAuthenticated (401)
    ├── NotPermitted (403)
    ├── NotFound (404)
    ├── Conflict (409)
    │   ├── AlreadyExists
    │   ├── InUse
    │   ├── NotEnoughDevices
    │   └── WrongState
    ├── TooLarge (413)
    ├── InvalidData (422)
    ├── ServerError (500)
    ├── EngineUnavailable (503)
    ├── StorageFull (507)
    └── client side only
        ├── NotConnected
        └── WaitTimeout
"""

from __future__ import annotations

from typing import ClassVar

FREES_SPACE = "See what takes it and what can go: the Storage page, or %ml storage."
"""Hint of every StorageFull."""


class ModelyardError(Exception):
    """The root: a sentence for the user, what to do next, and the argument it is about.

    Parameters
    ----------
    message: what went wrong, one sentence, without a traceback.
    hint: what the user can do about it; may be empty.
    field: the name of the offending argument; may be empty.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str = "", field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.field = field

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".rstrip()

    def body(self) -> dict[str, str]:
        """The JSON body of the HTTP answer."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "field": self.field}


class InvalidInput(ModelyardError):
    """An argument is malformed or out of range."""

    status = 400
    code = "invalid_input"


class NotAuthenticated(ModelyardError):
    """No token, or one that the server does not know."""

    status = 401
    code = "not_authenticated"


class NotPermitted(ModelyardError):
    """The token is known but does not carry this right."""

    status = 403
    code = "not_permitted"


class NotFound(ModelyardError):
    """There is nothing of that name or id."""

    status = 404
    code = "not_found"


class Conflict(ModelyardError):
    """The request contradicts what is there."""

    status = 409
    code = "conflict"


class AlreadyExists(Conflict):
    """The name is taken."""

    code = "already_exists"


class InUse(Conflict):
    """Something else depends on it."""

    code = "in_use"


class NotEnoughDevices(Conflict):
    """Others hold the GPUs that were asked for; the message names them."""

    code = "not_enough_devices"


class WrongState(Conflict):
    """It cannot be done in the state the object is in."""

    code = "wrong_state"


class TooLarge(ModelyardError):
    """The request body is larger than the server accepts."""

    status = 413
    code = "too_large"


class InvalidData(ModelyardError):
    """Well-formed data that the model cannot take (wrong number of features, for example)."""

    status = 422
    code = "invalid_data"


class ServerError(ModelyardError):
    """A fault of ours; the server log holds the traceback under the given id."""

    status = 500
    code = "server_error"


class EngineUnavailable(ModelyardError):
    """Docker does not answer, or cannot do what was asked."""

    status = 503
    code = "engine_unavailable"


class StorageFull(ModelyardError):
    """The disk is full or a quota is reached."""

    status = 507
    code = "storage_full"


class NotConnected(ModelyardError):
    """The SDK found no server, or the server does not answer."""

    status = 503
    code = "not_connected"


class WaitTimeout(ModelyardError):
    """Something did not become ready in the time the caller gave it."""

    status = 504
    code = "wait_timeout"


def _tree(root: type[ModelyardError]) -> dict[str, type[ModelyardError]]:
    found = {root.code: root}
    for child in root.__subclasses__():
        found.update(_tree(child))
    return found


def from_body(status: int, body: dict[str, str]) -> ModelyardError:
    """Rebuild the error that a server answered with (the inverse of `ModelyardError.body`)."""
    tree = _tree(ModelyardError)
    cls = tree.pop(body.get("code", ""), None)
    if cls is None:
        # Not the root: whoever catches ServerError means a 500, too.
        del tree[ModelyardError.code]
        cls = next((each for each in tree.values() if each.status == status), ServerError)
    message = body.get("message") or f"The server answered {status}."
    return cls(message, hint=body.get("hint", ""), field=body.get("field", ""))
