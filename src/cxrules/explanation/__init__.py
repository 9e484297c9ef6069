"""(rule base, engine, decision) → why, how, why not, what if, ask next: typed data first, prose last."""

from __future__ import annotations

from cxrules.explanation.prose.explain import explain

__all__ = ["explain"]
