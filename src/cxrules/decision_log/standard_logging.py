"""Decisions as records of the standard `logging`: one at INFO for each, at DEBUG one for each rule that fired.

`advisor` loads this module only when the logger `cxrules.decisions` is enabled. Nothing here configures logging:
levels, handlers and formats are the host's business.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

from cxrules.decision_log.masking import InvalidMasking, Masking, apply_masking
from cxrules.decision_log.record import DecisionRecord, make_record
from cxrules.decision_log.recorded_answer import unpack_bits
from cxrules.language.facts import FactValue, join_words
from cxrules.language.rules import AnyOf, Condition, Effect, FactTest, Rule, holds, leaf_tests
from cxrules.policy.judge import Judge
from cxrules.recommendation.answer import Recommendation

__all__ = ["KEY", "LOGGER", "JsonLinesFormatter", "MaskingFilter", "emit"]

LOGGER: Final = "cxrules.decisions"
"""The name of the logger."""

KEY: Final = "cxrules"
"""The attribute that is added to a `LogRecord`: the data, as a dict that JSON can hold."""

_VERBS: Final = {
    Effect.FINDING: "establishes",
    Effect.SUPPORTS: "supports",
    Effect.OPPOSES: "opposes",
    Effect.EXCLUDES: "excludes",
    Effect.PREFERS: "prefers",
    Effect.ACCOMPANIES: "adds",
    Effect.RECOGNISES: "recognises",
    Effect.ACTION: "advises",
    Effect.WARNING: "warns of",
}


def emit(recommendation: Recommendation, duration: float) -> None:
    """Log a decision, and at DEBUG the rules that fired.

    The data of a decision is the record that `DecisionLog` would write. It names the rule base without containing it.

    Args:
        duration: The seconds it took.
    """
    logger = logging.getLogger(LOGGER)
    record = make_record(recommendation, duration=duration)
    masking = _find_masking(logger)
    if masking:
        try:
            record = apply_masking(masking, record, recommendation.judge)
        except InvalidMasking as error:
            # Nothing is shown that should be hidden, and no caller loses an answer because of a log.
            logger.error("a decision is not logged: %s", error)
            return
    message, arguments = _write_message(record, recommendation)
    logger.info(message, *arguments, extra={KEY: record})
    if logger.isEnabledFor(logging.DEBUG):
        for data in _list_rules(record, recommendation.judge):
            logger.debug("%s fired: %s", data["rule"], data["says"], extra={KEY: data})


class MaskingFilter(logging.Filter):
    """Hides parts of the records of decisions, on the logger `cxrules.decisions` or one above it.

    They are masked before they are made, so that no handler sees what is hidden. On a handler the filter would come too
    late, so there it blocks every record of a decision.

    Examples:
        >>> logger = logging.getLogger("cxrules.decisions")
        >>> private = MaskingFilter(mask=["facts.silos"])
        >>> logger.addFilter(private)
        >>> logger.removeFilter(private)
    """

    def __init__(self, mask: Iterable[str] = (), erase: Iterable[str] = ()) -> None:
        """Declare what to hide.

        Args:
            mask: The paths to mask, as `Masking` has them.
            erase: The paths to erase.

        Raises:
            InvalidMasking: If a path is not a field that can be hidden.
        """
        super().__init__()
        self.masking = Masking(tuple(mask), tuple(erase))

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass records that are already masked, and those that are not decisions."""
        if not hasattr(record, KEY):
            return True
        return any(self in logger.filters for logger in _and_above(logging.getLogger(record.name)))


class JsonLinesFormatter(logging.Formatter):
    """Formats any record as one line of JSON: time, level, logger, message, and a decision's data under `cxrules`."""

    def format(self, record: logging.LogRecord) -> str:
        """Format a record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        if hasattr(record, KEY):
            line[KEY] = getattr(record, KEY)
        return json.dumps(line, default=str)


def _find_masking(logger: logging.Logger) -> Masking:
    found = [entry.masking for one in _and_above(logger) for entry in one.filters if isinstance(entry, MaskingFilter)]
    return Masking(
        tuple(path for masking in found for path in masking.mask),
        tuple(path for masking in found for path in masking.erase),
    )


def _and_above(logger: logging.Logger | None) -> Iterator[logging.Logger]:
    while logger is not None:
        yield logger
        logger = logger.parent


def _write_message(record: DecisionRecord, recommendation: Recommendation) -> tuple[str, tuple[object, ...]]:
    rulebase, known = recommendation.rulebase, recommendation.decision.known
    shown = {name: known[name] for name, value in record["facts"].items() if value is not None}
    message = "contradictory facts; %s, %s" if rulebase.incoherences(shown) else "%s, %s"
    arguments: list[object] = [record["model"] or "no model", record["status"] or "masked"]
    if record["reason"]:
        message += " (%s)"
        arguments.append(record["reason"])
    if record["certainty"]:
        message += ", certainty %.2f"
        arguments.append(record["certainty"])
    message += ": %d facts known, %d rules fired; rule base %s %s"
    arguments += [len(record["facts"]), _read_fired(record).bit_count()]
    arguments += [rulebase.name, record["revision"][:12]]
    return message, tuple(arguments)


def _read_fired(record: DecisionRecord) -> int:
    return unpack_bits(record["fired"]) if isinstance(record["fired"], str) else 0


def _list_rules(record: DecisionRecord, judge: Judge) -> Iterator[dict[str, Any]]:
    """Return, for each fired rule that the record shows, what made it fire and what it concludes."""
    rulebase = judge.rulebase
    known = rulebase.vocabulary.validate(record["facts"], doubt=False)
    fired = _read_fired(record)
    findings = set(judge.decider.findings(fired))
    facts = dict(rulebase.vocabulary.facts)
    for name in judge.decider.names(fired):
        rule = rulebase.rules[name]
        tests = list(leaf_tests(_list_holding(rule.when, known, findings, judge)))
        reasons = [facts[test.fact].state(known[test.fact]) for test in tests if isinstance(test, FactTest)]
        reasons += [rulebase.findings[test.finding] for test in tests if not isinstance(test, FactTest)]
        yield {
            "kind": "rule",
            "decision": record["id"],
            "rule": name,
            "says": f"{join_words(reasons) or 'always'}; it {join_words(_list_conclusions(rule))}",
            "because": list(rule.because),
            "rationale": rule.rationale,
            "facts": {test.fact: record["facts"][test.fact] for test in tests if isinstance(test, FactTest)},
            "findings": sorted({test.finding for test in tests if not isinstance(test, FactTest)}),
            "concludes": [
                {"effect": conclusion.effect.value, "target": conclusion.target, "over": list(conclusion.over)}
                for conclusion in rule.then
            ],
        }


def _list_holding(
    conditions: tuple[Condition, ...], known: dict[str, FactValue], findings: set[str], judge: Judge
) -> tuple[Condition, ...]:
    """Return the tests behind a rule that fired, including only alternatives that hold."""
    facts = dict(judge.rulebase.vocabulary.facts)
    found: list[Condition] = []
    for condition in conditions:
        if isinstance(condition, AnyOf):
            found += [
                test
                for alternative in condition.alternatives
                if holds(alternative, known, findings, facts)
                for test in alternative
            ]
        else:
            found.append(condition)
    return tuple(found)


def _list_conclusions(rule: Rule) -> list[str]:
    return [
        f"{_VERBS[conclusion.effect]} {conclusion.target}"
        + (f" over {join_words(list(conclusion.over))}" if conclusion.over else "")
        for conclusion in rule.then
    ]
