"""Checks that the rule base does what is expected of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from types import MappingProxyType
from typing import Any, TypeAlias

from cxrules.language.facts import Kind
from cxrules.language.rules import Condition, Effect
from cxrules.verification.checks.assertions import Subject, claim_none, claim_some, describe_conflict
from cxrules.verification.circuit import Bit, Circuit
from cxrules.verification.expectations import CHANGES, Expectation
from cxrules.verification.prover import Angle, Prover, Query, View
from cxrules.verification.results import CheckFinding, Verdict

__all__ = ["check_expectation"]

EXPECTATION = "expectation"

Outcome: TypeAlias = Callable[[Any, str], Bit]
ChangeTest: TypeAlias = Callable[[Circuit, Any, Any, str], Bit]

_OUTCOMES: Mapping[str, Outcome] = MappingProxyType(
    {
        "recommends": lambda view, model: view.recommended[model],
        "considers": lambda view, model: view.candidate[model],
        "excludes": lambda view, model: view.excluded[model],
        "establishes": lambda view, finding: view.findings[finding],
        "recognises": lambda view, pattern: view.concluded(Effect.RECOGNISES, pattern),
        "accompanies": lambda view, name: view.concluded(Effect.ACCOMPANIES, name),
        "advises": lambda view, action: view.advised(action),
        "warns": lambda view, warning: view.concluded(Effect.WARNING, warning),
    }
)


def check_expectation(prover: Prover, expectation: Expectation) -> CheckFinding:
    """Prove an expectation, or find the smallest organisation that violates it.

    What is expected of no organisation is not proved: nothing would violate it, whatever the rules say.
    """
    subject = Subject(EXPECTATION, expectation.id, f"this holds of every organisation: {expectation.says.rstrip('.')}")
    unknown: frozenset[str] = frozenset()
    if expectation.knowing_only is not None:
        unknown = frozenset(prover.rulebase.vocabulary.facts) - set(expectation.knowing_only)
    angles = [Angle(prover.judge, forget=unknown)]
    changing = expectation.raising or expectation.lowering
    question: Query
    if changing:
        angles.append(Angle(prover.judge, forget=unknown, vary=changing))
        question = _change(prover, expectation, changing)
    else:

        def question(view: View) -> Bit:
            return _belied(prover.circuit, expectation, view)

    finding = claim_none(prover, subject, question, expectation.says, *angles)
    parts = _list_parts(prover, expectation)
    if finding.verdict is not Verdict.PROVED or not parts:
        return finding
    subject = subject._replace(whether=f"any organisation is concerned by this: {expectation.says.rstrip('.')}")
    where = f" where only {' and '.join(expectation.knowing_only or ())} may be known" if unknown else ""

    def tell(core: tuple[str, ...]) -> str:
        return f"No organisation is concerned, so nothing is expected: {describe_conflict(core)}{where}."

    finding = claim_some(prover, subject, parts, tell, *angles)
    if finding.witness is not None:  # where nothing is concerned, no fact changes
        finding = replace(finding, witness=replace(finding.witness, changed={}))
    return finding


def _list_parts(prover: Prover, expectation: Expectation) -> dict[str, Query]:
    """List what must be true of an organisation of which something is expected."""
    parts: dict[str, Query] = {condition.write(): _holds(condition) for condition in expectation.when}
    unless = expectation.unless
    if unless is not None:
        written = ", ".join(condition.write() for condition in unless)
        parts[f"unless {written}"] = lambda view, *_: prover.circuit.negate(view.holds(unless))
    if expectation.raising:
        raised = expectation.raising
        parts[f"{raised} rises"] = lambda before, after: _rises(prover, raised, before, after)
    if expectation.lowering:
        lowered = expectation.lowering
        parts[f"{lowered} falls"] = lambda before, after: _rises(prover, lowered, after, before)
    return parts


def _holds(condition: Condition) -> Query:
    return lambda view, *_: view.holds((condition,))


def _belied(circuit: Circuit, expectation: Expectation, view: View) -> Bit:
    outcomes = []
    for word, names in expectation.outcomes.items():
        found = [_OUTCOMES[word](view, name) for name in names]
        # One of several models is recommended; for the rest "never a, b" means neither, "always a, b" means both.
        every = expectation.always and word != "recommends"
        outcomes.append(circuit.all_of(found) if every else circuit.any_of(found))
    comes_out = circuit.all_of(outcomes)
    return circuit.all_of(
        [*_meant(circuit, expectation, view), circuit.negate(comes_out) if expectation.always else comes_out]
    )


def _meant(circuit: Circuit, expectation: Expectation, view: View) -> Iterator[Bit]:
    yield view.holds(expectation.when)
    if expectation.unless is not None:
        yield circuit.negate(view.holds(expectation.unless))


def _change(prover: Prover, expectation: Expectation, fact: str) -> Callable[[Any, Any], Bit]:
    circuit = prover.circuit

    def question(before: View, after: View) -> Bit:
        low, high = (before, after) if expectation.raising else (after, before)
        relations = [
            circuit.any_of(
                _CHANGES[word](circuit, before, after, model) for model in expectation.outcomes.get(word, ())
            )
            for word in CHANGES
            if word in expectation.outcomes
        ]
        others = [
            circuit.any_of(_OUTCOMES[word](after, name) for name in names)
            for word, names in expectation.outcomes.items()
            if word not in CHANGES
        ]
        return circuit.all_of(
            [_rises(prover, fact, low, high), *_meant(circuit, expectation, before), *relations, *others]
        )

    return question


def _rises(prover: Prover, name: str, low: View, high: View) -> Bit:
    """Return whether a fact known to both views is more in the second."""
    circuit, fact = prover.circuit, prover.rulebase.vocabulary[name]
    if fact.kind is Kind.SET:
        added = [
            circuit.all_of([high.includes(name, element), circuit.negate(low.includes(name, element))])
            for element in fact.names
        ]
        kept = [
            circuit.any_of([high.includes(name, element), circuit.negate(low.includes(name, element))])
            for element in fact.names
        ]
        return circuit.all_of([low.knows(name), high.knows(name), circuit.any_of(added), *kept])
    values: Sequence[Any] = prover.space.values(name)
    if fact.kind is Kind.FLAG:
        values = (False, True)
    return circuit.any_of(
        circuit.all_of([low.has_value(name, less), high.has_value(name, more)])
        for less, more in combinations(values, 2)
    )


def _weakens(circuit: Circuit, before: View, after: View, model: str) -> Bit:
    return circuit.any_of(
        [
            circuit.negate(circuit.at_least(after.points[model], before.points[model])),
            circuit.all_of([after.excluded[model], circuit.negate(before.excluded[model])]),
            circuit.all_of([before.entitled[model], circuit.negate(after.entitled[model])]),
            circuit.all_of([before.enough[model], circuit.negate(after.enough[model])]),
        ]
    )


def _unseats(circuit: Circuit, before: View, after: View, model: str) -> Bit:
    return circuit.all_of([before.recommended[model], circuit.negate(after.recommended[model])])


_CHANGES: Mapping[str, ChangeTest] = MappingProxyType(
    {
        "weakens": _weakens,
        "strengthens": lambda circuit, before, after, model: _weakens(circuit, after, before, model),
        "unseats": _unseats,
        "seats": lambda circuit, before, after, model: _unseats(circuit, after, before, model),
    }
)
