"""The OpenTelemetry span `cxrules.recommend`, for hosts that ask for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cxrules.recommendation.answer import Recommendation

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

__all__ = ["SWITCH", "in_span", "trace_decisions"]


class _Switch:
    """The tracer that makes a span for each decision, or None."""

    tracer: Any = None


SWITCH = _Switch()


def trace_decisions(provider: TracerProvider | None = None, *, enabled: bool = True) -> None:
    """Attach an OpenTelemetry span to every decision, or stop doing so. Without a call there are no spans.

    The span is called `cxrules.recommend` and has the attributes `cxrules.decision.id`, `cxrules.model`,
    `cxrules.status`, `cxrules.certainty` and `cxrules.rulebase.revision`. It contains no facts, neither those of a
    decision nor those of rejected input.

    Args:
        provider: The provider of spans; the global one when left out.
        enabled: False to stop.

    Raises:
        ImportError: If opentelemetry-api is not installed.

    Examples:
        >>> trace_decisions(enabled=False)
    """
    if not enabled:
        SWITCH.tracer = None
        return
    try:
        from opentelemetry import trace
    except ImportError as error:
        raise ImportError(f"spans need OpenTelemetry ({error}): pip install opentelemetry-api") from error

    from cxrules.version import __version__

    SWITCH.tracer = trace.get_tracer("cxrules", __version__, tracer_provider=provider)


def in_span(decide: Callable[[], Recommendation]) -> Recommendation:
    """Decide in a span, if decisions have any."""
    tracer = SWITCH.tracer
    if tracer is None:
        return decide()
    from opentelemetry.trace import StatusCode

    # The caller gets the error; its message quotes values, so it stays out of the span.
    with tracer.start_as_current_span(
        "cxrules.recommend", record_exception=False, set_status_on_exception=False
    ) as span:
        try:
            advice = decide()
        except Exception as error:
            span.set_status(StatusCode.ERROR, type(error).__name__)
            raise
        if span.is_recording():
            span.set_attributes(
                {
                    "cxrules.decision.id": advice.id,
                    "cxrules.model": str(advice.model or ""),
                    "cxrules.status": str(advice.status),
                    "cxrules.certainty": advice.certainty,
                    "cxrules.rulebase.revision": advice.revision,
                }
            )
        return advice
