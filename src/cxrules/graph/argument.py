"""The argument of a recommendation as a networkx graph."""

from __future__ import annotations

import networkx as nx

from cxrules.explanation.drawing.argument import argue
from cxrules.recommendation.inquiry import Inquiry

__all__ = ["argument_graph"]


def argument_graph(advice: Inquiry, *, complete: bool = False) -> nx.DiGraph[str]:
    """Return the argument of a recommendation: facts → rules → findings → models.

    Nodes are named by kind and name, such as `rule:stretched-marketing`. Their attributes: `kind` (fact, rule, finding,
    model), `label`, `note` (for a rule the paragraphs, for a model where it stands), `source` (the article of a rule),
    and the flags `deciding`, `dissent` and `faint`. Those of an edge: `relation` (premise, establishes, required,
    lacking, prefers, for, against, sets_aside, excludes), `points` (of evidence, negative when against) and `deciding`.
    The graph has a `title`.

    Args:
        complete: Whether to include every way to every finding and every alternative that holds; see
            `Recommendation.why`.

    Raises:
        MissingRuleBase: If it is a copy and the rule base of its revision is not available.
    """
    argument = argue(advice.judge, advice.decision, complete=complete)
    graph: nx.DiGraph[str] = nx.DiGraph(title=argument.title)
    for point in argument.points:
        graph.add_node(
            point.id,
            kind=str(point.kind),
            label=point.label,
            note=point.note,
            source=point.source,
            deciding=point.deciding,
            dissent=point.dissent,
            faint=point.faint,
        )
    for link in argument.links:
        graph.add_edge(link.tail, link.head, relation=str(link.relation), points=link.points, deciding=link.deciding)
    return graph
