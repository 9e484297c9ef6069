"""Traces the derivation of a decision: the shortest of several ways or, with `complete=True`, everything."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from cxrules.builtin.naming import as_model
from cxrules.explanation.derivation import (
    Case,
    Derivation,
    DerivationNode,
    Established,
    GivenFact,
    Step,
    Weighed,
    climb,
)
from cxrules.language.facts import FactValue
from cxrules.language.rules import AnyOf, Condition, FactTest, holds
from cxrules.policy.decision import Decision
from cxrules.policy.judge import Judge
from cxrules.policy.ranking import RankedModel, fired_evidence
from cxrules.portable.basis import Basis

__all__ = ["Tracer", "how", "trace"]


def trace(judge: Judge, decision: Decision, *, complete: bool = False) -> Derivation:
    """Return the derivation of a decision.

    If `complete`, it has every way to every finding, every alternative that holds, and the rules that bear on no model.
    """
    tracer = Tracer(judge, decision, complete=complete)
    cases = tracer.cases()
    outcome = as_model(decision.model), decision.status, decision.reason, decision.certainty
    others: tuple[Step, ...] = ()
    if complete:
        seen = {step.rule.id for step in Derivation(*outcome, tracer.given(), cases, _basis=tracer.basis).steps()}
        others = tuple([tracer.step(rule) for rule in judge.decider.names(decision.fired) if rule not in seen])
    return Derivation(*outcome, tracer.given(), cases, others, _basis=tracer.basis)


def how(judge: Judge, decision: Decision, name: str) -> DerivationNode | None:
    """Describe how a finding or rule came about, or what speaks for and against a model.

    Returns:
        Everything behind it, or None if the finding is not established or the rule did not fire.

    Raises:
        ValueError: If the rule base has no finding, rule or model of that name.
    """
    rulebase = judge.rulebase
    tracer = Tracer(judge, decision, complete=True)
    if isinstance(name, str):
        if name in rulebase.findings:
            return tracer.established(name) if name in tracer.findings else None
        if name in rulebase.rules:
            return tracer.step(name) if judge.decider.has(decision.fired, name) else None
    if (model := rulebase.find_model(name)) is not None:
        return next(case for case in tracer.cases() if case.model.id == model)
    raise rulebase.refuse_subject("finding, rule or model", name, (*rulebase.findings, *rulebase.rules))


_KEPT = 4096
"""The number of values that are kept, with the clauses that state them."""

_GIVEN: WeakKeyDictionary[Judge, dict[tuple[str, FactValue, type], GivenFact]] = WeakKeyDictionary()

_DEEP = 100
"""The number of strata beyond which nothing recurses through findings."""


class Tracer:
    """Builds the nodes of a decision's derivation, each once, because the tree shares branches.

    Attributes:
        basis: The judge on which every node is based.
        findings: The findings established.
        traced: The steps built so far, by rule.
    """

    def __init__(self, judge: Judge, decision: Decision, *, complete: bool) -> None:
        self._judge = judge
        self.basis = Basis(judge)
        self._rulebase = judge.rulebase
        self._decision = decision
        self._complete = complete
        self._facts = dict(judge.rulebase.vocabulary.facts)
        self.findings = frozenset(judge.decider.findings(decision.fired))
        self.traced: dict[str, Step] = {}
        self._established: dict[str, Established] = {}
        self._given: dict[str, GivenFact] = {}
        self._kept = _GIVEN.setdefault(judge, {})
        self._deep = len(judge.rulebase.strata) > _DEEP

    def given(self) -> tuple[GivenFact, ...]:
        """Return the given facts, in the order of the vocabulary."""
        return tuple([self.give(name) for name in self._facts if name in self._decision.known])

    def cases(self) -> tuple[Case, ...]:
        """Return the case for and against every model, best first."""
        decider = self._judge.decider
        evidence: dict[str, list[Weighed]] = {model: [] for model in self._rulebase.models}
        claims = self._rulebase.claims
        for item in fired_evidence(decider, self._decision.fired):
            evidence[item.model].append(Weighed(self.step(item.rule), item.points, claims[item.carrier]))
        return tuple(
            [self._case(row, evidence[row.model]) for row in self._judge.reader.read("ranking", self._decision)]
        )

    def step(self, name: str) -> Step:
        """Return a fired rule with everything that made it fire."""
        step = self.traced.get(name)
        if step is None:
            if self._deep:
                self._trace_below(name)
            rulebase = self._rulebase
            rule = rulebase.rules[name]
            claims = tuple([rulebase.claims[claim] for claim in rule.because])
            facts: dict[str, GivenFact] = {}
            findings: dict[str, Established] = {}
            self._gather_premises(rule.when, facts, findings)
            source = rulebase.sources[claims[0].source]
            step = self.traced[name] = Step(
                rule,
                source,
                claims,
                tuple(facts.values()),
                tuple(findings.values()),
                name in rulebase.standing,
                _basis=self.basis,
            )
        return step

    def _trace_below(self, name: str) -> None:
        """Build what a rule rests on from the bottom up, because a chain may be too long for recursion."""
        rules, concluders = self._rulebase.rules, self._rulebase.concluders
        fired, decider = self._decision.fired, self._judge.decider

        def below(rule: str) -> list[str]:
            return [each for need in rules[rule].needs() for each in concluders[need] if decider.has(fired, each)]

        self._deep = False
        for rule in climb(name, below, self.traced.__contains__):
            self.step(rule)
        self._deep = True

    def established(self, finding: str) -> Established:
        """Return an established finding with the rules that establish it."""
        found = self._established.get(finding)
        if found is None:
            fired, decider = self._decision.fired, self._judge.decider
            steps = [self.step(rule) for rule in self._rulebase.concluders[finding] if decider.has(fired, rule)]
            if not self._complete and len(steps) > 1:
                # The shortest way, and the first in id order among equals.
                steps = [min(steps, key=lambda step: len(step.roots()))]
            found = self._established[finding] = Established(
                finding, self._rulebase.findings[finding], tuple(steps), _basis=self.basis
            )
        return found

    def _case(self, row: RankedModel, evidence: list[Weighed]) -> Case:
        model = self._rulebase.models[row.model]
        return Case(
            model,
            row.points,
            row.certainty,
            row.candidate,
            tuple(sorted(evidence, key=lambda item: -item.points if item.points > 0 else 100 - abs(item.points))),
            tuple([self.step(rule) for rule in row.excluded_by]),
            tuple([self.established(finding) for finding in model.requires if finding not in row.missing]),
            tuple([(finding, self._rulebase.findings[finding]) for finding in row.missing]),
            tuple([self.step(rule) for rule in row.set_aside_by]),
            _basis=self.basis,
        )

    def _gather_premises(
        self, when: tuple[Condition, ...], facts: dict[str, GivenFact], findings: dict[str, Established]
    ) -> None:
        for condition in when:
            if isinstance(condition, FactTest):
                facts[condition.fact] = self.give(condition.fact)
            elif isinstance(condition, AnyOf):
                for alternative in condition.alternatives:
                    if holds(alternative, self._decision.known, self.findings, self._facts):
                        self._gather_premises(alternative, facts, findings)
                        if not self._complete:
                            break
            else:
                findings[condition.finding] = self.established(condition.finding)

    def give(self, name: str) -> GivenFact:
        """Return a fact that is known, as it was given."""
        given = self._given.get(name)
        if given is None:
            value = self._decision.known[name]
            key = name, value, type(value)
            given = self._kept.get(key)
            if given is None:
                given = GivenFact(name, value, self._facts[name].state(value))
                if len(self._kept) < _KEPT:
                    self._kept[key] = given
            self._given[name] = given
        return given
