"""What stands in an answer, read off a decision: one function for each field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cxrules.language.ids import sorted_ids
from cxrules.language.rules import Effect, Model
from cxrules.policy import standings
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge

__all__ = ["READERS", "Advice"]


@dataclass(frozen=True, slots=True)
class Advice:
    """An action to take or a warning to heed.

    Attributes:
        id: Its name in the rule base; for a warning about impossible input, that of the conjunction.
        text: What it says, as a sentence.
        claims: The claims behind the rules that conclude it.
    """

    id: str
    text: str
    claims: tuple[str, ...]


def _model_of(judge: Judge, decision: Decision) -> Model:
    return judge.rulebase.models[decision.model or ""]


def _targets(judge: Judge, decision: Decision, effect: Effect) -> tuple[str, ...]:
    rules = judge.rulebase.rules
    return sorted_ids(target for rule in judge.decider.names(decision.fired) for target in rules[rule].targets(effect))


def _advise(judge: Judge, decision: Decision, effect: Effect, texts: Mapping[str, str]) -> tuple[Advice, ...]:
    claims: dict[str, list[str]] = {}
    for name in judge.decider.names(decision.fired):
        rule = judge.rulebase.rules[name]
        for target in rule.targets(effect):
            claims.setdefault(target, []).extend(rule.because)
    return tuple(Advice(name, texts[name], sorted_ids(claims[name])) for name in sorted_ids(claims))


def _incoherences(judge: Judge, decision: Decision) -> tuple[Advice, ...]:
    return tuple(Advice(entry.id, entry.reason, ()) for entry in judge.rulebase.incoherences(decision.known))


READERS: Mapping[str, Callable[[Judge, Decision], Any]] = {
    "model": lambda _, decision: decision.model,
    "name": lambda judge, decision: _model_of(judge, decision).name if decision.model else None,
    "says": lambda judge, decision: _model_of(judge, decision).says if decision.model else None,
    "status": lambda _, decision: decision.status,
    "reason": lambda _, decision: decision.reason,
    "certainty": lambda _, decision: decision.certainty,
    "ranking": lambda judge, decision: standings.rank(judge.decider, decision.fired),
    "voices": lambda judge, decision: standings.voices(judge.decider, decision),
    "fired": lambda judge, decision: judge.decider.names(decision.fired),
    "findings": lambda judge, decision: judge.decider.findings(decision.fired),
    "accompaniments": lambda judge, decision: _targets(judge, decision, Effect.ACCOMPANIES),
    "patterns": lambda judge, decision: _targets(judge, decision, Effect.RECOGNISES),
    "actions": lambda judge, decision: _advise(judge, decision, Effect.ACTION, judge.rulebase.actions),
    "warnings": lambda judge, decision: (
        *_incoherences(judge, decision),
        *_advise(judge, decision, Effect.WARNING, judge.rulebase.warnings),
    ),
    "incoherences": _incoherences,
    "cites": lambda judge, decision: sorted_ids(
        claim for rule in judge.decider.names(decision.fired) for claim in judge.rulebase.rules[rule].because
    ),
    "support": lambda judge, decision: standings.support(judge.decider, decision),
    "dissent": lambda judge, decision: standings.dissent(judge.decider, decision),
    "facts": lambda judge, decision: {
        name: decision.known[name] for name in judge.rulebase.vocabulary.facts if name in decision.known
    },
    "engine": lambda judge, _: judge.engine.name,
}
"""For each field of a recommendation what it is for a decision."""
