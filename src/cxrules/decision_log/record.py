"""The records of a decision log: what one line says about a decision, or about its rule base.

A record is lean: it states what cannot be derived, and a digest of the rest. A reader takes the rule base from the same
file and derives ranking, voices, findings, actions and the claims behind them.
"""

from __future__ import annotations

import json
from binascii import b2a_base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from typing import Any, Final, Literal, TypedDict

from cxrules.arguments import check_kind
from cxrules.decision_log.context import Label, check_duration, check_id, name_decision, write_time
from cxrules.decision_log.recorded_answer import digest_answer, digest_explanation, pack_bits
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase
from cxrules.version import __version__

__all__ = [
    "ABSENT",
    "COMPARED",
    "FORMAT",
    "LONGEST_LINE",
    "LONGEST_RULEBASE",
    "REVISION_DIGITS",
    "DecisionRecord",
    "RuleBaseRecord",
    "TornRecord",
    "digest_points",
    "digest_standing",
    "make_record",
    "make_rulebase_record",
    "record_json_schema",
    "write_line",
]

FORMAT: Final = 2
"""The version of the records. A change that an older reader would misread raises it."""

REVISION_DIGITS: Final = 32
"""The digits of the revision that a decision repeats: 128 of the 256 bits that its rule base states."""

LONGEST_LINE: Final = 1 << 20
"""The most bytes in a line with a decision, for writing and reading: a thousand times the usual."""

LONGEST_RULEBASE: Final = 8 << 20
"""The most bytes in a line with a rule base."""


class DecisionRecord(TypedDict):
    """One decision. Fields hidden by masking are None or left out, and listed in `masked` or `erased`.

    A line omits fields that are as in `ABSENT`.

    Attributes:
        kind: `decision`.
        format: The version of the record.
        id: The id of the decision: `Recommendation.id`, unless the caller passes another.
        time: When it was recorded: UTC, ISO 8601, to the microsecond.
        cxrules: The version of cxrules that decided.
        revision: The first 32 digits of the revision of the rule base that decided.
        engine: The engine that matched the rules.
        facts: The given facts, in normal form and in the order of the vocabulary.
        model: The recommended model, or None.
        status: `recommended`, `contested` or `undetermined`.
        reason: Why it is undetermined, or None.
        certainty: 0.0 to 1.0.
        fired: The rules that fired, in base64: bit i, from the lowest of the first byte on, is the rule at index i in
            id order. A record of format 1 names them in a list.
        digest: 96 bits in base64 of the SHA-256 of what every model scored, so that replay notices if it changes; None
            in format 1.
        duration: How many seconds the decision took, or None if not measured.
        labels: The caller's own labels.
        trace_id: The caller's trace, or None.
        span_id: The caller's span, or None.
        answer_sha256: The SHA-256 of the whole answer, or None when it was not asked for.
        explanation_sha256: The SHA-256 of the full explanation, in format 2 without what is found by search, or None
            when it was not asked for.
        masked: The paths that were present and are hidden.
        erased: The paths that are hidden whether or not they were present.
    """

    kind: Literal["decision"]
    format: int
    id: str
    time: str
    cxrules: str
    revision: str
    engine: str
    facts: dict[str, Any]
    model: str | None
    status: str | None
    reason: str | None
    certainty: float | None
    fired: str | list[str] | None
    digest: str | None
    duration: float | None
    labels: dict[str, Label]
    trace_id: str | None
    span_id: str | None
    answer_sha256: str | None
    explanation_sha256: str | None
    masked: list[str]
    erased: list[str]


ABSENT: Final[Mapping[str, Any]] = {
    "engine": "bitmap",
    "reason": None,
    "digest": None,
    "duration": None,
    "labels": {},
    "trace_id": None,
    "span_id": None,
    "answer_sha256": None,
    "explanation_sha256": None,
    "masked": [],
    "erased": [],
}
"""The values of fields that a line of format 2 omits."""

COMPARED: Final = ("facts", "model", "status", "reason", "certainty", "fired")
"""The fields that follow from rule base and facts, which replay compares in addition to the digests."""


class RuleBaseRecord(TypedDict):
    """One whole revision of a rule base, written before its first decision.

    Attributes:
        kind: `rulebase`.
        format: The version of the record.
        revision: The SHA-256 of `canonical`.
        name: The rule base's name.
        canonical: `RuleBase.to_json()`.
    """

    kind: Literal["rulebase"]
    format: int
    revision: str
    name: str
    canonical: str


class TornRecord(TypedDict):
    """A writer's note that the text before this line was left unfinished by another.

    Attributes:
        kind: `torn`.
        format: The version of the record.
        bytes: The number of bytes that were left unfinished.
        sha256: Their SHA-256.
    """

    kind: Literal["torn"]
    format: int
    bytes: int
    sha256: str


def make_record(  # noqa: PLR0913 - what the caller may know of a decision
    recommendation: Recommendation,
    *,
    id: str | None = None,  # noqa: A002 - the record's own name for it
    time: datetime | None = None,
    labels: Mapping[str, Label] | None = None,
    trace_id: str | None = None,
    span_id: str | None = None,
    duration: float | None = None,
    digest: bool = False,
) -> DecisionRecord:
    """Record a decision, unmasked.

    Args:
        recommendation: The decision.
        id: Its name; `recommendation.id` when left out.
        time: When it was made, with a time zone; now when left out.
        labels: Your own labels, which take precedence over those of the context.
        trace_id: The trace; the context's, or that of OpenTelemetry's current span, when left out.
        span_id: The span, likewise.
        duration: The seconds it took, if you measured them.
        digest: Whether to keep the SHA-256 of the whole answer and of the full explanation without searches, so that
            replay compares every word.

    Raises:
        TypeError: If the recommendation is something else, the id not a text, the time not a datetime, the duration not
            a number, or a label not a text, number, boolean or None.
        ValueError: If the id is empty, the time has no time zone, or the duration is negative or not finite.
        MissingRuleBase: If the recommendation is a copy whose rule base is not available.

    Examples:
        >>> import cxrules
        >>> make_record(cxrules.recommend(), id="d-1")["reason"]
        'nothing_known'
    """
    check_kind("the recommendation", recommendation, Recommendation, "a Recommendation")
    named = name_decision(labels, trace_id, span_id)
    judge, decision = recommendation.judge, recommendation.decision
    rulebase = judge.rulebase
    known = decision.known
    answer_sha256 = explanation_sha256 = None
    if digest:
        answer_sha256 = digest_answer(recommendation)
        explanation_sha256 = digest_explanation(recommendation)
    return {
        "kind": "decision",
        "format": FORMAT,
        "id": recommendation.id if id is None else check_id(id),
        "time": write_time(time),
        "cxrules": __version__,
        "revision": rulebase.revision[:REVISION_DIGITS],
        "engine": recommendation.engine,
        "facts": {
            name: list(value) if type(value := known[name]) is tuple else value
            for name in rulebase.vocabulary.facts
            if name in known
        },
        "model": decision.model,
        "status": decision.status.value,
        "reason": None if decision.reason is None else decision.reason.value,
        "certainty": decision.certainty,
        "fired": pack_bits(decision.fired, len(rulebase.rules)),
        "digest": digest_standing(judge, decision),
        "duration": check_duration(duration),
        "labels": dict(named.labels),
        "trace_id": named.trace_id,
        "span_id": named.span_id,
        "answer_sha256": answer_sha256,
        "explanation_sha256": explanation_sha256,
        "masked": [],
        "erased": [],
    }


def make_rulebase_record(rulebase: RuleBase) -> RuleBaseRecord:
    """Record a whole rule base.

    Raises:
        InvalidKnowledge: If it could not be read back, because it was assembled by hand, with mistakes.
    """
    canonical = rulebase.to_json()
    if rulebase != RuleBase.builtin():
        RuleBase.from_json(canonical)
    return {
        "kind": "rulebase",
        "format": FORMAT,
        "revision": rulebase.revision,
        "name": rulebase.name,
        "canonical": canonical,
    }


def digest_standing(judge: Judge, decision: Decision) -> str:
    """Return a digest of what matters most among the omitted parts: the points of every model, and the runner-up."""
    decider = judge.decider
    points = decider.weigh(decider.count(decision.fired)).values()
    return digest_points(points, decision.runner_up, decision.lead)


def digest_points(points: Iterable[int], runner_up: str | None, lead: int) -> str:
    """Return the digest of the points of every model, the runner-up and the lead over it."""
    text = f"{runner_up}|{lead}|{','.join(map(str, points))}"
    return b2a_base64(sha256(text.encode()).digest()[:12], newline=False).decode("ascii")


def write_line(record: DecisionRecord | RuleBaseRecord | TornRecord) -> bytes:
    """Write a record as one line of JSON, line break included.

    It is pure ASCII, so it is one line whatever the labels contain, and a torn line is still text.

    Raises:
        ValueError: If the line would be too long to be read back.
    """
    lean: Mapping[str, Any] = record
    longest = LONGEST_RULEBASE
    if record["kind"] == "decision":
        lean = {name: value for name, value in record.items() if name not in ABSENT or value != ABSENT[name]}
        longest = LONGEST_LINE
    line = _ENCODER.encode(lean).encode("ascii") + b"\n"
    if len(line) > longest - _ROOM:
        raise ValueError(f"a record of {len(line):,} bytes is longer than the {longest:,} that are read back")
    return line


@cache
def record_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a line.

    Examples:
        >>> sorted(record_json_schema()["$defs"])[:4]
        ['advice', 'chain', 'decision', 'decision-1']
    """
    from importlib.resources import files

    schema: dict[str, Any] = json.loads(files(__package__).joinpath("schema", "record.schema.json").read_text("utf-8"))
    return schema


_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))
_ROOM: Final = 256
"""Bytes that are reserved for chaining the line."""
