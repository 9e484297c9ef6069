"""The answer as data, which a record of format 1 repeats and a reader of format 2 derives from facts and rule base."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from cxrules.language.ids import sorted_ids
from cxrules.language.plain import make_plain
from cxrules.language.rules import Effect
from cxrules.policy.dissent import Voice
from cxrules.policy.judge import Judge
from cxrules.policy.ranking import RankedModel
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase

__all__ = [
    "ANSWER",
    "digest_answer",
    "digest_explanation",
    "expand",
    "make_answer",
    "name_rules",
    "pack_bits",
    "unpack_bits",
]

_READ_OFF: Final = ("fired", "findings", "accompaniments", "patterns", "actions", "warnings")
"""Fields computed from single fired rules, so that a part of them can be shown."""

_SUMMED_UP: Final = ("certainty", "ranking", "voices", "support", "dissent")
"""Fields that sum up all evidence, so that no part of them can be shown."""

ANSWER: Final = (
    "facts",
    "model",
    "status",
    "reason",
    "certainty",
    "ranking",
    "voices",
    *_READ_OFF,
    "support",
    "dissent",
)
"""The fields that follow from rule base and facts."""

_ROW: Final = tuple(row.name for row in fields(RankedModel))
_VOICE: Final = tuple(row.name for row in fields(Voice))


def make_answer(recommendation: Recommendation) -> dict[str, Any]:
    """Return what follows from rule base and facts, by the names in `ANSWER`, as data that JSON can hold."""
    model, reason = recommendation.model, recommendation.reason
    return {
        "facts": {name: make_plain(value) for name, value in recommendation.facts.items()},
        "model": None if model is None else str(model),
        "status": recommendation.status.value,
        "reason": None if reason is None else reason.value,
        "certainty": recommendation.certainty,
        "ranking": [{name: make_plain(getattr(row, name)) for name in _ROW} for row in recommendation.ranking],
        "voices": {
            source: {name: getattr(voice, name) for name in _VOICE} for source, voice in recommendation.voices.items()
        },
        "fired": list(recommendation.fired),
        "findings": list(recommendation.findings),
        "accompaniments": _read_ids(recommendation, Effect.ACCOMPANIES),
        "patterns": _read_ids(recommendation, Effect.RECOGNISES),
        "actions": _read_actions(recommendation, model),
        "warnings": [item.id for item in recommendation.rulebase.incoherences(recommendation.decision.known)]
        + _read_ids(recommendation, Effect.WARNING),
        "support": list(recommendation.support),
        "dissent": list(recommendation.dissent),
    }


def _read_actions(recommendation: Recommendation, model: str | None) -> list[str]:
    """Return the actions that fired rules conclude and that serve a model."""
    serves = recommendation.rulebase.serves_model
    return [action for action in _read_ids(recommendation, Effect.ACTION) if serves(action, model)]


def expand(record: Mapping[str, Any], judge: Judge) -> dict[str, Any]:
    """Return the whole answer behind a record of format 2, by the names in `ANSWER`.

    Fields of the record are kept. The rest is derived from the facts shown: what depends on hidden facts is None, or as
    if they were unknown, just as in the record.

    Args:
        record: The record.
        judge: The judge of its rule base.
    """
    shown = {name: value for name, value in record["facts"].items() if value is not None}
    known = judge.rulebase.vocabulary.validate(shown, doubt=False)
    answer = make_answer(Recommendation(judge, judge.decide(known)))
    for name in ("facts", "model", "status", "reason", "certainty"):
        answer[name] = record[name]
    answer["actions"] = _read_actions(Recommendation(judge, judge.decide(known)), record["model"])
    if record["certainty"] is None:
        answer.update(dict.fromkeys(_SUMMED_UP))
    answer["fired"] = None if record["fired"] is None else list(name_rules(judge, record["fired"]))
    return answer


def name_rules(judge: Judge, fired: str | list[str]) -> tuple[str, ...]:
    """Return the ids of the rules that fired according to a record; bits beyond the rules are ignored."""
    if not isinstance(fired, str):
        return tuple(fired)
    return judge.decider.names(unpack_bits(fired) & ((1 << len(judge.rulebase.rules)) - 1))


def pack_bits(fired: int, rules: int) -> str:
    """Write fired rules in base64, a bit for each rule.

    Examples:
        >>> pack_bits(0b101, 10)
        'BQA='
    """
    return b64encode(fired.to_bytes((rules + 7) // 8, "little")).decode("ascii")


def unpack_bits(text: str) -> int:
    """Read what `pack_bits` wrote.

    Raises:
        ValueError: If it is not base64.
    """
    return int.from_bytes(b64decode(text, validate=True), "little")


def digest_answer(recommendation: Recommendation) -> str:
    """Return the SHA-256 of the whole answer."""
    text = json.dumps(make_answer(recommendation), ensure_ascii=True, separators=(",", ":"))
    return sha256(text.encode()).hexdigest()


def digest_explanation(recommendation: Recommendation, *, searches: bool = False) -> str:
    """Return the SHA-256 of the full explanation.

    Searches are left out, because they may end early if time is limited; format 1 included them.
    """
    return sha256(recommendation.explain(detail="full", searches=searches).encode()).hexdigest()


def _read_ids(recommendation: Recommendation, effect: Effect) -> list[str]:
    fired = recommendation.decision.fired
    return [target for target, rules in _find_concluders(recommendation.rulebase)[effect] if fired & rules]


@lru_cache(maxsize=8)
def _find_concluders(rulebase: RuleBase) -> Mapping[Effect, tuple[tuple[str, int], ...]]:
    """Return for each effect its targets, in id order, with the rules that conclude them, as the bits of an int."""
    found: dict[Effect, dict[str, int]] = {effect: {} for effect in Effect}
    for bit, rule in enumerate(rulebase.rules.values()):
        for conclusion in rule.then:
            masks = found[conclusion.effect]
            masks[conclusion.target] = masks.get(conclusion.target, 0) | 1 << bit
    return {effect: tuple((target, masks[target]) for target in sorted_ids(masks)) for effect, masks in found.items()}
