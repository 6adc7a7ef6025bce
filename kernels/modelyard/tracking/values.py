"""What users hand over -> what is logged: numbers, steps and texts."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

from modelyard.errors import InvalidInput
from modelyard.tracking.names import check_key, check_text
from modelyard.tracking.spool import STEP_LIMIT


def as_number(key: str, value: Any) -> float:
    """A metric's value as a float: Python and NumPy numbers, booleans, 0-d arrays and tensors.

    Raises
    ------
    InvalidInput: it is no single number; names the metric.
    """
    number: Any = value
    if hasattr(number, "item"):
        try:
            number = number.item()
        except (ValueError, RuntimeError, TypeError):
            raise _no_number(key, value) from None
    numeric = hasattr(number, "__float__") or hasattr(number, "__index__")
    if not numeric or isinstance(number, str | bytes):
        raise _no_number(key, value)
    try:
        return float(number)
    except (TypeError, ValueError, OverflowError):
        raise _no_number(key, value) from None


def _no_number(key: str, value: Any) -> InvalidInput:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return InvalidInput(
        f"The metric '{key}' must be a number, not {shown} ({type(value).__name__}).",
        hint="Log parameters and texts with run.log_params(...) and run.set_tags(...).",
        field=str(key),
    )


def as_step(key: str, step: Any) -> int:
    """A step as an integer.

    Raises
    ------
    InvalidInput: it is no integer, or out of range.
    """
    exact: Any = int(step) if isinstance(step, float) and step.is_integer() else step
    try:
        whole = operator.index(exact)
    except TypeError:
        raise InvalidInput(
            f"The step of metric '{key}' must be an integer, not {step!r}.", field="step"
        ) from None
    if not -STEP_LIMIT <= whole <= STEP_LIMIT:
        raise InvalidInput(f"The step {whole} of metric '{key}' is out of range.", field="step")
    return whole


def as_texts(what: str, values: Mapping[str, Any] | None) -> dict[str, str]:
    """Tags or parameters as texts.

    Raises
    ------
    InvalidInput: a malformed key or an over-long value; names the key.
    """
    if values is not None and not isinstance(values, Mapping):
        raise InvalidInput(
            f"Give the {what}s as a dict, not a {type(values).__name__}.", field=what
        )
    found: dict[str, str] = {}
    for key, value in (values or {}).items():
        check_key(key, what=what)
        text = value if isinstance(value, str) else str(value)
        found[key] = check_text(text, what=what, key=key)
    return found
