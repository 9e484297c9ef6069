"""The records of a decision log: what one line says of a decision, or of the rule base that gave it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Any, Final, Literal, TypeAlias, TypedDict

from cxrules.language.ids import sorted_ids
from cxrules.language.rules import Effect
from cxrules.policy.standings import RankedModel, Voice
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase

__all__ = [
    "ANSWER",
    "FORMAT",
    "DecisionRecord",
    "Label",
    "RuleBaseRecord",
    "context",
    "make_answer",
    "make_record",
    "make_rulebase_record",
    "record_json_schema",
    "write_line",
]

FORMAT: Final = 1
"""The version of the records. A change that an older reader would misread raises it."""

Label: TypeAlias = str | bool | int | float | None
"""What a label of the caller's may be: what JSON writes in one word."""


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


@dataclass(frozen=True, slots=True)
class _Context:
    labels: Mapping[str, Label] = field(default_factory=dict)
    trace_id: str | None = None
    span_id: str | None = None


_CONTEXT: ContextVar[_Context] = ContextVar("cxrules.decision_log", default=_Context())  # noqa: B039 - it is immutable


@contextmanager
def context(
    *, labels: Mapping[str, Label] | None = None, trace_id: str | None = None, span_id: str | None = None
) -> Iterator[None]:
    """Name what is going on, for every decision recorded meanwhile in this thread or task, logged or written.

    Args:
        labels: Labels of your own, laid over those of an outer context.
        trace_id: The trace; the outer context's when left out.
        span_id: The span; the outer context's when left out.

    Raises:
        TypeError: If a label is neither text, number, boolean nor None.

    Examples:
        >>> import cxrules
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
        labels: Labels of your own, laid over those of the context.
        trace_id: The trace; the context's when left out.
        span_id: The span; the context's when left out.
        duration: How many seconds it took, if you measured it.
        digest: Whether to write the full explanation and keep its SHA-256, so that replay compares the words as well.

    Raises:
        TypeError: If a label is neither text, number, boolean nor None.
        ValueError: If the time has no time zone.
        MissingRuleBase: If the recommendation is a copy whose rule base is not at hand.

    Examples:
        >>> import cxrules
        >>> make_record(cxrules.recommend(), id="d-1")["reason"]
        'nothing_known'
    """
    from cxrules.version import __version__

    named = _extend(_CONTEXT.get(), labels, trace_id, span_id)
    answer = make_answer(recommendation)
    return {
        "kind": "decision",
        "format": FORMAT,
        "id": _random_id() if id is None else id,
        "time": _write_time(time),
        "cxrules": __version__,
        "rulebase": {"name": recommendation.rulebase.name, "revision": recommendation.revision},
        "engine": recommendation.engine,
        **answer,  # type: ignore[typeddict-item]  # the fields of ANSWER
        "duration": duration,
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
    """
    return _ENCODER.encode(record).encode("ascii") + b"\n"


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


def _extend(outer: _Context, labels: Mapping[str, Label] | None, trace_id: str | None, span_id: str | None) -> _Context:
    if labels is None and trace_id is None and span_id is None:
        return outer
    changes: dict[str, Any] = {}
    if labels:
        changes["labels"] = {**outer.labels, **_check_labels(labels)}
    if trace_id is not None:
        changes["trace_id"] = _check_name("trace_id", trace_id)
    if span_id is not None:
        changes["span_id"] = _check_name("span_id", span_id)
    return replace(outer, **changes)


def _check_labels(labels: Mapping[str, Label]) -> dict[str, Label]:
    for name, value in labels.items():
        if not isinstance(name, str):
            raise TypeError(f"the name of a label is text, not {name!r}")
        if not (value is None or isinstance(value, str | int | float)):
            raise TypeError(f"label {name!r} is text, a number, a boolean or None, not {value!r:.60}")
        if isinstance(value, float) and not math.isfinite(value):
            raise TypeError(f"label {name!r} is a finite number, not {value!r}")
    return dict(labels)


def _check_name(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} is text, not {value!r:.60}")
    return value


def _random_id() -> str:
    from uuid import uuid4

    return str(uuid4())


def _write_time(time: datetime | None) -> str:
    if time is None:
        time = datetime.now(UTC)
    elif time.tzinfo is None:
        raise ValueError(f"the time of a decision needs a time zone: {time!r}")
    return time.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
