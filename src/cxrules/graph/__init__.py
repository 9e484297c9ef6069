"""Rule bases and recommendations as networkx graphs, and graphs as DOT and Mermaid. Needs the extra `graph`.

Every node has the attributes `kind` and `label`, every edge `relation`; all attributes are strings, whole numbers or
booleans, so that every format networkx writes can hold them. The order of nodes and edges is always the same.

Examples:
    >>> import cxrules, networkx
    >>> from cxrules.graph import dependency_graph, reach
    >>> graph = dependency_graph(cxrules.RuleBase.builtin())
    >>> networkx.is_directed_acyclic_graph(graph)
    True
    >>> "model:ceo_with_cco" in reach(graph, "fact:ceo_involvement")
    True
"""

from __future__ import annotations

from cxrules.graph.argument import argument_graph
from cxrules.graph.dependencies import NodeKind, dependency_graph, find_cycles, reach, rests_on, strata
from cxrules.graph.text import to_dot, to_mermaid

__all__ = [
    "NodeKind",
    "argument_graph",
    "dependency_graph",
    "find_cycles",
    "reach",
    "rests_on",
    "strata",
    "to_dot",
    "to_mermaid",
]
