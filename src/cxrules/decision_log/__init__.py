"""Decision logs record what was asked and answered, by which rules and why, and whether today's answer would differ.

`DecisionLog` appends decisions to a file. `LogReader` reads it back, `replay` decides every one again, and
`assess_impact` finds those that a changed rule base would alter. Decisions also go to the standard `logging`, under
`cxrules.decisions`, if that logger is enabled. See `docs/decision-log.md`.
"""

from __future__ import annotations

from cxrules.decision_log.again.impact import (
    Impact,
    ImpactMove,
    ImpactOutcome,
    ImpactSummary,
    ImpactTurn,
    assess_impact,
)
from cxrules.decision_log.again.replaying import ReplayDifference, Replayed, replay
from cxrules.decision_log.chain import Head
from cxrules.decision_log.context import Label, context
from cxrules.decision_log.masking import InvalidMasking, Masking, apply_masking
from cxrules.decision_log.reader import Logged, LogReader, Problem, Trouble
from cxrules.decision_log.record import DecisionRecord, RuleBaseRecord, TornRecord, make_record, record_json_schema
from cxrules.decision_log.standard_logging import JsonLinesFormatter, MaskingFilter, emit
from cxrules.decision_log.verifying import Breach, ChainFinding, verify_chain
from cxrules.decision_log.writer import DecisionLog
from cxrules.recommendation.telemetry import trace_decisions

__all__ = [
    "Breach",
    "ChainFinding",
    "DecisionLog",
    "DecisionRecord",
    "Head",
    "Impact",
    "ImpactMove",
    "ImpactOutcome",
    "ImpactSummary",
    "ImpactTurn",
    "InvalidMasking",
    "JsonLinesFormatter",
    "Label",
    "LogReader",
    "Logged",
    "Masking",
    "MaskingFilter",
    "Problem",
    "ReplayDifference",
    "Replayed",
    "RuleBaseRecord",
    "TornRecord",
    "Trouble",
    "apply_masking",
    "assess_impact",
    "context",
    "emit",
    "make_record",
    "record_json_schema",
    "replay",
    "trace_decisions",
    "verify_chain",
]
