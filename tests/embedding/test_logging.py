"""Decisions in a host's logs, traces and error reports, with the usual libraries."""

import json
import logging
import logging.handlers
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cxrules
from cxrules.decision_log import DecisionLog, LogReader, context, trace_decisions
from tests.decision_log.test_record import VALIDATOR
from tests.decision_log.test_standard_logging import stream

LOGGER = logging.getLogger("cxrules.decisions")
KNOWN: dict[str, Any] = {"maturity": "early", "marketing_bandwidth": "stretched", "silos": "severe"}


@pytest.fixture
def listening() -> Iterator[None]:
    LOGGER.setLevel(logging.INFO)
    yield
    LOGGER.setLevel(logging.NOTSET)


def test_python_json_logger_writes_the_data() -> None:
    pythonjsonlogger = pytest.importorskip("pythonjsonlogger.json", reason="python-json-logger is not installed")
    handler, text = stream(pythonjsonlogger.JsonFormatter("%(levelname)s %(name)s %(message)s"))
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.DEBUG)
    try:
        advice = cxrules.recommend(KNOWN)
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(logging.NOTSET)
    decision, *rules = (json.loads(line) for line in text.getvalue().splitlines())
    VALIDATOR.validate(decision["cxrules"])
    assert decision["name"] == "cxrules.decisions"
    assert [rule["cxrules"]["rule"] for rule in rules] == list(advice.fired)


def test_structlog_renders_the_data_through_its_bridge() -> None:
    structlog = pytest.importorskip("structlog", reason="structlog is not installed")
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.ExtraAdder()],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer()],
    )
    handler, text = stream(formatter)
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    try:
        with context(labels={"event": "mine"}):
            cxrules.recommend(KNOWN)
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(logging.NOTSET)
    (line,) = (json.loads(line) for line in text.getvalue().splitlines())
    VALIDATOR.validate(line["cxrules"])
    assert line["cxrules"]["labels"] == {"event": "mine"}
    assert line["level"] == "info"
    assert "facts known" in line["event"]


# --- OpenTelemetry


@pytest.fixture
def spans() -> Iterator[Any]:
    """A separate provider of spans, and the list of finished ones."""
    sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="opentelemetry-sdk is not installed")
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider, exporter
    trace_decisions(enabled=False)
    provider.shutdown()


def test_a_record_has_the_ids_of_the_current_span(spans: Any, tmp_path: Path) -> None:
    provider, _ = spans
    advice = cxrules.recommend(KNOWN)
    with DecisionLog(tmp_path / "log") as log:
        with provider.get_tracer("host").start_as_current_span("request") as span:
            ids = span.get_span_context()
            written = log.write(advice)
            with context(trace_id="own", span_id="own"):
                own = log.write(advice)
        without = log.write(advice)
    assert (written["trace_id"], written["span_id"]) == (f"{ids.trace_id:032x}", f"{ids.span_id:016x}")
    assert (own["trace_id"], own["span_id"]) == ("own", "own"), "what the caller says takes precedence"
    assert (without["trace_id"], without["span_id"]) == (None, None)
    assert [logged.record for logged in LogReader(tmp_path / "log").decisions()] == [written, own, without]


@pytest.mark.usefixtures("listening")
def test_log_span_and_file_share_ids(spans: Any, tmp_path: Path) -> None:
    provider, exporter = spans
    trace_decisions(provider)
    heard: list[logging.LogRecord] = []
    handler = logging.handlers.BufferingHandler(1000)
    handler.buffer = heard
    LOGGER.addHandler(handler)
    try:
        with provider.get_tracer("host").start_as_current_span("request") as request:
            advice = cxrules.recommend(KNOWN)
            with DecisionLog(tmp_path / "log") as log:
                written = log.write(advice)
    finally:
        LOGGER.removeHandler(handler)
    own, outer = exporter.get_finished_spans()
    assert (own.name, outer.name) == ("cxrules.recommend", "request")
    assert own.parent.span_id == request.get_span_context().span_id
    assert dict(own.attributes) == {
        "cxrules.decision.id": advice.id,
        "cxrules.model": str(advice.model or ""),
        "cxrules.status": str(advice.status),
        "cxrules.certainty": advice.certainty,
        "cxrules.rulebase.revision": advice.revision,
    }
    (record,) = heard
    logged: dict[str, Any] = record.cxrules  # type: ignore[attr-defined]
    assert logged["id"] == written["id"] == advice.id
    assert logged["trace_id"] == written["trace_id"] == f"{own.context.trace_id:032x}"
    assert logged["span_id"] == f"{own.context.span_id:016x}"
    assert written["span_id"] == f"{outer.context.span_id:016x}"


def test_what_is_refused_leaves_no_fact_in_its_span(spans: Any) -> None:
    provider, exporter = spans
    trace_decisions(provider)
    with pytest.raises(cxrules.InvalidOrganisation):
        cxrules.recommend({"silos": "a secret"})
    (span,) = exporter.get_finished_spans()
    assert (span.status.status_code.name, span.status.description) == ("ERROR", "InvalidOrganisation")
    assert "secret" not in span.to_json()
    trace_decisions(enabled=False)
    cxrules.recommend(KNOWN)
    assert len(exporter.get_finished_spans()) == 1


@pytest.mark.usefixtures("listening")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_log_bridge_of_opentelemetry_carries_the_message_and_the_ids(spans: Any) -> None:
    logs = pytest.importorskip("opentelemetry.sdk._logs", reason="opentelemetry-sdk is not installed")
    from opentelemetry.sdk._logs import export

    exporter = getattr(export, "InMemoryLogRecordExporter", None) or export.InMemoryLogExporter
    kept = exporter()
    logger_provider = logs.LoggerProvider()
    logger_provider.add_log_record_processor(export.SimpleLogRecordProcessor(kept))
    handler = logs.LoggingHandler(logger_provider=logger_provider)
    LOGGER.addHandler(handler)
    provider, _ = spans
    try:
        with provider.get_tracer("host").start_as_current_span("request") as span:
            advice = cxrules.recommend(KNOWN)
    finally:
        LOGGER.removeHandler(handler)
        logger_provider.shutdown()
    (data,) = kept.get_finished_logs()
    assert data.log_record.trace_id == span.get_span_context().trace_id
    assert "facts known" in str(data.log_record.body)
    told: Any = dict(data.log_record.attributes or {})["cxrules"]
    told = json.loads(told) if isinstance(told, str) else told
    assert told["id"] == advice.id


# --- Sentry


@pytest.mark.usefixtures("listening")
def test_sentry_keeps_the_decision_as_a_breadcrumb() -> None:
    sentry_sdk = pytest.importorskip("sentry_sdk", reason="sentry-sdk is not installed")
    events: list[Any] = []

    def keep(event: Any, hint: Any) -> None:
        events.append((event, hint))

    with sentry_sdk.isolation_scope():
        sentry_sdk.init(dsn="https://key@example.invalid/1", before_send=keep, auto_session_tracking=False)
        try:
            advice = cxrules.recommend(KNOWN)
            sentry_sdk.capture_message("something else")
        finally:
            sentry_sdk.get_client().close(timeout=0)
            sentry_sdk.init()
    ((event, _),) = events
    (crumb,) = (crumb for crumb in event["breadcrumbs"]["values"] if crumb["category"] == "cxrules.decisions")
    assert "facts known" in crumb["message"]
    assert advice.id in str(crumb["data"]["cxrules"])
