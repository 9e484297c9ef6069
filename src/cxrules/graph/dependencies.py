"""The dependencies in a rule base: facts → rules → findings → rules → models, with claims and sources."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import networkx as nx

from cxrules.language.notation import write_value
from cxrules.language.rules import AnyOf, Condition, Effect, FactTest, FindingTest, Operand, Rule
from cxrules.policy.evidence import weigh_rule
from cxrules.rulebase import RuleBase

__all__ = ["NodeKind", "dependency_graph", "find_cycles", "reach", "rests_on", "strata"]


class NodeKind(StrEnum):
    """The kinds of node; names of nodes begin with the kind."""

    SOURCE = "source"
    CLAIM = "claim"
    FACT = "fact"
    RULE = "rule"
    FINDING = "finding"
    MODEL = "model"
    ACCOMPANIMENT = "accompaniment"
    PATTERN = "pattern"
    ACTION = "action"
    WARNING = "warning"


_TARGETS = {
    Effect.FINDING: NodeKind.FINDING,
    Effect.SUPPORTS: NodeKind.MODEL,
    Effect.OPPOSES: NodeKind.MODEL,
    Effect.EXCLUDES: NodeKind.MODEL,
    Effect.PREFERS: NodeKind.MODEL,
    Effect.ACCOMPANIES: NodeKind.ACCOMPANIMENT,
    Effect.RECOGNISES: NodeKind.PATTERN,
    Effect.ACTION: NodeKind.ACTION,
    Effect.WARNING: NodeKind.WARNING,
}


def dependency_graph(rulebase: RuleBase, *, claims: bool = True, advice: bool = True) -> nx.MultiDiGraph[str]:
    """Return the graph of dependencies in a rule base.

    Nodes are named by kind and name, such as `fact:maturity`, and have `kind` and `label`; rules also have `stratum`,
    `standing` and `points` (of their evidence). Edges, whose keys are their relations, lead from what comes before to
    what rests on it: `says` (source → claim), `because` (claim → rule, or what it defines), `tests` (fact or finding →
    rule, with the `test` in words), the effects of rules (`finding`, `supports`, `opposes`, `excludes`, `prefers`,
    `sets_aside`, `accompanies`, `recognises`, `action`, `warning`), and `requires` (finding → model).

    Args:
        claims: Whether to include claims and sources.
        advice: Whether to include accompaniments, patterns, actions and warnings.
    """
    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(name=rulebase.name, revision=rulebase.revision)
    for name, fact in rulebase.vocabulary.facts.items():
        graph.add_node(f"fact:{name}", kind=str(NodeKind.FACT), label=fact.topic)
    for name, states in rulebase.findings.items():
        graph.add_node(f"finding:{name}", kind=str(NodeKind.FINDING), label=states)
    for model in rulebase.models.values():
        graph.add_node(f"model:{model.id}", kind=str(NodeKind.MODEL), label=model.name)
        for finding in model.requires:
            graph.add_edge(f"finding:{finding}", f"model:{model.id}", key="requires", relation="requires")
    if advice:
        _add_advice(graph, rulebase)
    level = {rule: number for number, layer in enumerate(rulebase.strata) for rule in layer}
    for rule in rulebase.rules.values():
        _add_rule(graph, rulebase, rule, level[rule.id])
    if claims:
        _add_claims(graph, rulebase)
    return graph


def strata(graph: nx.MultiDiGraph[str]) -> tuple[tuple[str, ...], ...]:
    """Return the rules by stratum: each needs only findings concluded by rules of lower strata.

    Raises:
        networkx.NetworkXUnfeasible: If findings rest on each other.
    """
    level: dict[str, int] = {}
    layers: list[list[str]] = []
    for node in nx.topological_sort(graph):
        below = [level[before] for before in graph.predecessors(node) if before in level]
        if graph.nodes[node]["kind"] == NodeKind.RULE:
            level[node] = 1 + max(below, default=-1)
            layers += [[] for _ in range(level[node] + 1 - len(layers))]
            layers[level[node]].append(node.partition(":")[2])
        elif graph.nodes[node]["kind"] == NodeKind.FINDING:
            level[node] = max(below, default=-1)
    order = {name.partition(":")[2]: place for place, name in enumerate(graph)}
    return tuple(tuple(sorted(layer, key=order.__getitem__)) for layer in layers)


def find_cycles(graph: nx.MultiDiGraph[str]) -> Iterator[tuple[str, ...]]:
    """Return the cycles of findings and rules that rest on each other; a loaded rule base has none."""
    cycles: Iterator[list[str]] = nx.simple_cycles(nx.DiGraph(graph))
    return (tuple(cycle) for cycle in cycles)


def reach(graph: nx.MultiDiGraph[str], name: str) -> frozenset[str]:
    """Return everything that rests on a node, however indirectly.

    Args:
        name: The name of a node, such as `fact:maturity`.

    Raises:
        networkx.NetworkXError: If the graph has no such node.
    """
    return frozenset(nx.descendants(graph, name))


def rests_on(graph: nx.MultiDiGraph[str], name: str) -> frozenset[str]:
    """Return everything on which a node rests, however indirectly.

    Args:
        name: The name of a node, such as `model:cmo_owned`.

    Raises:
        networkx.NetworkXError: If the graph has no such node.
    """
    return frozenset(nx.ancestors(graph, name))


def _add_advice(graph: nx.MultiDiGraph[str], rulebase: RuleBase) -> None:
    for kind, named in (
        (NodeKind.ACCOMPANIMENT, rulebase.accompaniments),
        (NodeKind.PATTERN, rulebase.patterns),
    ):
        for entry in named.values():
            graph.add_node(f"{kind}:{entry.id}", kind=str(kind), label=entry.name)
    for kind, texts in ((NodeKind.ACTION, rulebase.actions), (NodeKind.WARNING, rulebase.warnings)):
        for name, text in texts.items():
            graph.add_node(f"{kind}:{name}", kind=str(kind), label=text)


def _add_rule(graph: nx.MultiDiGraph[str], rulebase: RuleBase, rule: Rule, stratum: int) -> None:
    node = f"rule:{rule.id}"
    points, _ = weigh_rule(rulebase, rule)
    weighs = bool(rule.targets(Effect.SUPPORTS) or rule.targets(Effect.OPPOSES))
    graph.add_node(
        node,
        kind=str(NodeKind.RULE),
        label=rule.rationale,
        stratum=stratum,
        standing=rule.id in rulebase.standing,
        points=points if weighs else 0,
    )
    tests: dict[str, list[str]] = {}
    for before, words in _premises(rule.when):
        tests.setdefault(before, []).append(words)
    for before, said in tests.items():
        graph.add_edge(before, node, key="tests", relation="tests", test="; ".join(dict.fromkeys(said)))
    for conclusion in rule.then:
        head = f"{_TARGETS[conclusion.effect]}:{conclusion.target}"
        if head in graph:
            graph.add_edge(node, head, key=str(conclusion.effect), relation=str(conclusion.effect))
        for behind in conclusion.over:
            graph.add_edge(node, f"model:{behind}", key="sets_aside", relation="sets_aside")


def _premises(when: tuple[Condition, ...]) -> Iterator[tuple[str, str]]:
    for condition in when:
        if isinstance(condition, FactTest):
            yield f"fact:{condition.fact}", f"{condition.operator} {_show(condition.operand)}"
        elif isinstance(condition, FindingTest):
            yield f"finding:{condition.finding}", "is established"
        else:
            assert isinstance(condition, AnyOf)
            for alternative in condition.alternatives:
                for before, words in _premises(alternative):
                    yield before, f"or {words}"


def _show(operand: Operand) -> str:
    if isinstance(operand, tuple):
        return ", ".join(map(str, operand))
    return write_value(operand)


def _add_claims(graph: nx.MultiDiGraph[str], rulebase: RuleBase) -> None:
    for source in rulebase.sources.values():
        graph.add_node(f"source:{source.id}", kind=str(NodeKind.SOURCE), label=source.title)
    for claim in rulebase.claims.values():
        graph.add_node(f"claim:{claim.id}", kind=str(NodeKind.CLAIM), label=claim.says)
        graph.add_edge(f"source:{claim.source}", f"claim:{claim.id}", key="says", relation="says")
    resting = [(f"rule:{rule.id}", rule.because) for rule in rulebase.rules.values()]
    resting += [(f"model:{model.id}", model.claims) for model in rulebase.models.values()]
    resting += [(f"accompaniment:{entry.id}", entry.claims) for entry in rulebase.accompaniments.values()]
    resting += [(f"pattern:{entry.id}", entry.claims) for entry in rulebase.patterns.values()]
    for node, because in resting:
        for claim_id in because:
            if node in graph:
                graph.add_edge(f"claim:{claim_id}", node, key="because", relation="because")
