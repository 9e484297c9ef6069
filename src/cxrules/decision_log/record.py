"""The records of a decision log: what one line says of a decision, or of the rule base that gave it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, Final, Literal, TypedDict

from cxrules.decision_log.context import Label, check_duration, check_id, name_decision, write_time
from cxrules.language.ids import sorted_ids
from cxrules.language.rules import Effect
from cxrules.policy.standings import RankedModel, Voice
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase

__all__ = [
    "ANSWER",
    "FORMAT",
    "LONGEST_LINE",
    "LONGEST_RULEBASE",
    "DecisionRecord",
    "RuleBaseRecord",
    "make_answer",
    "make_record",
    "make_rulebase_record",
    "record_json_schema",
    "write_line",
]

FORMAT: Final = 1
"""The version of the records. A change that an older reader would misread raises it."""

LONGEST_LINE: Final = 1 << 20
"""The bytes of the longest line of a decision that is written or read: a thousand times what one usually takes."""

LONGEST_RULEBASE: Final = 8 << 20
"""The bytes of the longest line of a rule base."""


class RuleBaseName(TypedDict):
    """Which rule base it was: its name, and the SHA-256 of its canonical form."""

    name: str
    revision: str


class DecisionRecord(TypedDict):
    """One decision. What masking hides is None or left out, and named in `masked` or `erased`.

    Attributes:
        kind: `decision`.
        format: The version of the record.
        id: The name of the decision; a random UUID unless the caller gives another.
        time: When it was recorded: UTC, ISO 8601, to the microsecond.
        cxrules: The version of cxrules that decided.
        rulebase: The rule base that decided.
        engine: The engine that matched the rules.
        facts: The facts given, in their normal form, in the order of the vocabulary.
        model: The recommended model, or None.
        status: `recommended`, `contested` or `undetermined`.
        reason: Why it is undetermined, or None.
        certainty: 0.0 to 1.0.
        ranking: Every model, best first, as `Recommendation.ranking` has it.
        voices: Each article's verdict, as `Recommendation.voices` has it.
        fired: The rules that fired, in id order.
        findings: The findings established, in id order.
        accompaniments: What should accompany the model.
        patterns: The anti-patterns recognised.
        actions: The ids of what to do; the texts stand in the rule base.
        warnings: The ids of what to beware of; the texts stand in the rule base.
        support: The claims behind the evidence for the model.
        dissent: The claims that disagree.
        duration: How many seconds the decision took, or None when nobody measured.
        labels: The caller's own labels.
        trace_id: The caller's trace, or None.
        span_id: The caller's span, or None.
        explanation_sha256: The SHA-256 of the full explanation, or None when it was not asked for.
        masked: What is hidden and was there, as paths.
        erased: What is hidden whether or not it was there, as paths.
        replayable: Whether the record alone suffices to decide again and compare everything.
    """

    kind: Literal["decision"]
    format: int
    id: str
    time: str
    cxrules: str
    rulebase: RuleBaseName
    engine: str
    facts: dict[str, Any]
    model: str | None
    status: str | None
    reason: str | None
    certainty: float | None
    ranking: list[dict[str, Any]] | None
    voices: dict[str, dict[str, Any]] | None
    fired: list[str] | None
    findings: list[str] | None
    accompaniments: list[str] | None
    patterns: list[str] | None
    actions: list[str] | None
    warnings: list[str] | None
    support: list[str] | None
    dissent: list[str] | None
    duration: float | None
    labels: dict[str, Label]
    trace_id: str | None
    span_id: str | None
    explanation_sha256: str | None
    masked: list[str]
    erased: list[str]
    replayable: bool


class RuleBaseRecord(TypedDict):
    """One revision of a rule base, whole; it stands before the first decision that it gave.

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


ANSWER: Final = (
    "facts",
    "model",
    "status",
    "reason",
    "certainty",
    "ranking",
    "voices",
    "fired",
    "findings",
    "accompaniments",
    "patterns",
    "actions",
    "warnings",
    "support",
    "dissent",
)
"""The fields that follow from rule base and facts: what replay compares."""


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
        id: Its name; a random UUID when left out.
        time: When it was made, with a time zone; now when left out.
        labels: Your labels, on top of those of the context.
        trace_id: The trace; the context's when left out.
        span_id: The span; the context's when left out.
        duration: How many seconds it took, if you measured it.
        digest: Whether to write the full explanation and keep its SHA-256, so that replay compares the words as well.

    Raises:
        TypeError: If the id is no text, the time no datetime, the duration no number, or a label neither text, number,
            boolean nor None.
        ValueError: If the id is empty, the time has no time zone, or the duration is negative or not finite.
        MissingRuleBase: If the recommendation is a copy whose rule base is not available.

    Examples:
        >>> import cxrules
        >>> make_record(cxrules.recommend(), id="d-1")["reason"]
        'nothing_known'
    """
    from cxrules.version import __version__

    named = name_decision(labels, trace_id, span_id)
    answer = make_answer(recommendation)
    return {
        "kind": "decision",
        "format": FORMAT,
        "id": _random_id() if id is None else check_id(id),
        "time": write_time(time),
        "cxrules": __version__,
        "rulebase": {"name": recommendation.rulebase.name, "revision": recommendation.revision},
        "engine": recommendation.engine,
        **answer,  # type: ignore[typeddict-item]  # the fields of ANSWER
        "duration": check_duration(duration),
        "labels": dict(named.labels),
        "trace_id": named.trace_id,
        "span_id": named.span_id,
        "explanation_sha256": digest_explanation(recommendation) if digest else None,
        "masked": [],
        "erased": [],
        "replayable": True,
    }


def make_answer(recommendation: Recommendation) -> dict[str, Any]:
    """Return what follows from rule base and facts, by the names in `ANSWER`, as data that JSON can hold."""
    model, reason = recommendation.model, recommendation.reason
    return {
        "facts": {name: _write_value(value) for name, value in recommendation.facts.items()},
        "model": None if model is None else str(model),
        "status": recommendation.status.value,
        "reason": None if reason is None else reason.value,
        "certainty": recommendation.certainty,
        "ranking": [{name: _write_value(getattr(row, name)) for name in _ROW} for row in recommendation.ranking],
        "voices": {
            source: {name: getattr(voice, name) for name in _VOICE} for source, voice in recommendation.voices.items()
        },
        "fired": list(recommendation.fired),
        "findings": list(recommendation.findings),
        "accompaniments": _read_ids(recommendation, Effect.ACCOMPANIES),
        "patterns": _read_ids(recommendation, Effect.RECOGNISES),
        "actions": _read_ids(recommendation, Effect.ACTION),
        "warnings": [item.id for item in recommendation.rulebase.incoherences(recommendation.decision.known)]
        + _read_ids(recommendation, Effect.WARNING),
        "support": list(recommendation.support),
        "dissent": list(recommendation.dissent),
    }


def make_rulebase_record(rulebase: RuleBase) -> RuleBaseRecord:
    """Record a rule base, whole."""
    return {
        "kind": "rulebase",
        "format": FORMAT,
        "revision": rulebase.revision,
        "name": rulebase.name,
        "canonical": rulebase.to_json(),
    }


def digest_explanation(recommendation: Recommendation) -> str:
    """Return the SHA-256 of the full explanation."""
    from hashlib import sha256

    return sha256(recommendation.explain(detail="full").encode()).hexdigest()


def write_line(record: DecisionRecord | RuleBaseRecord) -> bytes:
    """Write a record as one line of JSON, line break included.

    It is pure ASCII: whatever text a label holds, it is one line, and a torn one is still text.

    Raises:
        ValueError: If the line would be longer than any reader reads.
    """
    line = _ENCODER.encode(record).encode("ascii") + b"\n"
    longest = LONGEST_RULEBASE if record["kind"] == "rulebase" else LONGEST_LINE
    if len(line) > longest:
        raise ValueError(f"a record of {len(line):,} bytes is longer than the {longest:,} that are read back")
    return line


@cache
def record_json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a line.

    Examples:
        >>> sorted(record_json_schema()["$defs"])
        ['advice', 'decision', 'ids', 'label', 'rulebase', 'sha256']
    """
    from importlib.resources import files

    schema: dict[str, Any] = json.loads(files(__package__).joinpath("record.schema.json").read_text("utf-8"))
    return schema


_ROW: Final = tuple(row.name for row in fields(RankedModel))
_VOICE: Final = tuple(row.name for row in fields(Voice))


def _read_ids(recommendation: Recommendation, effect: Effect) -> list[str]:
    fired = recommendation.decision.fired
    return [target for target, rules in _find_concluders(recommendation.rulebase)[effect] if fired & rules]


@lru_cache(maxsize=8)
def _find_concluders(rulebase: RuleBase) -> dict[Effect, tuple[tuple[str, int], ...]]:
    """Return for each effect what rules conclude by it, in id order, and which rules, as the bits of an int."""
    found: dict[Effect, dict[str, int]] = {effect: {} for effect in Effect}
    for bit, rule in enumerate(rulebase.rules.values()):
        for conclusion in rule.then:
            masks = found[conclusion.effect]
            masks[conclusion.target] = masks.get(conclusion.target, 0) | 1 << bit
    return {effect: tuple((target, masks[target]) for target in sorted_ids(masks)) for effect, masks in found.items()}


def _write_value(value: object) -> Any:  # noqa: ANN401 - whatever JSON can hold
    return list(value) if isinstance(value, tuple) else value


_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def _random_id() -> str:
    from uuid import uuid4

    return str(uuid4())
