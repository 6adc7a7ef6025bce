"""Types of columns."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Dialect
from sqlalchemy.types import TypeDecorator


class NotJson:
    """Stands in a row for a value that is not JSON; nothing accepts it in place of one."""


class Json(TypeDecorator[Any]):
    """JSON, of which one damaged value spoils its own row and no other of the same query."""

    impl = JSON
    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        """SQLAlchemy's own decoding, which would raise in the middle of all rows."""
        decode = super().result_processor(dialect, coltype)

        def guarded(value: Any) -> Any:
            try:
                return decode(value) if decode is not None else value
            except ValueError:
                return NotJson()

        return guarded
