"""Decisions → answers to why, how, why not, what if and what to ask next: typed data first, prose last."""

from __future__ import annotations

from cxrules.explanation.prose.explain import explain

__all__ = ["explain"]
