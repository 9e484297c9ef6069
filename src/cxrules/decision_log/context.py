"""What callers may say about a decision: its id, labels, trace and span, duration and time, each checked."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from cxrules.arguments import check_mapping
from cxrules.errors import read_number, refuse_question, show_value

__all__ = ["DecisionLabels", "Label", "check_duration", "check_id", "context", "name_decision", "write_time"]

Label: TypeAlias = str | bool | int | float | None
"""The types that a caller's label may have: JSON's scalars."""

_LONGEST_INT: Final = 4_096
"""In bits, so that no reader has to lift Python's limit on the digits of an int."""


@dataclass(frozen=True, slots=True)
class DecisionLabels:
    """What identifies a decision apart from its id."""

    labels: Mapping[str, Label] = field(default_factory=dict)
    trace_id: str | None = None
    span_id: str | None = None


_CONTEXT: ContextVar[DecisionLabels] = ContextVar("cxrules.decision_log", default=DecisionLabels())  # noqa: B039 - it is immutable


@contextmanager
def context(
    *, labels: Mapping[str, Label] | None = None, trace_id: str | None = None, span_id: str | None = None
) -> Iterator[None]:
    """Label every decision that is logged or written in this thread or task meanwhile.

    Args:
        labels: Your own labels, which take precedence over those of an outer context.
        trace_id: The trace; the outer context's when left out.
        span_id: The span; the outer context's when left out.

    Raises:
        TypeError: If a label is neither text, number, boolean nor None.

    Examples:
        >>> import cxrules
        >>> from cxrules.decision_log import make_record
        >>> with context(labels={"customer": "c-17"}, trace_id="4bf92f"):
        ...     record = make_record(cxrules.recommend(maturity="early"))
        >>> record["labels"], record["trace_id"], record["span_id"]
        ({'customer': 'c-17'}, '4bf92f', None)
    """
    token = _CONTEXT.set(_extend(_CONTEXT.get(), labels, trace_id, span_id))
    try:
        yield
    finally:
        _CONTEXT.reset(token)


def name_decision(labels: Mapping[str, Label] | None, trace_id: str | None, span_id: str | None) -> DecisionLabels:
    """Return what identifies a decision: as given, or from the context, or from OpenTelemetry's current span."""
    named = _CONTEXT.get()
    if labels is not None or trace_id is not None or span_id is not None:
        named = _extend(named, labels, trace_id, span_id)
    if named.trace_id is None and named.span_id is None:
        # A host with a span has loaded the API; otherwise there is no need to load it.
        api = sys.modules.get("opentelemetry.trace")
        if api is not None:
            span = api.get_current_span().get_span_context()
            if span.is_valid:
                named = replace(named, trace_id=format(span.trace_id, "032x"), span_id=format(span.span_id, "016x"))
    return named


def _extend(
    outer: DecisionLabels, labels: Mapping[str, Label] | None, trace_id: str | None, span_id: str | None
) -> DecisionLabels:
    changes: dict[str, Any] = {}
    if labels is not None:
        changes["labels"] = {**outer.labels, **_check_labels(labels)}
    if trace_id is not None:
        changes["trace_id"] = _check_text("trace_id", trace_id)
    if span_id is not None:
        changes["span_id"] = _check_text("span_id", span_id)
    return replace(outer, **changes)


def _check_labels(labels: Mapping[str, Label]) -> Mapping[str, Label]:
    check_mapping("labels", labels)
    if wrong := [told for label, value in labels.items() if (told := _tell_label(label, value))]:
        raise TypeError(str(refuse_question(wrong, "the labels")))
    return labels


def _tell_label(label: object, value: object) -> str:
    """Describe what is wrong with a label; nothing if nothing is."""
    if not isinstance(label, str):
        return f"the name of a label is text, not {show_value(label)}"
    if not (value is None or isinstance(value, str | int | float)):
        return f"label {show_value(label)} is text, a number, a boolean or None, not {show_value(value)}"
    if isinstance(value, float) and not math.isfinite(value):
        return f"label {show_value(label)} is a finite number, not {show_value(value)}"
    if isinstance(value, int) and value.bit_length() > _LONGEST_INT:
        return f"label {show_value(label)} is a number of at most {_LONGEST_INT} bits"
    return ""


def check_id(value: object) -> str:
    """Check that an id is a text and not empty."""
    if not isinstance(value, str):
        raise TypeError(f"the id of a decision is text, not {show_value(value)}")
    if not value:
        raise ValueError("the id of a decision is not empty")
    return value


def check_duration(value: object) -> float | None:
    """Check that a duration is a number of seconds, or None."""
    if value is None:
        return None
    number = read_number(value) if isinstance(value, int | float) else None
    if number is None:
        raise TypeError(f"the duration of a decision is a number of seconds, not {show_value(value)}")
    if not 0 <= number < math.inf:
        raise ValueError(f"the duration of a decision is a finite number of seconds from 0, not {show_value(value)}")
    return number


def write_time(time: datetime | None) -> str:
    """Write a time in UTC, to the microsecond; now when it is None."""
    if time is None:
        time = datetime.now(UTC)
    elif not isinstance(time, datetime):
        raise TypeError(f"the time of a decision is a datetime, not {show_value(time)}")
    elif time.tzinfo is None:
        raise ValueError(f"the time of a decision needs a time zone: {show_value(time)}")
    if time.tzinfo is not UTC:
        try:
            time = time.astimezone(UTC)
        except OverflowError:
            raise ValueError(f"the time of a decision is outside the calendar in UTC: {show_value(time)}") from None
    return time.isoformat(timespec="microseconds")[:26] + "Z"


def _check_text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{field} is text, not {show_value(value)}")
    return value
