"""The derivation of a decision as a tree of data: facts given → rules → findings → rules → evidence → policy step.

`trace` gives it cleaned for people: of several ways to a finding the shortest, of several alternatives that hold the
first, of the rules those that bear on a model. With `complete=True` it leaves nothing out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from cxrules.decision import Decision, Judge, Reason, Status
from cxrules.errors import suggest
from cxrules.facts import FactValue
from cxrules.ranking import RankedModel, fired_evidence, rank
from cxrules.rules import AnyOf, Claim, Condition, FactTest, Model, Rule, Source, holds

__all__ = ["Case", "Derivation", "Established", "GivenFact", "Node", "Step", "Tracer", "Weighed", "how", "trace"]


@dataclass(frozen=True, slots=True)
class GivenFact:
    """A fact that the caller gave.

    Attributes:
        fact: Its name.
        value: Its value.
        states: A clause that states it, such as "marketing is already stretched".
    """

    fact: str
    value: FactValue
    states: str


@dataclass(frozen=True, slots=True)
class Established:
    """A finding that fired rules establish.

    Attributes:
        finding: Its name.
        states: A clause that states it.
        steps: The rules that establish it; one of them when cleaned.
    """

    finding: str
    states: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return _outline(self)


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that fired, with what made it fire.

    Attributes:
        rule: The rule: its id, rationale, conclusions, and what the engineer added.
        source: The article.
        claims: What the article says, each with its paragraphs.
        facts: The facts given that it tests and that hold.
        findings: The findings it needs, with what established them.
        standing: Whether it is a standing rule, which rests on no fact.
    """

    rule: Rule
    source: Source
    claims: tuple[Claim, ...]
    facts: tuple[GivenFact, ...]
    findings: tuple[Established, ...]
    standing: bool

    def __str__(self) -> str:
        return _outline(self)

    def roots(self) -> tuple[GivenFact, ...]:
        """Give the facts given on which it rests, directly or through findings, each once."""
        found = {given.fact: given for given in self.facts}
        for finding in self.findings:
            for step in finding.steps:
                for given in step.roots():
                    found.setdefault(given.fact, given)
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Weighed:
    """What a fired rule says for or against a model.

    Attributes:
        step: The rule.
        points: 1 to 3, negative when against.
        carrier: The claim whose tone sets the points, and which counts once for the model.
    """

    step: Step
    points: int
    carrier: Claim


@dataclass(frozen=True, slots=True)
class Case:
    """Everything for and against one model, and where the policy puts it.

    Attributes:
        model: The model.
        points: The sum of the evidence.
        certainty: The certainty factor of that sum.
        candidate: Whether it passed exclusions, requirements and minimum evidence.
        evidence: What counts for and against it, the strongest first, for before against.
        excluded_by: The rules that rule it out.
        met: Its requirements that are established.
        missing: Its requirements that are not: name and clause.
        set_aside_by: The rules that prefer another candidate.
    """

    model: Model
    points: int
    certainty: float
    candidate: bool
    evidence: tuple[Weighed, ...]
    excluded_by: tuple[Step, ...]
    met: tuple[Established, ...]
    missing: tuple[tuple[str, str], ...]
    set_aside_by: tuple[Step, ...]

    def __str__(self) -> str:
        return _outline(self)


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a decision came about.

    Attributes:
        model: The recommended model, or None.
        status: How firmly it stands.
        reason: Why there is no model, or None.
        certainty: The certainty of the evidence for the model.
        facts: The facts given, in the order of the vocabulary.
        cases: Every model, best first.
        others: Fired rules that bear on no model, such as those that advise an action; only when complete.
    """

    model: str | None
    status: Status
    reason: Reason | None
    certainty: float
    facts: tuple[GivenFact, ...]
    cases: tuple[Case, ...]
    others: tuple[Step, ...] = ()

    def case(self, model: str) -> Case:
        """Give what is for and against one model.

        Raises:
            KeyError: If there is no such model.
        """
        for case in self.cases:
            if case.model.id == model:
                return case
        raise KeyError(model)

    def steps(self) -> tuple[Step, ...]:
        """Give every rule in it, each once, in the order of the tree."""
        found: dict[str, Step] = {}
        for case in self.cases:
            for item in case.evidence:
                _gather(item.step, found)
            for step in (*case.excluded_by, *case.set_aside_by):
                _gather(step, found)
            for finding in case.met:
                for step in finding.steps:
                    _gather(step, found)
        for step in self.others:
            _gather(step, found)
        return tuple(found.values())

    def __str__(self) -> str:
        return _outline(self)


Node: TypeAlias = Step | Established | Case
"""What `how` answers with."""


def trace(judge: Judge, decision: Decision, *, complete: bool = False) -> Derivation:
    """Give the derivation of a decision.

    Args:
        judge: Who decided.
        decision: His decision.
        complete: Whether to give every way to every finding, every alternative that holds, and the rules that bear on
            no model.
    """
    tracer = Tracer(judge, decision, complete=complete)
    cases = tracer.cases()
    others: tuple[Step, ...] = ()
    if complete:
        seen = set(tracer.traced)
        others = tuple([tracer.step(rule) for rule in judge.decider.names(decision.fired) if rule not in seen])
    return Derivation(
        decision.model, decision.status, decision.reason, decision.certainty, tracer.given(), cases, others
    )


def how(judge: Judge, decision: Decision, name: str) -> Node | None:
    """Tell how one finding or rule came about, or what there is for and against one model.

    Args:
        judge: Who decided.
        decision: His decision.
        name: A finding, a rule or a model.

    Returns:
        Everything behind it, or None when the finding is not established or the rule did not fire.

    Raises:
        ValueError: If the rule base has no finding, rule or model of that name.
    """
    rulebase = judge.rulebase
    tracer = Tracer(judge, decision, complete=True)
    if name in rulebase.findings:
        return tracer.established(name) if name in tracer.findings else None
    if name in rulebase.rules:
        return tracer.step(name) if judge.decider.has(decision.fired, name) else None
    if name in rulebase.models:
        return next(case for case in tracer.cases() if case.model.id == name)
    known = (*rulebase.findings, *rulebase.rules, *rulebase.models)
    raise ValueError(f"no such finding, rule or model: {name!r}; {suggest(name, known)}".rstrip("; "))


class Tracer:
    """Builds the nodes of one decision's derivation, each once: the tree shares its branches.

    Attributes:
        findings: The findings established.
        traced: The steps built so far, by rule.
    """

    def __init__(self, judge: Judge, decision: Decision, *, complete: bool) -> None:
        self._judge = judge
        self._rulebase = judge.rulebase
        self._decision = decision
        self._complete = complete
        self._facts = dict(judge.rulebase.vocabulary.facts)
        self.findings = frozenset(judge.decider.findings(decision.fired))
        self.traced: dict[str, Step] = {}
        self._established: dict[str, Established] = {}
        self._given: dict[str, GivenFact] = {}

    def given(self) -> tuple[GivenFact, ...]:
        """Give the facts given, in the order of the vocabulary."""
        return tuple([self.give(name) for name in self._facts if name in self._decision.known])

    def cases(self) -> tuple[Case, ...]:
        """Give every model with what is for and against it, best first."""
        decider = self._judge.decider
        evidence: dict[str, list[Weighed]] = {model: [] for model in self._rulebase.models}
        claims = self._rulebase.claims
        for item in fired_evidence(decider, self._decision.fired):
            evidence[item.model].append(Weighed(self.step(item.rule), item.points, claims[item.carrier]))
        return tuple([self._case(row, evidence[row.model]) for row in rank(decider, self._decision.fired)])

    def step(self, name: str) -> Step:
        """Give a fired rule with what made it fire."""
        step = self.traced.get(name)
        if step is None:
            rulebase = self._rulebase
            rule = rulebase.rules[name]
            claims = tuple([rulebase.claims[claim] for claim in rule.because])
            facts: dict[str, GivenFact] = {}
            findings: dict[str, Established] = {}
            self._gather_premises(rule.when, facts, findings)
            source = rulebase.sources[claims[0].source]
            step = self.traced[name] = Step(
                rule, source, claims, tuple(facts.values()), tuple(findings.values()), name in rulebase.standing
            )
        return step

    def established(self, finding: str) -> Established:
        """Give an established finding with the rules that establish it."""
        found = self._established.get(finding)
        if found is None:
            fired, decider = self._decision.fired, self._judge.decider
            steps = [self.step(rule) for rule in self._rulebase.concluders[finding] if decider.has(fired, rule)]
            if not self._complete:
                # The shortest way; among equals the first in id order.
                steps = [min(steps, key=lambda step: len(step.roots()))]
            found = self._established[finding] = Established(finding, self._rulebase.findings[finding], tuple(steps))
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
        """Give a fact that is known, as it was given."""
        given = self._given.get(name)
        if given is None:
            value = self._decision.known[name]
            given = self._given[name] = GivenFact(name, value, self._facts[name].state(value))
        return given


def _gather(step: Step, found: dict[str, Step]) -> None:
    if step.rule.id not in found:
        found[step.rule.id] = step
        for finding in step.findings:
            for below in finding.steps:
                _gather(below, found)


def _outline(node: Derivation | Node) -> str:
    from cxrules.explanation.outline import outline  # noqa: PLC0415 - words come last

    return outline(node)
