"""Functions that check what must be true of every organisation, and raise AssertionError if it is not."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from cxrules.advisor import Advisor
from cxrules.doubts import hear_doubts
from cxrules.engines import Engine, create_engine
from cxrules.errors import no_such, refuse_question
from cxrules.policy.comparison import Turn, compare, list_turns
from cxrules.policy.evidence import certainty, exact_certainty
from cxrules.policy.ranking import fired_evidence
from cxrules.recommendation.answer import Recommendation
from cxrules.rulebase import RuleBase

__all__ = [
    "check_certainty",
    "check_coherent_with_model",
    "check_engines_agree",
    "check_learning",
    "check_monotone",
    "check_order_free",
    "check_round_trip",
    "check_winner",
    "recommend_to",
]

Given = Mapping[str, Any]


def check_engines_agree(
    rulebase: RuleBase, organisation: Given, engines: Iterable[str] = ("bitmap", "experta")
) -> None:
    """Check that every engine fires the same rules. An engine whose extra is not installed is skipped.

    Args:
        engines: The names of the engines.

    Raises:
        AssertionError: If two engines differ.
        ImportError: If fewer than two of the engines are installed.
    """
    known = rulebase.vocabulary.validate(organisation, doubt=False)
    fired: dict[str, int] = {}
    missing = []
    for name in engines:
        try:
            engine = _engine(name, rulebase)
        except ImportError as error:
            missing.append(str(error))
        else:
            fired[name] = engine.match(known)
    if len(fired) < 2:
        raise ImportError("; ".join(missing) or "two engines are needed to agree")
    first, *others = fired
    for other in others:
        differing = _names(rulebase, fired[first] ^ fired[other])
        if differing:
            raise AssertionError(f"{first} and {other} differ on {differing} for {known}")


def check_learning(rulebase: RuleBase, organisation: Given, fact: str) -> None:
    """Check that knowing one more fact never silences a rule or loses a finding.

    Raises:
        AssertionError: If it does.
        ValueError: If there is no such fact, or the organisation does not know it, so that nothing would be checked.
    """
    if fact not in rulebase.vocabulary.facts:
        raise no_such("fact", fact, tuple(rulebase.vocabulary.facts))
    known = rulebase.vocabulary.validate(organisation, doubt=False)
    if fact not in known:
        raise ValueError(f"{fact} is not known in this organisation, so nothing would be checked")
    judge = _advisor(rulebase).judge
    without = {name: value for name, value in known.items() if name != fact}
    lost = judge.decide(without).fired & ~judge.decide(known).fired
    if lost:
        raise AssertionError(f"{_names(rulebase, lost)} fire only while {fact} is unknown, in {known}")


def check_monotone(
    rulebase: RuleBase, before: Given, after: Given, *, strengthens: str | None = None, weakens: str | None = None
) -> None:
    """Check that a change never weakens one model and never strengthens another.

    A model is weakened if it loses points, becomes excluded, loses a requirement or falls below the minimum evidence;
    the opposite strengthens it.

    Args:
        strengthens: The model that it must not weaken.
        weakens: The model that it must not strengthen.

    Raises:
        AssertionError: If it does.
        ValueError: If neither model is named, so that nothing would be checked, or there is no such model.
    """
    if strengthens is None and weakens is None:
        raise ValueError("name the model that the change strengthens or weakens: without one, nothing would be checked")
    if unknown := [model for model in (strengthens, weakens) if model is not None and model not in rulebase.models]:
        raise refuse_question([str(no_such("model", model, tuple(rulebase.models))) for model in unknown])
    judge = _advisor(rulebase).judge
    fired = [judge.decide(rulebase.vocabulary.validate(given, doubt=False)).fired for given in (before, after)]
    for model, (low, high) in ((strengthens, fired), (weakens, reversed(fired))):
        if model is None:
            continue
        poor, rich = compare(judge.decider, low, judge.decider, high).rows[model]
        if poor is None or rich is None:
            continue  # never: both rankings are of one rule base
        told = f"{model}, from {dict(before)} to {dict(after)}"
        if rich.points < poor.points:
            raise AssertionError(f"{rich.points} points against {poor.points} for {told}")
        for step in list_turns(poor, rich):
            if step.turn in _WEAKENING:
                raise AssertionError(f"{_WEAKENING[step.turn].format(step)}: {told}")


_WEAKENING = {
    Turn.RULED_OUT: "excluded by {0.rules}",
    Turn.REQUIREMENT_LOST: "missing {0.finding}",
    Turn.OUT_OF_THE_RUNNING: "no longer enough evidence",
}


def check_winner(rulebase: RuleBase, organisation: Given) -> None:
    """Check that the recommended model is open, entitled, supported, and ahead of every rival not set aside."""
    advice = recommend_to(_advisor(rulebase), organisation)
    rows = {row.model: row for row in advice.ranking}
    running = [row for row in rows.values() if row.candidate and not row.set_aside_by]
    if advice.model is None:
        if running:
            raise AssertionError(f"undetermined, though {[row.model for row in running]} could be recommended")
        if advice.certainty != 0:
            raise AssertionError(f"undetermined, yet with a certainty of {advice.certainty}")
        return
    winner = rows[advice.model]
    if winner.excluded:
        raise AssertionError(f"the winner {winner.model} is excluded by {winner.excluded_by}")
    if winner.missing:
        raise AssertionError(f"the winner {winner.model} misses {winner.missing}")
    if winner.set_aside_by:
        raise AssertionError(f"the winner {winner.model} is set aside by {winner.set_aside_by}")
    if winner.points <= 0:
        raise AssertionError(f"the winner {winner.model} has {winner.points} points")
    ahead = [row.model for row in running if row.points > winner.points]
    if ahead:
        raise AssertionError(f"{ahead} have more points than the winner {winner.model}")


def check_certainty(rulebase: RuleBase, organisation: Given) -> None:
    """Check that every certainty is the EMYCIN combination of its evidence, pair by pair, in exact fractions."""
    judge = _advisor(rulebase).judge
    decision = judge.decide(rulebase.vocabulary.validate(organisation, doubt=False))
    points = judge.decider.weigh(judge.decider.count(decision.fired))
    evidence = fired_evidence(judge.decider, decision.fired)
    for model in rulebase.models:
        combined = Fraction(0)
        for item in evidence:
            if item.model == model:
                combined = _combine(combined, exact_certainty(item.points))
        if combined != exact_certainty(points[model]):
            raise AssertionError(f"{combined} for {model}, not {exact_certainty(points[model])}")
        if certainty(points[model]) != float(combined):
            raise AssertionError(f"{certainty(points[model])} for {model} is not {combined}, rounded once")
    if decision.certainty != certainty(decision.points):
        raise AssertionError(f"{decision.certainty} is not the certainty of {decision.points} points")


def check_order_free(rulebase: RuleBase, organisation: Given) -> None:
    """Check that the order of facts, of rules and of their conclusions makes no difference."""
    backwards = replace(
        rulebase,
        rules={
            name: replace(rule, when=rule.when[::-1], then=rule.then[::-1])
            for name, rule in reversed(list(rulebase.rules.items()))
        },
    )
    one = recommend_to(_advisor(rulebase), organisation)
    other = recommend_to(Advisor(backwards), dict(reversed(list(organisation.items()))))
    for name in ("model", "status", "reason", "certainty", "fired", "findings", "ranking", "cites", "dissent"):
        if getattr(one, name) != getattr(other, name):
            raise AssertionError(f"{name} depends on the order, for {dict(organisation)}")


def check_round_trip(rulebase: RuleBase, organisation: Given) -> None:
    """Check that a recommendation survives pickling, deep copying and JSON with the same answer."""
    advice = recommend_to(_advisor(rulebase), organisation)
    plain = advice.model_dump()
    again = recommend_to(_advisor(rulebase), organisation).model_dump()
    if json.loads(json.dumps(plain)) != json.loads(json.dumps(again)):
        raise AssertionError(f"the same facts give other JSON: {dict(organisation)}")
    if pickle.loads(pickle.dumps(advice)).model_dump() != plain:  # noqa: S301 - it was pickled on this line
        raise AssertionError(f"the pickled answer differs, for {dict(organisation)}")
    if copy.deepcopy(advice).model_dump() != plain:
        raise AssertionError(f"the copied answer differs, for {dict(organisation)}")


def check_coherent_with_model(rulebase: RuleBase, organisation: Given, model: str) -> None:
    """Check that an organisation is possible and that a model is recommended to it."""
    known = rulebase.vocabulary.validate(organisation, doubt=False)
    met = [conjunction.reason for conjunction in rulebase.incoherences(known)]
    if met:
        raise AssertionError(f"{known} is impossible: {met}")
    decision = _advisor(rulebase).judge.decide(known)
    if decision.model != model:
        raise AssertionError(f"{decision.model}, not {model}, for {known}")


def recommend_to(advisor: Advisor, organisation: Given) -> Recommendation:
    """Decide on an organisation that was drawn or written as a test, without a warning about small percentages."""
    with hear_doubts():
        return advisor.recommend(organisation)


@lru_cache(maxsize=8)
def _advisor(rulebase: RuleBase) -> Advisor:
    return Advisor(rulebase)


@lru_cache(maxsize=16)
def _engine(name: str, rulebase: RuleBase) -> Engine:
    return create_engine(name, rulebase)


def _combine(one: Fraction, other: Fraction) -> Fraction:
    if one * other >= 0:
        sign = -1 if one < 0 or other < 0 else 1
        return sign * (abs(one) + abs(other) - abs(one) * abs(other))
    return (one + other) / (1 - min(abs(one), abs(other)))


def _names(rulebase: RuleBase, bits: int) -> list[str]:
    return [rule for index, rule in enumerate(rulebase.rule_ids) if bits >> index & 1]
