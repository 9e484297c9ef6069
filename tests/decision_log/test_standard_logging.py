"""Decisions as records of the standard `logging`: silent unless asked, and the host's configuration untouched."""

import io
import json
import logging
import logging.config
import pickle
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import cxrules
from cxrules.decision_log import JsonLinesFormatter, MaskingFilter, context, make_record
from cxrules.decision_log.recorded_answer import unpack_bits
from tests.decision_log.test_record import VALIDATOR

ADVISOR = cxrules.Advisor()
LOGGER = logging.getLogger("cxrules.decisions")
KNOWN: dict[str, Any] = {"maturity": "early", "marketing_bandwidth": "stretched", "silos": "severe"}


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture
def kept() -> Iterator[Kept]:
    handler = Kept()
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    yield handler
    LOGGER.removeHandler(handler)
    LOGGER.setLevel(logging.NOTSET)


def stream(formatter: logging.Formatter) -> tuple[logging.Handler, io.StringIO]:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(formatter)
    return handler, text


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_without_a_listener_nothing_is_loaded_or_changed() -> None:
    shown = run(
        """
import logging, sys
root = logging.getLogger()
def look():
    return list(root.handlers), root.level, logging.lastResort, logging.getLogRecordFactory(), logging.getLoggerClass()
before = look()
import cxrules
cxrules.recommend(maturity="early")
assert look() == before
logger = logging.getLogger("cxrules.decisions")
print([type(handler).__name__ for handler in logger.handlers], logger.level, logger.propagate, logger.filters)
print([name for name in sys.modules if name.startswith("cxrules.decision_log")])
print(sorted(name for name in logging.root.manager.loggerDict if "cxrules" in name))
"""
    )
    assert shown.splitlines() == ["['NullHandler'] 0 True []", "[]", "['cxrules', 'cxrules.decisions']"]


@pytest.mark.parametrize(
    ("configure", "lines"),
    [
        ("logging.basicConfig(level=logging.WARNING, stream=sys.stdout)", 0),
        ("logging.basicConfig(level=logging.INFO, stream=sys.stdout)", 0),
        ("logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)", 0),
        ("logging.basicConfig(stream=sys.stdout); logging.getLogger('cxrules').setLevel('INFO')", 1),
        ("logging.basicConfig(stream=sys.stdout); logging.getLogger('cxrules.decisions').setLevel('INFO')", 1),
        ("logging.basicConfig(stream=sys.stdout); logging.getLogger('cxrules.decisions').setLevel('WARNING')", 0),
        ("logging.basicConfig(stream=sys.stdout); logging.getLogger('cxrules').setLevel('ERROR')", 0),
    ],
)
def test_only_a_level_set_for_cxrules_makes_it_log(configure: str, lines: int) -> None:
    shown = run(f"""
import logging, sys
{configure}
import cxrules
cxrules.recommend(maturity="early", silos="severe")
loaded = [name for name in sys.modules if name.startswith("cxrules.decision_log")]
assert bool(loaded) == {bool(lines)}, loaded
""")
    assert len(shown.splitlines()) == lines
    assert all(line.startswith("INFO:cxrules.decisions:") for line in shown.splitlines())


def test_one_record_for_a_decision(kept: Kept) -> None:
    with context(labels={"customer": "c-17"}, trace_id="t-1"):
        advice = cxrules.recommend(KNOWN)
    (record,) = kept.records
    data = record.cxrules  # type: ignore[attr-defined]  # the one key
    VALIDATOR.validate(data)
    again = make_record(advice, labels={"customer": "c-17"}, trace_id="t-1")
    assert data["id"] == advice.id
    own = ("time", "duration")
    assert {key: data[key] for key in data if key not in own} == {key: again[key] for key in again if key not in own}  # type: ignore[literal-required]
    assert 0 < data["duration"] < 60
    message = record.getMessage()
    assert str(advice.model or "no model") in message
    assert "3 facts known" in message
    assert pickle.loads(pickle.dumps(record)).cxrules == data  # noqa: S301 - as a QueueHandler does
    assert set(vars(record)) - set(vars(logging.makeLogRecord({}))) - {"message"} == {"cxrules"}


def test_one_record_for_a_rule_that_fired_at_debug(kept: Kept) -> None:
    LOGGER.setLevel(logging.DEBUG)
    advice = cxrules.recommend(KNOWN)
    decision, *rules = kept.records
    assert [record.levelno for record in kept.records] == [logging.INFO] + [logging.DEBUG] * len(advice.fired)
    assert tuple(record.cxrules["rule"] for record in rules) == advice.fired  # type: ignore[attr-defined]
    for record in rules:
        data = record.cxrules  # type: ignore[attr-defined]
        rule = advice.rulebase.rules[data["rule"]]
        assert data["decision"] == decision.cxrules["id"]  # type: ignore[attr-defined]
        assert set(data["facts"]) <= rule.facts() & set(KNOWN)
        assert set(data["findings"]) <= rule.needs() & set(advice.findings)
        assert data["facts"] or data["findings"] or rule.id in advice.rulebase.standing
        assert data["because"] == list(rule.because)
        assert data["rule"] in record.getMessage()
        assert data["says"] in record.getMessage()
        json.dumps(data)


def test_what_is_refused_is_not_logged(kept: Kept) -> None:
    with pytest.raises(cxrules.InvalidOrganisation):
        cxrules.recommend({"maturity": "erly"})
    assert not kept.records


def test_the_answer_is_the_same_with_and_without_listeners(kept: Kept) -> None:
    heard = cxrules.recommend(KNOWN)
    LOGGER.setLevel(logging.WARNING)
    assert heard == cxrules.recommend(KNOWN)
    assert len(kept.records) == 1


@pytest.mark.parametrize("name", [*sorted(vars(logging.makeLogRecord({}))), "message", "asctime", "cxrules"])
def test_labels_may_have_names_that_logging_reserves(kept: Kept, name: str) -> None:
    with context(labels={name: "mine"}):
        cxrules.recommend(KNOWN)
    (record,) = kept.records
    assert record.cxrules["labels"] == {name: "mine"}  # type: ignore[attr-defined]
    assert record.name == "cxrules.decisions"


def test_a_formatter_for_json_lines() -> None:
    handler, text = stream(JsonLinesFormatter())
    LOGGER.addHandler(handler)
    LOGGER.setLevel(logging.INFO)
    try:
        with context(labels={"note": "two\nlines"}):
            cxrules.recommend(KNOWN)
        LOGGER.warning("another %s", "record", extra={"cxrules": {"odd": {1}}})
        try:
            raise ValueError("seen")
        except ValueError:
            LOGGER.exception("failed", stack_info=True)
    finally:
        LOGGER.removeHandler(handler)
        LOGGER.setLevel(logging.NOTSET)
    decision, other, failed = (json.loads(line) for line in text.getvalue().splitlines())
    VALIDATOR.validate(decision["cxrules"])
    assert decision["cxrules"]["labels"] == {"note": "two\nlines"}
    assert (decision["level"], decision["logger"]) == ("INFO", "cxrules.decisions")
    assert other["message"] == "another record"
    assert "ValueError: seen" in failed["exception"]
    assert "stack" in failed


# --- masking


@pytest.fixture
def masked(kept: Kept) -> Iterator[Kept]:
    private = MaskingFilter(mask=["facts.silos"], erase=["labels.mail"])
    LOGGER.addFilter(private)
    LOGGER.setLevel(logging.DEBUG)
    yield kept
    LOGGER.removeFilter(private)


def test_no_handler_sees_what_a_filter_of_the_logger_hides(masked: Kept) -> None:
    with context(labels={"mail": "x@example.org"}):
        advice = cxrules.recommend(KNOWN)
    hidden = {rule for rule in advice.fired if advice.rulebase.rules[rule].facts() == {"silos"}}
    assert hidden
    decision, *rules = masked.records
    assert decision.cxrules["facts"]["silos"] is None  # type: ignore[attr-defined]
    assert not hidden & {record.cxrules["rule"] for record in rules}  # type: ignore[attr-defined]
    assert tuple(record.cxrules["rule"] for record in rules) == ADVISOR.judge.decider.names(  # type: ignore[attr-defined]
        unpack_bits(decision.cxrules["fired"])  # type: ignore[attr-defined]
    )
    everything = "".join(f"{record.getMessage()}{vars(record)}" for record in masked.records)
    assert "severe" not in everything
    assert "example.org" not in everything


def test_a_filter_of_a_parent_logger_hides_too(kept: Kept) -> None:
    private = MaskingFilter(mask=["facts.silos"])
    above = logging.getLogger("cxrules")
    above.addFilter(private)
    try:
        cxrules.recommend(KNOWN)
    finally:
        above.removeFilter(private)
    (record,) = kept.records
    assert record.cxrules["facts"]["silos"] is None  # type: ignore[attr-defined]


def test_a_filter_on_a_handler_stops_unmasked_decisions(kept: Kept) -> None:
    private = MaskingFilter(mask=["facts.silos"])
    kept.addFilter(private)
    cxrules.recommend(KNOWN)
    LOGGER.info("something else")
    assert [record.getMessage() for record in kept.records] == ["something else"]
    LOGGER.addFilter(private)
    try:
        cxrules.recommend(KNOWN)
    finally:
        LOGGER.removeFilter(private)
    assert kept.records[-1].cxrules["facts"]["silos"] is None  # type: ignore[attr-defined]


def test_a_filter_that_misspells_a_fact_logs_only_its_mistake(kept: Kept) -> None:
    private = MaskingFilter(mask=["facts.sillos"])
    LOGGER.addFilter(private)
    try:
        advice = cxrules.recommend(KNOWN)
    finally:
        LOGGER.removeFilter(private)
    assert advice == cxrules.recommend(KNOWN)
    record, unmasked = kept.records
    assert record.levelno == logging.ERROR
    assert "did you mean 'silos'" in record.getMessage()
    assert "severe" not in str(vars(record))
    assert unmasked.levelno == logging.INFO


def test_masking_can_be_configured_with_dictconfig() -> None:
    shown = run(
        """
import cxrules, logging.config, sys
logging.config.dictConfig({
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"private": {"()": "cxrules.decision_log.MaskingFilter", "mask": ["facts.silos"]}},
    "formatters": {"json": {"()": "cxrules.decision_log.JsonLinesFormatter"}},
    "handlers": {"out": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "json"}},
    "loggers": {"cxrules.decisions": {"level": "INFO", "handlers": ["out"], "filters": ["private"]}},
})
cxrules.recommend(silos="severe", maturity="early")
"""
    )
    assert json.loads(shown)["cxrules"]["facts"] == {"maturity": "early", "silos": None}
