"""Strategies for Hypothesis: organisations of a rule base's vocabulary."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from hypothesis import strategies as st

from cxrules.advisor import Advisor
from cxrules.errors import no_such
from cxrules.language.facts import Fact, FactValue, Kind, as_percentage
from cxrules.rulebase import RuleBase
from cxrules.testing.values import find_ways, forget_impossible, telling_values, thresholds

if TYPE_CHECKING:
    from cxrules.policy.judge import Judge

__all__ = ["neighbours", "organisations", "organisations_firing", "organisations_getting", "register"]

Organisations: TypeAlias = "st.SearchStrategy[dict[str, FactValue]]"

_SEEDS = 12  # the number of organisations from which those with a model are grown
_DRAWS = 20_000  # the most random organisations that are tried if no solver is installed


def organisations(
    rulebase: RuleBase | None = None, *, known: float | None = None, coherent: bool = True
) -> Organisations:
    """Draw organisations, as mappings of facts for `recommend`.

    Percentages are drawn on, next to and between the thresholds of the rules, so that both sides of each occur.

    Args:
        rulebase: The rule base; the built-in one when left out.
        known: The share of facts that are known, from 0.0 to 1.0; any when left out. At 1.0 every fact is known that a
            coherent organisation can know.
        coherent: Whether to meet no impossible conjunction.
    """
    base = rulebase or RuleBase.builtin()
    cuts = thresholds(base)
    values = {name: _values(fact, cuts.get(name, ())) for name, fact in base.vocabulary.facts.items()}
    drawn: Organisations
    if known is None:
        drawn = st.fixed_dictionaries({}, optional=values)
    else:
        size = round(known * len(values))
        drawn = st.permutations(list(values)).flatmap(
            lambda names: st.fixed_dictionaries({name: values[name] for name in values if name in set(names[:size])})
        )
    return drawn.map(lambda organisation: forget_impossible(base, organisation, {})) if coherent else drawn


def neighbours(
    rulebase: RuleBase | None = None, fact: str | None = None
) -> st.SearchStrategy[tuple[dict[str, FactValue], dict[str, FactValue], str]]:
    """Draw pairs of organisations that differ in one fact by one step, on either side of a threshold or a value.

    Args:
        rulebase: The rule base; the built-in one when left out.
        fact: The fact that differs; any that has a lower and a higher side when left out.

    Returns:
        The organisation with less, the one with more, and the fact: a lower and a higher value, just below a threshold
        and on it, a set without an element and with it, false and true. A choice has no side and is never drawn.

    Raises:
        ValueError: If there is no such fact, or it has no sides.
    """
    base = rulebase or RuleBase.builtin()
    cuts = thresholds(base)
    steps = {
        name: found for name, entry in base.vocabulary.facts.items() if (found := _steps(entry, cuts.get(name, [])))
    }
    if fact is not None:
        if fact not in steps:
            raise no_such("fact with a lower and a higher side", fact, tuple(steps))
        steps = {fact: steps[fact]}
    if not steps:
        raise ValueError("no fact of this rule base has a lower and a higher side")

    @st.composite
    def pairs(draw: st.DrawFn) -> tuple[dict[str, FactValue], dict[str, FactValue], str]:
        name = draw(st.sampled_from(sorted(steps)))
        less, more = draw(st.sampled_from(steps[name]))
        rest = draw(organisations(base))
        for value in (less, more):
            rest = forget_impossible(base, {**rest, name: value}, {name: value})
        return {**rest, name: less}, {**rest, name: more}, name

    return pairs()


def organisations_firing(rule: str, rulebase: RuleBase | None = None) -> Organisations:
    """Draw organisations for which a rule fires, through the findings that it needs.

    Args:
        rulebase: The rule base; the built-in one when left out.

    Raises:
        ValueError: If there is no such rule, or no organisation makes it fire.
    """
    base = rulebase or RuleBase.builtin()
    if rule not in base.rules:
        raise no_such("rule", rule, tuple(base.rules))
    ways = find_ways(base, rule)
    if not ways:
        raise ValueError(f"no organisation makes the rule {rule!r} fire")

    @st.composite
    def firing(draw: st.DrawFn) -> dict[str, FactValue]:
        way = draw(st.sampled_from(ways))
        needed = {name: draw(st.sampled_from(values)) for name, values in way.items()}
        if base.incoherences(needed):
            needed = {name: values[0] for name, values in way.items()}
        # Inference is monotone: whatever else is known, the rule still fires.
        return forget_impossible(base, {**draw(organisations(base)), **needed}, needed)

    return firing()


def organisations_getting(model: str, rulebase: RuleBase | None = None) -> Organisations:
    """Draw organisations to which a model is recommended, contested or not.

    The first are found by a random search, and the others are grown from them. A model too rare for that is found only
    with the extra `verify`, whose solver misses none.

    Args:
        rulebase: The rule base; the built-in one when left out.

    Raises:
        ValueError: If there is no such model, or no organisation was found for it.
    """
    base = rulebase or RuleBase.builtin()
    if model not in base.models:
        raise no_such("model", model, tuple(base.models))
    judge = Advisor(base).judge
    seeds = _find_getting(model, judge)
    if not seeds:
        raise ValueError(f"no organisation was found to which the model {model!r} is recommended")

    @st.composite
    def getting(draw: st.DrawFn) -> dict[str, FactValue]:
        organisation = dict(draw(st.sampled_from(seeds)))
        for name, value in draw(organisations(base)).items():
            if name not in organisation:
                richer = {**organisation, name: value}
                if not base.incoherences(richer) and judge.decide(richer).model == model:
                    organisation = richer
        return organisation

    return getting()


def register(rulebase: RuleBase | None = None, organisation: type[Any] | None = None) -> None:
    """Let `hypothesis.strategies.from_type` draw organisations as pydantic models.

    Args:
        rulebase: The rule base; the built-in one when left out.
        organisation: The pydantic model of its facts; `cxrules.Organisation` when left out.
    """
    if organisation is None:
        from cxrules.builtin.organisation import Organisation

        organisation = Organisation
    build: Callable[..., Any] = organisation
    st.register_type_strategy(organisation, organisations(rulebase).map(lambda facts: build(**facts)))


def _values(fact: Fact, cuts: list[float] | tuple[float, ...]) -> st.SearchStrategy[FactValue]:
    if fact.kind is Kind.SET:
        return st.sets(st.sampled_from(fact.names)).map(
            lambda drawn: tuple(name for name in fact.names if name in drawn)
        )
    return st.sampled_from(telling_values(fact, cuts))


def _steps(fact: Fact, cuts: list[float]) -> list[tuple[FactValue, FactValue]]:
    if fact.kind is Kind.FLAG:
        return [(False, True)]
    if fact.kind is Kind.ORDERED:
        return list(pairwise(fact.names))
    if fact.kind is Kind.PERCENT:
        return [(as_percentage(cut - 1e-9), as_percentage(cut)) for cut in cuts if cut >= 1e-9]
    if fact.kind is Kind.SET:
        subsets = telling_values(fact)
        return [
            (subset, tuple(other for other in fact.names if other in subset or other == name))
            for subset in subsets
            if isinstance(subset, tuple)
            for name in fact.names
            if name not in subset
        ]
    return []


def _find_getting(model: str, judge: Judge) -> list[dict[str, FactValue]]:
    found = list(islice(_draw_getting(model, judge), _SEEDS))
    if found:
        return found
    try:
        from cxrules.verification.prover import Prover
    except ImportError:
        return []
    answer = Prover(judge.rulebase).smallest(lambda view: view.recommended[model])
    return [dict(answer.witness.known)] if answer.witness else []


def _draw_getting(model: str, judge: Judge) -> Iterator[dict[str, FactValue]]:
    base = judge.rulebase
    rng = random.Random(0)  # noqa: S311 - it draws organisations, not secrets
    cuts = thresholds(base)
    values = {name: telling_values(fact, cuts.get(name, ())) for name, fact in base.vocabulary.facts.items()}
    # In addition to random facts, those that fire a rule for the model or for one of its requirements.
    wanted = {*base.models[model].requires}
    speaking = [
        rule.id
        for rule in base.rules.values()
        if any(entry.target == model or entry.target in wanted for entry in rule.then if entry.effect != "excludes")
    ]
    ways = {rule: find_ways(base, rule, most=8) for rule in speaking}
    for _ in range(_DRAWS):
        share = rng.random() / 2
        known = {name: rng.choice(some) for name, some in values.items() if rng.random() < share}
        for rule in rng.sample(speaking, k=min(len(speaking), rng.randint(1, 6))):
            if ways[rule]:
                known |= {name: rng.choice(some) for name, some in rng.choice(ways[rule]).items()}
        known = forget_impossible(base, known, {})
        if judge.decide(known).model == model:
            yield known
