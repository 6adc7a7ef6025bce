"""Who holds a token, as the name of a folder: what one holder's programs write, no other's can."""

from __future__ import annotations

import hashlib

from modelyard_server.core.tokens import Principal

LOCAL = "local"
"""Programs on the server's machine: they have Jupyter's token, or one of the server's own."""

LOCAL_SUBJECT = "(local)"
"""The subject of the server's own token, no name of an instance."""


def holder_id(kind: str, subject: str) -> str:
    """Names the holder of a token in paths; short, whatever the length of the subject."""
    return hashlib.sha256(f"{kind}/{subject}".encode()).hexdigest()[:12]


def holder_of(principal: Principal | None) -> str:
    """The holder of what a request came with; None: Jupyter's own login."""
    if principal is None or (principal.kind, principal.subject) == ("instance", LOCAL_SUBJECT):
        return LOCAL
    return holder_id(principal.kind, principal.subject)
