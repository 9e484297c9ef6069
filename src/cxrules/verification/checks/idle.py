"""Checks for parts of the vocabulary without effect: thresholds, values and facts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from cxrules.language.facts import Fact, FactValue, Kind, Use
from cxrules.language.notation import write_value
from cxrules.language.rules import Effect, FactTest, Operator
from cxrules.rulebase import RuleBase
from cxrules.verification.checks.assertions import Subject, claim_some
from cxrules.verification.checks.redundant import result_differs
from cxrules.verification.circuit import Bit, Circuit
from cxrules.verification.prover import Angle, Prover, View
from cxrules.verification.results import CheckFinding, Verdict
from cxrules.verification.trials import ADVICE

__all__ = ["answer_differs", "idle_facts", "idle_thresholds", "idle_values"]

IDLE_THRESHOLD = "idle-threshold"
IDLE_VALUE = "idle-value"
IDLE_FACT = "idle-fact"


def idle_thresholds(prover: Prover) -> Iterator[CheckFinding]:
    """Every threshold of a percentage makes a difference to some answer."""
    for fact in prover.rulebase.vocabulary.facts.values():
        if fact.kind is not Kind.PERCENT:
            continue
        for below, above in pairwise(prover.space.values(fact.name)):
            yield _tell_apart(
                prover,
                Subject(
                    IDLE_THRESHOLD,
                    f"{fact.name}: {write_value(above)}",
                    f"it makes a difference to any answer on which side of {write_value(above)} the fact lies",
                ),
                (fact.name, below, above),
                f"It makes no difference to any answer on which side of {write_value(above)} the fact lies.",
            )


def idle_values(prover: Prover) -> Iterator[CheckFinding]:
    """Every value of a fact, and every element of a set, makes a difference to some answer."""
    tests: dict[str, list[FactTest]] = {name: [] for name in prover.rulebase.vocabulary.facts}
    for rule in prover.rulebase.rules.values():
        for test in rule.tests():
            if isinstance(test, FactTest):
                tests[test.fact].append(test)
    for fact in prover.rulebase.vocabulary.facts.values():
        if fact.kind is Kind.SET:
            for element in fact.names:
                yield _tell_element(prover, fact, element, tests[fact.name])
        elif fact.kind is not Kind.PERCENT:
            yield from _tell_values(prover, fact)


def count_values(rulebase: RuleBase) -> int:
    """Return how many values and elements of sets there are to tell apart."""
    facts = [fact for fact in rulebase.vocabulary.facts.values() if fact.kind is not Kind.PERCENT]
    return sum(2 if fact.kind is Kind.FLAG else len(fact.names) for fact in facts)


def idle_facts(prover: Prover) -> Iterator[CheckFinding]:
    """Every fact makes a difference to some answer, and a deciding fact to some model or status."""
    for fact in prover.rulebase.vocabulary.facts.values():
        yield _matter(prover, fact)


def _matter(prover: Prover, fact: Fact) -> CheckFinding:
    circuit = prover.circuit
    differs = result_differs if fact.use is Use.DECIDES else answer_differs
    effect = "model or status, though it should decide" if fact.use is Use.DECIDES else "answer"
    unknown = Angle(prover.judge, forget=frozenset([fact.name]))
    known = Angle(prover.judge, fix={fact.name: prover.space.values(fact.name)[0]})
    return claim_some(
        prover,
        Subject(IDLE_FACT, fact.name, f"knowing the fact makes a difference to any {effect.partition(',')[0]}"),
        {"it matters": lambda view, bare: differs(circuit, view, bare)},
        lambda _: f"Whether the fact is known or not makes no difference to any {effect}.",
        prover.angle,
        unknown,
        near=lambda: (
            prover.smallest(lambda view, bare: circuit.negate(differs(circuit, view, bare)), known, unknown).witness
        ),
        hint=lambda: prover.trials.without_fact(fact.name, result=fact.use is Use.DECIDES),
    )


def answer_differs(circuit: Circuit, one: View, other: View) -> Bit:
    """Return whether two views of one rule base differ in any part of the answer, apart from the rules quoted."""
    return circuit.any_of(_differences(circuit, one, other))


def _differences(circuit: Circuit, one: View, other: View) -> Iterator[Bit]:
    for model in one.rulebase.models:
        yield circuit.negate(circuit.same_number(one.points[model], other.points[model]))
        yield circuit.differ(one.excluded[model], other.excluded[model])
        yield circuit.differ(one.entitled[model], other.entitled[model])
        yield circuit.differ(one.enough[model], other.enough[model])
    for effect, target in _list_advice(one.rulebase):
        yield circuit.differ(one.concluded(effect, target), other.concluded(effect, target))
    for model in one.rulebase.models:
        yield circuit.differ(one.running[model], other.running[model])


@lru_cache(maxsize=4)
def _list_advice(rulebase: RuleBase) -> list[tuple[Effect, str]]:
    """Return everything that can be advised, recognised or warned of."""
    targets = {(conclusion.effect, conclusion.target) for rule in rulebase.rules.values() for conclusion in rule.then}
    return sorted((effect, target) for effect, target in targets if effect in ADVICE)


def _tell_apart(
    prover: Prover, subject: Subject, values: tuple[str, FactValue, FactValue], message: str
) -> CheckFinding:
    name, one, other = values
    angles = (Angle(prover.judge, fix={name: one}), Angle(prover.judge, fix={name: other}))
    return claim_some(
        prover,
        subject,
        {"the answers differ": lambda *views: answer_differs(prover.circuit, *views)},
        lambda _: message,
        *angles,
        near=lambda: (
            prover.smallest(
                lambda *views: prover.circuit.negate(answer_differs(prover.circuit, *views)), *angles
            ).witness
        ),
        hint=lambda: prover.trials.between(name, one, other),
    )


def _tell_values(prover: Prover, fact: Fact) -> Iterator[CheckFinding]:
    """Group values that no answer tells apart; for an ordered fact, only neighbours."""
    values = prover.space.values(fact.name)
    found: dict[tuple[FactValue, FactValue], CheckFinding] = {}

    def alike(one: FactValue, other: FactValue) -> bool:
        found[one, other] = _tell_pair(prover, fact, one, other)
        return found[one, other].verdict is Verdict.REFUTED

    # Two values are compared where both are possible. If that is everywhere, what is like one of a group is like all.
    limited = any(test.fact == fact.name for item in prover.rulebase.impossible for test in item.when)
    groups: list[list[FactValue]] = []
    for value in values:
        for group in groups[-1:] if fact.kind is Kind.ORDERED else groups:
            if all(alike(other, value) for other in (group if limited else group[-1:])):
                group.append(value)
                break
        else:
            groups.append([value])
    for group in groups:
        name = f"{fact.name}: {' = '.join(map(write_value, group))}"
        if len(group) > 1:
            told = ", ".join(map(write_value, group))
            message = f"It makes no difference to any answer which of these {fact.name} is: {told}."
            within = [entry.witness for pair, entry in found.items() if set(pair) <= set(group)]
            yield CheckFinding(IDLE_VALUE, name, Verdict.REFUTED, message, next(filter(None, within), None))
            continue
        undecided = [entry for pair, entry in found.items() if group[0] in pair and entry.verdict is Verdict.UNDECIDED]
        message = undecided[0].message if undecided else ""
        yield CheckFinding(IDLE_VALUE, name, Verdict.UNDECIDED if undecided else Verdict.PROVED, message)


def _tell_pair(prover: Prover, fact: Fact, one: FactValue, other: FactValue) -> CheckFinding:
    either = f"whether the fact is {write_value(one)} or {write_value(other)}"
    name = f"{fact.name}: {write_value(one)} = {write_value(other)}"
    subject = Subject(IDLE_VALUE, name, f"it makes a difference to any answer {either}")
    message = f"It makes no difference to any answer {either}."
    return _tell_apart(prover, subject, (fact.name, one, other), message)


def _tell_element(prover: Prover, fact: Fact, element: str, tests: Sequence[FactTest]) -> CheckFinding:
    circuit = prover.circuit

    def differ(view: View, other: View) -> Bit:
        return circuit.all_of([_toggled(view, other), answer_differs(circuit, view, other)])

    def same(view: View, other: View) -> Bit:
        return circuit.all_of([_toggled(view, other), circuit.negate(answer_differs(circuit, view, other))])

    def _toggled(view: View, other: View) -> Bit:
        return circuit.all_of(
            [
                other.includes(fact.name, element),
                circuit.negate(view.includes(fact.name, element)),
                view.knows(fact.name),
                *(
                    circuit.equal(view.includes(fact.name, name), other.includes(fact.name, name))
                    for name in fact.names
                    if name != element
                ),
            ]
        )

    angles = (prover.angle, Angle(prover.judge, vary=fact.name))
    message = f"It makes no difference to any answer whether the fact includes {element}."
    subject = Subject(
        IDLE_VALUE,
        f"{fact.name}: {element}",
        f"it makes a difference to any answer whether the fact includes {element}",
    )
    if not any(_names(test, element) for test in tests):  # then no answer can depend on it
        return subject.refute(message, prover.smallest(same, *angles).witness)
    return claim_some(
        prover,
        subject,
        {"the answers differ": differ},
        lambda _: message,
        *angles,
        near=lambda: prover.smallest(same, *angles).witness,
        hint=lambda: prover.trials.with_element(fact.name, element),
    )


def _names(test: FactTest, element: str) -> bool:
    """Return whether a test looks for an element."""
    inclusion = (Operator.INCLUDES_ANY, Operator.INCLUDES_ALL, Operator.LACKS_ALL)
    return test.operator not in inclusion or (isinstance(test.operand, tuple) and element in test.operand)
