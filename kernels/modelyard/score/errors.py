"""What a caller of the endpoint can do wrong, with the HTTP status that says so.

The bodies have the form of every error of Modelyard (`code`, `message`, `hint`, `field`); the
classes are apart from `modelyard.errors` because a scoring image holds no other code of ours.
"""

from __future__ import annotations

from typing import ClassVar


class ScoreError(Exception):
    """A request that gets an error answer; the message is one sentence for the caller."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "server_error"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def body(self) -> dict[str, str]:
        """The JSON body of the answer."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "field": ""}


class Malformed(ScoreError):
    """The body is not what the route expects."""

    status = 400
    code = "invalid_input"


class Unauthenticated(ScoreError):
    """No key, or a wrong one."""

    status = 401
    code = "not_authenticated"


class NoSuchRoute(ScoreError):
    """The path is not one of ours."""

    status = 404
    code = "not_found"


class WrongMethod(ScoreError):
    """The path is known, the verb is not."""

    status = 405
    code = "invalid_input"


class BodyTooLarge(ScoreError):
    """The body is larger than a request may be."""

    status = 413
    code = "too_large"


class HeadTooLarge(ScoreError):
    """The request's URL and headers are larger than they may be."""

    status = 431
    code = "too_large"


class BadData(ScoreError):
    """Well-formed data that the model cannot take."""

    status = 422
    code = "invalid_data"


class ModelFailed(ScoreError):
    """The model or the scoring script raised; the log holds the traceback."""

    status = 500
    code = "server_error"
