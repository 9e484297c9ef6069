"""The argument of a decision as a graph of data: facts → rules → findings → rules → models, with the deciding path."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from cxrules.document import unmark
from cxrules.explanation.decisive import rate_rules
from cxrules.explanation.derivation import Case, Derivation, Established, Step, cite
from cxrules.explanation.prose.reasons import choose_reasons
from cxrules.explanation.trace import trace
from cxrules.explanation.why_not import Obstacle, why_not
from cxrules.policy.decision import Decision, Status
from cxrules.policy.judge import Judge
from cxrules.policy.ranking import list_preferences

__all__ = ["Argument", "Link", "Point", "PointKind", "Relation", "argue", "count_layers"]


class PointKind(StrEnum):
    """The kinds of node in an argument."""

    FACT = "fact"
    RULE = "rule"
    FINDING = "finding"
    MODEL = "model"


class Relation(StrEnum):
    """The relations that edges of an argument express, the strongest last."""

    PREMISE = "premise"
    ESTABLISHES = "establishes"
    REQUIRED = "required"
    LACKING = "lacking"
    PREFERS = "prefers"
    FOR = "for"
    AGAINST = "against"
    SETS_ASIDE = "sets_aside"
    EXCLUDES = "excludes"


_STRENGTH = {relation: place for place, relation in enumerate(Relation)}


@dataclass(frozen=True, slots=True)
class Point:
    """A node.

    Attributes:
        id: Its kind, a colon and its name.
        kind: What it is.
        label: Its text, in words.
        note: For a rule the article and paragraphs, for a model its standing; otherwise empty.
        source: The id of the article behind a rule; otherwise empty.
        deciding: Whether the outcome would lose something without it.
        dissent: Whether it is a rule that disagrees with the recommendation.
        faint: Whether to draw it faintly: a rule that rests on no fact, a finding that is not established, or a model
            out of the running.
    """

    id: str
    kind: PointKind
    label: str
    note: str = ""
    source: str = ""
    deciding: bool = False
    dissent: bool = False
    faint: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """An edge.

    Attributes:
        tail: The node it comes from.
        head: The node it goes to.
        relation: Its meaning; if a rule says several things about a model, the strongest.
        points: The points of evidence, negative when against; 0 if it is not evidence.
        deciding: Whether it lies on the deciding path.
    """

    tail: str
    head: str
    relation: Relation
    points: int = 0
    deciding: bool = False


@dataclass(frozen=True, slots=True)
class Argument:
    """A graph: every edge leads from a cause to its effect.

    Attributes:
        title: The outcome in words.
        points: The nodes: facts, rules, findings, then models, best first.
        links: The edges, in the order of their nodes.
        sources: The titles of the articles cited, by id.
        stated: The rules that the brief explanation states as its reasons, in its order.
        whole: The number of nodes in the whole argument, if this is a part of it; otherwise 0.
    """

    title: str
    points: tuple[Point, ...]
    links: tuple[Link, ...]
    sources: dict[str, str]
    stated: tuple[str, ...] = ()
    whole: int = 0


def argue(judge: Judge, decision: Decision, *, complete: bool = False) -> Argument:
    """Return the argument of a decision.

    If `complete`, every way to every finding and every alternative that holds is included; see `trace`. Rules that bear
    on no model are always left out.
    """
    brief = trace(judge, decision)
    told = choose_reasons(judge, decision, brief)
    argument = _Builder(judge, decision, trace(judge, decision, complete=True) if complete else brief).build()
    drawn = {point.id for point in argument.points}
    return replace(argument, stated=tuple(name for rule in told if (name := f"rule:{rule}") in drawn))


class _Builder:
    def __init__(self, judge: Judge, decision: Decision, derivation: Derivation) -> None:
        self._judge = judge
        self._decision = decision
        self._derivation = derivation
        self._points: dict[str, Point] = {}
        self._links: dict[tuple[str, str], Link] = {}
        self._rated = rate_rules(judge, decision) if decision.model else {}
        self._dissent = set(judge.reader.read("dissent", decision))

    def build(self) -> Argument:
        for case in self._derivation.cases:
            self._add_case(case)
        for preference in list_preferences(self._judge.decider, self._decision.fired):
            self._add_link(Link(f"rule:{preference.rule}", f"model:{preference.model}", Relation.PREFERS))
        self._mark_path()
        order = {kind: place for place, kind in enumerate(PointKind)}
        points = sorted(self._points.values(), key=lambda point: order[point.kind])
        place = {point.id: place for place, point in enumerate(points)}
        links = sorted(self._links.values(), key=lambda link: (place[link.tail], place[link.head]))
        sources = self._judge.rulebase.sources
        cited = {point.source for point in points if point.source}
        titles = {name: source.title for name, source in sources.items() if name in cited}
        return Argument(self._title(), tuple(points), tuple(links), titles)

    def _title(self) -> str:
        if self._decision.model is None:
            return "No owner can be recommended"
        name = self._judge.rulebase.models[self._decision.model].name
        return f"{name}{', by a narrow margin' if self._decision.status is Status.CONTESTED else ''}"

    def _add_case(self, case: Case) -> None:
        model = f"model:{case.model.id}"
        winner = case.model.id == self._decision.model
        objection = why_not(self._judge, self._decision, case.model.id, self._derivation)
        note = _STANDINGS[objection.kind] if objection.kind else "recommended"
        faint = not winner and not case.candidate
        self._points[model] = Point(model, PointKind.MODEL, case.model.name, note, deciding=winner, faint=faint)
        for item in case.evidence:
            self._add_step(item.step)
            self._link(item.step, model, Relation.FOR if item.points > 0 else Relation.AGAINST, item.points)
        for step in case.excluded_by:
            self._add_step(step)
            self._link(step, model, Relation.EXCLUDES)
        for step in case.set_aside_by:
            self._add_step(step)
            self._link(step, model, Relation.SETS_ASIDE)
        for finding in case.met:
            self._add_finding(finding)
            self._add_link(Link(f"finding:{finding.finding}", model, Relation.REQUIRED))
        for finding_id, states in case.missing:
            name = f"finding:{finding_id}"
            self._points.setdefault(name, Point(name, PointKind.FINDING, states, "not established", faint=True))
            self._add_link(Link(name, model, Relation.LACKING))

    def _add_step(self, step: Step) -> None:
        _exhaust(self._visit_step(step))

    def _add_finding(self, finding: Established) -> None:
        _exhaust(self._visit_finding(finding))

    def _visit_step(self, step: Step) -> _Visit:
        name = f"rule:{step.rule.id}"
        if name in self._points:
            return
        note = unmark(cite(step)).rpartition(", ")[2]
        self._points[name] = Point(
            name,
            PointKind.RULE,
            step.rule.rationale.rstrip(". "),
            note,
            step.source.id,
            dissent=bool(self._dissent.intersection(step.rule.because)),
            faint=step.standing,
        )
        for given in step.facts:
            fact = f"fact:{given.fact}"
            self._points.setdefault(fact, Point(fact, PointKind.FACT, given.states))
            self._add_link(Link(fact, name, Relation.PREMISE))
        for finding in step.findings:
            yield self._visit_finding(finding)
            self._add_link(Link(f"finding:{finding.finding}", name, Relation.PREMISE))

    def _visit_finding(self, finding: Established) -> _Visit:
        name = f"finding:{finding.finding}"
        if name not in self._points:
            self._points[name] = Point(name, PointKind.FINDING, finding.states)
            for step in finding.steps:
                yield self._visit_step(step)
                self._link(step, name, Relation.ESTABLISHES)

    def _link(self, step: Step, head: str, relation: Relation, points: int = 0) -> None:
        self._add_link(Link(f"rule:{step.rule.id}", head, relation, points))

    def _add_link(self, link: Link) -> None:
        there = self._links.get((link.tail, link.head))
        if there is None:
            self._links[link.tail, link.head] = link
        else:
            relation = max(there.relation, link.relation, key=_STRENGTH.__getitem__)
            self._links[link.tail, link.head] = replace(there, relation=relation, points=there.points + link.points)

    def _mark_path(self) -> None:
        """Mark the deciding path: the rules that count, what they do for the winner, and everything they rest on."""
        winner = f"model:{self._decision.model}"
        effects = {
            key
            for key, link in self._links.items()
            if (link.head == winner and link.relation is not Relation.AGAINST)
            or link.relation in (Relation.EXCLUDES, Relation.SETS_ASIDE)
        }
        reached: set[str] = set()
        waiting = []
        for tail, head in effects:
            kind, _, name = tail.partition(":")
            if (kind == "rule" and name in self._rated) or (kind == "finding" and head == winner):
                self._decide(tail, head)
                waiting.append(tail)
        incoming: dict[str, list[str]] = {}
        for tail, head in self._links:
            incoming.setdefault(head, []).append(tail)
        while waiting:
            name = waiting.pop()
            if name in reached:
                continue
            reached.add(name)
            self._points[name] = replace(self._points[name], deciding=True)
            for tail in incoming.get(name, ()):
                self._decide(tail, name)
                waiting.append(tail)

    def _decide(self, tail: str, head: str) -> None:
        self._links[tail, head] = replace(self._links[tail, head], deciding=True)


_Visit: TypeAlias = "Generator[_Visit, None, None]"
"""A visit, which yields the visits that must come before it continues."""


def _exhaust(visit: _Visit) -> None:
    """Run visits without recursion, because chains of findings may be longer than Python's stack."""
    stack = [visit]
    while stack:
        inner = next(stack[-1], None)
        if inner is None:
            stack.pop()
        else:
            stack.append(inner)


_STANDINGS = {
    Obstacle.EXCLUDED: "ruled out",
    Obstacle.REQUIREMENT_REFUSED: "requirement out of reach",
    Obstacle.REQUIREMENT_UNKNOWN: "requirement not known",
    Obstacle.NO_EVIDENCE: "nothing speaks for it on balance",
    Obstacle.TOO_LITTLE_EVIDENCE: "too little evidence",
    Obstacle.SET_ASIDE: "ranked below another",
    Obstacle.OUTWEIGHED: "outweighed",
}


def count_layers(argument: Argument) -> int:
    """Return how many nodes the longest path has."""
    heads: dict[str, list[str]] = {}
    waits: dict[str, int] = {point.id: 0 for point in argument.points}
    for link in argument.links:
        heads.setdefault(link.tail, []).append(link.head)
        waits[link.head] += 1
    layer = [name for name, links in waits.items() if not links]
    count = 0
    while layer:
        count += 1
        following = []
        for name in layer:
            for head in heads.get(name, ()):
                waits[head] -= 1
                if not waits[head]:
                    following.append(head)
        layer = following
    return count
